// One kubelet: runs the pods bound to its node on a container runtime and tells the API how they are. Upstream: pkg/kubelet/kubelet.go.
// Everything it does to the machine goes through Host and ContainerRuntime, all time through Clock: the same code runs on real nodes and
// in the simulator.

import { type Node, nodes, type Pod, pods, type Service, services } from "../api/index.ts";
import {
  type Clock,
  isAbort,
  type Logger,
  type MetricRegistry,
  onAbort,
  pause,
  type Rng,
  together,
} from "../base/index.ts";
import { type Client, createEventRecorder, createInformerFactory, type InformerFactory } from "../client/index.ts";
import type { ContainerRuntime } from "../runtime/index.ts";
import { defaultKubeletConfig, type KubeletConfig } from "./config.ts";
import type { KubeletContext } from "./context.ts";
import { createEvictionManager, type EvictionManager } from "./eviction/manager.ts";
import { collectContainers } from "./gc/containers.ts";
import { createImageCollector } from "./gc/images.ts";
import type { Host } from "./host.ts";
import { rotateLogs } from "./logs/rotate.ts";
import { createNodeManager, nodeReference } from "./nodestatus/manager.ts";
import { createObjectCache } from "./objects.ts";
import { isMirrorPod, isTerminalPhase, podUid } from "./pod.ts";
import { admit } from "./pods/admission.ts";
import { createLocalAnnotations } from "./pods/local-annotations.ts";
import { createOrphanKiller } from "./pods/orphans.ts";
import { createPleg } from "./pods/pleg.ts";
import { createResizes, type Resizes } from "./pods/resize.ts";
import { createStaticPods } from "./pods/static.ts";
import { createPodSteps } from "./pods/steps.ts";
import { createPodWorkers, type PodWorkers } from "./pods/workers.ts";
import { createProbeManager, type ProbeManager } from "./probes/manager.ts";
import { createStatusManager, type StatusManager } from "./status/manager.ts";
import { createBackoff } from "./sync/backoff.ts";
import { createImageManager } from "./sync/images.ts";
import { createObserver } from "./sync/observe.ts";
import { createVolumeManager } from "./volumes/manager.ts";

const containerGcMs = 60_000;
const imageGcMs = 300_000;
const logRotationMs = 10_000;
/** When it is told to stop, what it still has to tell must be told by then: a server that has gone would hold it for minutes. */
const lastEventsMs = 1_000;

export interface KubeletOptions {
  readonly client: Client;
  /** Shared informers of the process; services are watched through them. Own ones when not given. */
  readonly informers?: InformerFactory;
  readonly runtime: ContainerRuntime;
  readonly host: Host;
  readonly nodeName: string;
  readonly config?: Partial<KubeletConfig>;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly log: Logger;
  readonly metrics: MetricRegistry;
}

export interface Kubelet {
  /** Runs until the signal aborts; containers go on running. */
  run(signal: AbortSignal): Promise<void>;
  /** Resolves when the node is registered and pods are taken. */
  readonly ready: Promise<void>;
  readonly context: KubeletContext;
  readonly workers: PodWorkers;
  readonly statuses: StatusManager;
  readonly probes: ProbeManager;
}

