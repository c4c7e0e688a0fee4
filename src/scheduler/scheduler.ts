// The scheduler as a whole: informers feed the snapshot and the queue, one loop takes pods from the queue and decides,
// bindings run behind it.
import {
  namespaces,
  nodes,
  persistentVolumeClaims,
  persistentVolumes,
  podDisruptionBudgets,
  pods,
  replicaSets,
  replicationControllers,
  services,
  statefulSets,
  storageClasses,
} from "../api/index.ts";
import { type Clock, isAbort, type Logger, MetricRegistry, onAbort, pause, type Rng } from "../base/index.ts";
import { type Client, createEventRecorder, type EventRecorder, type InformerFactory } from "../client/index.ts";
import { type CycleContext, scheduleOne } from "./cycle.ts";
import { createEffects } from "./effects.ts";
import type { Plugin } from "./framework.ts";
import type { Effects, Handle, Listers } from "./handle.ts";
import { nodeHandler, podHandler, type World, watchedKindHandler } from "./handlers.ts";
import { createPlugins, plugins as defaultPlugins, type PluginEntry } from "./list.ts";
import { createMetrics, type SchedulerMetrics } from "./metrics.ts";
import { SchedulingQueue } from "./queue/queue.ts";
import type { Framework } from "./schedule-pod.ts";
import { Snapshot } from "./snapshot/snapshot.ts";
import { Verdicts } from "./verdicts.ts";

/** How pods of one schedulerName are scheduled. */
export interface Profile {
  /** Pods with this spec.schedulerName; `default-scheduler` when not given. */
  readonly schedulerName?: string;
  /** 0 and by default: adaptive, from 50 % of small clusters down to 5 %. */
  readonly percentageOfNodesToScore?: number;
  /** Upstream's default profile when not given. */
  readonly plugins?: readonly PluginEntry[];
}

export interface SchedulerOptions {
  readonly client: Client;
  /** Started by the caller, before or after. */
  readonly informers: InformerFactory;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly log: Logger;
  readonly metrics?: MetricRegistry;
  /** Made from the client when not given. */
  readonly recorder?: EventRecorder;
  readonly profile?: Profile;
  /** Name of the machine, for reportingInstance of events: `default-scheduler-HOST`. */
  readonly host?: string;
}

export interface Scheduler {
  /** Schedules until the signal aborts, then lets the bindings under way end. Call once. */
  run(signal: AbortSignal): Promise<void>;
  /** Pods by place, for health pages and tests. */
  readonly pending: SchedulingQueue["sizes"];
}

/** Pods that are over need no place and are not even listed. */
const podsThatNeedRoom = "status.phase!=Succeeded,status.phase!=Failed";

/** Bindings under way at once; more wait, so that a slow API server is not buried. */
const mostBindings = 512;
/** When it is told to stop, what it still has to tell must be told by then: a server that has gone would hold it for minutes. */
const lastEventsMs = 1_000;
/** The loop gives way to everything else on the thread after this long or this many pods. */
const sliceMs = 5;
const slicePods = 128;

export function createScheduler(options: SchedulerOptions): Scheduler {
  const { informers, clock, rng, log } = options;
  const schedulerName = options.profile?.schedulerName ?? "default-scheduler";
  const telling = new AbortController();
  const recorder =
    options.recorder ??
    createEventRecorder({
      client: options.client,
      clock,
      rng,
      log,
      component: schedulerName,
      ...(options.host === undefined ? {} : { host: options.host }),
      api: "events",
      signal: telling.signal,
    });
  const metrics = createMetrics(options.metrics ?? new MetricRegistry());
  const watched = {
    pods: informers.informer(pods, { fieldSelector: podsThatNeedRoom }),
    nodes: informers.informer(nodes),
    namespaces: informers.informer(namespaces),
    services: informers.informer(services),
    replicationControllers: informers.informer(replicationControllers),
    replicaSets: informers.informer(replicaSets),
    statefulSets: informers.informer(statefulSets),
    podDisruptionBudgets: informers.informer(podDisruptionBudgets),
    persistentVolumes: informers.informer(persistentVolumes),
    persistentVolumeClaims: informers.informer(persistentVolumeClaims),
    storageClasses: informers.informer(storageClasses),
  } satisfies Listers;
  const effects = createEffects({
    ...{ client: options.client, recorder, clock, rng },
    claims: watched.persistentVolumeClaims,
  });
  const core = createCore({
    listers: watched,
    effects,
    clock,
    rng,
    log,
    metrics,
    schedulerName,
    entries: options.profile?.plugins ?? defaultPlugins,
    percentageOfNodesToScore: options.profile?.percentageOfNodesToScore ?? 0,
  });
  return {
    get pending() {
      return core.world.queue.sizes;
    },
    run: async (signal) => {
      const detach = attach(core.world, informers);
      try {
        await Promise.all(Object.values(watched).map((informer) => informer.whenSynced(signal)));
        await runLoop({ ...core.context, signal });
      } catch (error) {
        if (!isAbort(error, signal)) throw error;
      } finally {
        for (const each of detach) each();
        core.world.queue.close();
        const late = clock.setTimeout(() => telling.abort(), lastEventsMs);
        await recorder.flush();
        late.cancel();
      }
    },
  };
}