export function createKubelet(options: KubeletOptions): Kubelet {
  const life = new AbortController();
  const telling = new AbortController();
  const { client, clock, rng, nodeName } = options;
  const log = options.log.child("kubelet");
  const config: KubeletConfig = { ...defaultKubeletConfig, ...options.config };
  const informers = createInformerFactory({ client, clock, rng, log, signal: life.signal });
  const serviceInformer = (options.informers ?? informers).informer<Service>(services);
  const nodeInformer = informers.informer<Node>(nodes, { fieldSelector: `metadata.name=${nodeName}` });
  const podInformer = informers.informer<Pod>(pods, { fieldSelector: `spec.nodeName=${nodeName}` });
  const events = createEventRecorder({
    ...{ client, clock, rng, log, component: "kubelet", host: nodeName, api: "core", signal: telling.signal },
  });
  const objects = createObjectCache({ client, clock, log, signal: life.signal, changed: (uid) => workers.poke(uid) });
  const context: KubeletContext = {
    ...{
      client,
      clock,
      rng,
      log,
      metrics: options.metrics,
      config,
      nodeName,
      host: options.host,
      runtime: options.runtime,
      events,
    },
    objects,
    state: {
      ...{ runtimeName: "", hostIps: config.nodeIps, recursiveReadOnlySupported: false, networkProblem: undefined },
      ...{ cgroupDriver: config.cgroupDriver, memoryCapacityBytes: 0 },
    },
    services: () => serviceInformer.list(),
    node: () => nodeManager.node(),
  };
  const nodeManager = createNodeManager(context, {
    pressure: () => eviction.pressure(),
    extended: () => ({}),
  });
  const statuses = createStatusManager({ client, clock, log, signal: life.signal });
  const probes = createProbeManager(context, (uid) => {
    steps.probed(uid);
    workers.poke(uid);
  });
  const resizes = createResizes({
    context,
    fits: (pod) => admitHere({ context, workers, eviction, resizes }, pod),
    poke: (uid) => workers.poke(uid),
  });
  const steps = createPodSteps({
    ...{ context, statuses, probes, observer: createObserver(context), images: createImageManager(context) },
    backoff: createBackoff({ clock, initialMs: 10_000, limitMs: config.maxContainerRestartPeriodSeconds * 1000 }),
    volumes: createVolumeManager(context, {
      informers,
      changed: (uid) => workers.poke(uid),
      signal: life.signal,
    }),
    objects,
    admit: (pod) => admitHere({ context, workers, eviction, resizes }, pod),
    resizes,
  });
  const workers: PodWorkers = createPodWorkers({
    clock,
    rng,
    log,
    steps,
    syncFrequencySeconds: config.syncFrequencySeconds,
    signal: life.signal,
  });
  const imageCollector = createImageCollector(context);
  const eviction = createEvictionManager(context, {
    workers: () => workers,
    images: imageCollector,
    pressureChanged: () => nodeManager.poke(),
  });
  const pleg = createPleg(context, (uid) => workers.poke(uid));

  let settle: { resolve: () => void; reject: (reason: unknown) => void };
  const ready = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject };
  });
  ready.catch(() => {}); // run rejects with it too, and nobody has to ask whether it is ready

  const start = async (signal: AbortSignal): Promise<void> => {
    nodeInformer.addHandler({ add: nodeManager.observe, update: (_, after) => nodeManager.observe(after) });
    const local = createLocalAnnotations(clock);
    const take = (pod: Pod): void => workers.update(local.annotate(pod));
    const drop = (pod: Pod): void => {
      local.forget(podUid(pod));
      workers.remove(pod);
    };
    podInformer.addHandler({
      add: (pod) => {
        if (!isMirrorPod(pod)) take(pod);
      },
      update: (before, after) => {
        if (isMirrorPod(after)) return;
        if (before.metadata.uid !== after.metadata.uid) drop(before);
        statuses.observe(after);
        take(after);
      },
      delete: (pod) => {
        if (!isMirrorPod(pod)) drop(pod);
      },
    });
    const registered = nodeManager.register(signal);
    (options.informers ?? informers).start();
    await registered;
    events.event(nodeReference(context), { type: "Normal", reason: "Starting", message: "Starting kubelet." });
    await serviceInformer.whenSynced(signal);
    informers.start();
    await podInformer.whenSynced(signal);
  };

  const repeat = async (what: string, periodMs: number, work: () => Promise<void>): Promise<void> => {
    while (!life.signal.aborted) {
      await pause(clock, together(clock, periodMs), life.signal);
      if (life.signal.aborted) return;
      await work().catch((error: unknown) => log.warn(`${what} failed`, { error }));
    }
  };

  const run = async (signal: AbortSignal): Promise<void> => {
    const detach = onAbort(signal, () => life.abort(signal.reason));
    try {
      await Promise.all([
        pleg.run(life.signal),
        // They wait for nobody: the API server may be one of them.
        ...(config.staticPodPath === undefined
          ? []
          : [createStaticPods(context, workers, config.staticPodPath).run(life.signal)]),
        runRegistered(),
      ]);
    } catch (error) {
      settle.reject(error);
      if (!isAbort(error, life.signal)) throw error;
    } finally {
      life.abort(signal.reason ?? new DOMException("the kubelet stops", "AbortError"));
      detach();
      probes.close();
      await workers.close();
      await statuses.flush();
      const late = clock.setTimeout(() => telling.abort(), lastEventsMs);
      await events.flush();
      late.cancel();
    }
  };
  /** Everything that needs the API server. */
  const runRegistered = async (): Promise<void> => {
    await start(life.signal);
    settle.resolve();
    const orphans = createOrphanKiller(context, { pleg, knows: (uid) => workers.pod(uid) !== undefined });
    await Promise.all([
      ...[nodeManager.run(life.signal), orphans.run(life.signal), eviction.run(life.signal)],
      repeat("container garbage collection", containerGcMs, () => collectContainers(context)),
      repeat("image garbage collection", imageGcMs, () => imageCollector.collect()),
      ...(config.materializePods ? [repeat("log rotation", logRotationMs, () => rotateLogs(context))] : []),
    ]);
  };
  return { run, ready, context, workers, statuses, probes };
}

function admitHere(
  {
    context,
    workers,
    eviction,
    resizes,
  }: { context: KubeletContext; workers: PodWorkers; eviction: EvictionManager; resizes: Resizes },
  pod: Pod,
): ReturnType<typeof admit> {
  const node = context.node();
  if (node === undefined) return undefined;
  const uid = podUid(pod);
  // Who came first stays: pods that were bound later do not count against this one.
  const others = workers
    .present()
    .filter((other) => podUid(other) !== uid && !isTerminalPhase(other.status?.phase) && earlier(other, pod))
    .map((other) => resizes.allocated(other));
  return admit({
    ...{ pod, others, node, allocatable: (node.status?.allocatable ?? {}) as Record<string, string> },
    allowedUnsafeSysctls: context.config.allowedUnsafeSysctls,
    pressure: eviction.pressure(),
    supplementalGroupsPolicySupported: node.status?.features?.supplementalGroupsPolicy === true,
  });
}

const earlier = (a: Pod, b: Pod): boolean =>
  a.status?.startTime !== undefined ||
  a.metadata.creationTimestamp < b.metadata.creationTimestamp ||
  (a.metadata.creationTimestamp === b.metadata.creationTimestamp && a.metadata.uid < b.metadata.uid);