export interface CoreOptions {
  readonly listers: Listers;
  readonly effects: Effects;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly log: Logger;
  readonly metrics: SchedulerMetrics;
  readonly schedulerName: string;
  readonly entries: readonly PluginEntry[];
  readonly percentageOfNodesToScore: number;
}

export interface Core {
  readonly world: World;
  readonly context: Omit<CycleContext, "signal">;
  readonly framework: Framework;
}

/** Plugins, snapshot and queue put together; what benchmarks and tests drive without an API server. */
export function createCore(options: CoreOptions): Core {
  const { listers, effects, clock, rng, log, metrics, schedulerName } = options;
  const snapshot = new Snapshot();
  const handle: Handle = {
    snapshot,
    listers,
    effects,
    clock,
    rng,
    log,
    metrics,
    nominatedOn: (nodeName) => queue.nominations.on(nodeName),
    activate: (pod) => queue.activate(pod),
  };
  const plugins: readonly Plugin[] = createPlugins(handle, options.entries);
  const weights = new Map(options.entries.map((entry) => [entry.name, entry.weight]));
  const queue = new SchedulingQueue({
    clock,
    plugins,
    metrics,
    schedulerName,
    currentPod: (namespace, name) => listers.pods.get(namespace, name),
    nominated: (nodeName, pods) => snapshot.nominate(nodeName, pods),
  });
  const framework: Framework = {
    snapshot,
    filters: plugins.filter((plugin) => plugin.filter !== undefined),
    scores: plugins
      .filter((plugin) => plugin.score !== undefined)
      .map((plugin) => ({ plugin, weight: weights.get(plugin.name) ?? 0 })),
    rng,
    percentageOfNodesToScore: options.percentageOfNodesToScore,
    verdicts: new Verdicts(),
    nominationOf: (uid) => queue.nominations.nodeOf(uid),
    search: { next: 0 },
  };
  return {
    world: { snapshot, queue, schedulerName },
    context: { framework, plugins, queue, effects, listers, clock, log, metrics, schedulerName },
    framework,
  };
}

/** Nodes before pods, so that pods find their nodes. Returns how to take it all back. */
function attach(world: World, informers: InformerFactory): (() => void)[] {
  return [
    informers.informer(nodes).addHandler(nodeHandler(world)),
    informers.informer(pods, { fieldSelector: podsThatNeedRoom }).addHandler(podHandler(world)),
    informers.informer(persistentVolumes).addHandler(watchedKindHandler(world, "PersistentVolume")),
    informers.informer(persistentVolumeClaims).addHandler(watchedKindHandler(world, "PersistentVolumeClaim")),
    informers.informer(storageClasses).addHandler(watchedKindHandler(world, "StorageClass")),
  ];
}

/** Takes pods from the queue and decides on them until the signal aborts; then waits for the bindings under way. */
export async function runLoop(context: CycleContext): Promise<void> {
  const { queue, clock, signal } = context;
  const bindings = new Set<Promise<void>>();
  const stop = onAbort(signal, () => queue.close());
  try {
    while (!signal.aborted) {
      await queue.whenReady();
      const sliceEndMs = clock.monotonic() + sliceMs;
      for (let decided = 0; decided < slicePods && clock.monotonic() < sliceEndMs && !signal.aborted; decided++) {
        if (bindings.size >= mostBindings) break;
        const pod = queue.pop();
        if (pod === undefined) break;
        const binding = scheduleOne(context, pod);
        if (binding === undefined) continue;
        const tracked = binding.finally(() => bindings.delete(tracked));
        bindings.add(tracked);
      }
      showSizes(context);
      if (queue.isEmpty) context.framework.verdicts.clear();
      if (bindings.size >= mostBindings) await Promise.race(bindings);
      else if (!signal.aborted) await pause(clock, 0, signal);
    }
    await Promise.all(bindings);
  } finally {
    stop();
  }
}

function showSizes({ framework, metrics }: CycleContext): void {
  const sizes = framework.snapshot.sizes;
  metrics.cacheSize.set(sizes.nodes, { type: "nodes" });
  metrics.cacheSize.set(sizes.pods, { type: "pods" });
  metrics.cacheSize.set(sizes.assumedPods, { type: "assumed_pods" });
}
