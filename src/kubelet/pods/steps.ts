// The three steps of a pod's life on the node. Upstream: pkg/kubelet/kubelet.go SyncPod, SyncTerminatingPod, SyncTerminatedPod.

import type { Pod, PodStatus, RuntimeClass, Secret } from "../../api/index.ts";
import { runtimeClasses } from "../../api/index.ts";
import { errorText, onAbort } from "../../base/index.ts";
import { parseTime } from "../../machinery/index.ts";
import { type KubeletContext, podEvent } from "../context.ts";
import type { ObjectCache } from "../objects.ts";
import { type ObservedPod, runningContainers } from "../observed.ts";
import { podDirectory, podLogDirectory } from "../paths.ts";
import { isHostNetwork, isTerminalPhase, podUid } from "../pod.ts";
import type { ProbeManager } from "../probes/manager.ts";
import { podCgroup, podCgroupSettings } from "../resources/qos.ts";
import { qosOf } from "../resources/requests.ts";
import type { StartFailure } from "../status/containers.ts";
import { deadlineExceeded, generatePodStatus } from "../status/generate.ts";
import type { StatusManager } from "../status/manager.ts";
import type { Backoff } from "../sync/backoff.ts";
import { type ImageManager, StartError } from "../sync/images.ts";
import { killPod } from "../sync/kill.ts";
import type { Observer } from "../sync/observe.ts";
import { syncContainers } from "../sync/sync-containers.ts";
import type { VolumeManager } from "../volumes/manager.ts";
import type { Rejection } from "./admission.ts";
import type { Resizes } from "./resize.ts";
import type { PodSteps, PodView, StepResult } from "./workers.ts";

export interface StepParts {
  readonly context: KubeletContext;
  readonly observer: Observer;
  readonly statuses: StatusManager;
  readonly probes: ProbeManager;
  readonly images: ImageManager;
  readonly backoff: Backoff;
  readonly volumes: VolumeManager;
  readonly objects: ObjectCache;
  /** Asked once for each pod that has not run yet. */
  readonly admit: (pod: Pod) => Rejection | undefined;
  readonly resizes: Resizes;
}

/** A container that cannot be made (a missing key, a bad image name) is tried again after this, as upstream does. */
const startRetryMs = 10_000;

/** Most pods have none. */
const none: ReadonlyMap<string, StartFailure> = new Map();

/** Kept for a pod between its steps. */
interface Memory {
  admitted: boolean;
  /** Why containers could not start, as the status says it. */
  failures: ReadonlyMap<string, StartFailure>;
  /** The same as the last step learned it; the status says it from the next one on. */
  learned: Map<string, StartFailure> | undefined;
  /** What the last step saw, and when the next is due. */
  last: { readonly seen: string; readonly dueMs: number } | undefined;
  cgroupMade: boolean;
  /** While its containers are being ended: tells what probes say of them now. */
  tellProbed: (() => void) | undefined;
}

/** A step that sees nothing new before the next is due, is still the last one: the runtime often tells of a change that has been seen. */
function tellWhatWasLearned({ context }: StepParts, { pod, memory }: Step, observed: ObservedPod): string {
  const newest = new Map(observed.containers.toReversed().map((each) => [each.name, `${each.id}=${each.state}`]));
  const sandboxes = observed.sandboxes.map((each) => `${each.id}=${each.state}`);
  const seen = [pod.metadata.generation, ...sandboxes, ...newest.values()].join();
  const { last } = memory;
  if (last?.seen !== seen || context.clock.monotonic() >= last.dueMs)
    memory.failures = memory.learned === undefined ? none : new Map(memory.learned);
  return seen;
}

export function createPodSteps(parts: StepParts): PodSteps {
  const memories = new Map<string, Memory>();
  const memoryOf = (uid: string): Memory => {
    const known = memories.get(uid);
    if (known !== undefined) return known;
    const made = {
      admitted: false,
      failures: none,
      learned: undefined,
      last: undefined,
      cgroupMade: false,
      tellProbed: undefined,
    };
    memories.set(uid, made);
    return made;
  };
  return {
    sync: (pod, view) => syncPod(parts, { pod, view, memory: memoryOf(view.uid) }),
    terminate: (pod, view) => terminatePod(parts, { pod, view, memory: memoryOf(view.uid) }),
    probed: (uid) => memories.get(uid)?.tellProbed?.(),
    cleanUp: (pod, view) => cleanUpPod(parts, { pod, view, memory: memoryOf(view.uid) }),
    forget(pod) {
      const uid = podUid(pod);
      memories.delete(uid);
      parts.backoff.forget(`${uid}_`);
      parts.images.forget(uid);
      parts.observer.forget(uid);
      parts.resizes.forget(uid);
      parts.objects.release(uid);
      parts.statuses.forget(pod.metadata.uid);
    },
  };
}

interface Step {
  readonly pod: Pod;
  readonly view: PodView;
  readonly memory: Memory;
}

/** The last one generated here, or the API's. */
const lastStatus = ({ statuses }: StepParts, pod: Pod): PodStatus | undefined =>
  statuses.get(pod.metadata.uid) ?? pod.status;

function statusOf(
  parts: StepParts,
  step: Step,
  seen: { readonly observed: ObservedPod; readonly terminal: boolean },
): PodStatus {
  const { context, probes } = parts;
  const { pod, view, memory } = step;
  const old = lastStatus(parts, pod);
  return generatePodStatus({
    ...{ pod, ...seen, old, failures: memory.failures, overdue: isOverdue(pod, old, context.clock.now()) },
    startup: (id, name) => probes.startupVerdict(view.uid, id, name),
    readiness: (id, name) => probes.readinessVerdict(view.uid, id, name),
    nowMs: context.clock.now(),
    hostIps: context.state.hostIps,
    runtimeName: context.state.runtimeName,
    recursiveReadOnlySupported: context.state.recursiveReadOnlySupported,
    resizeConditions: parts.resizes.conditions(view.uid),
    actuated: parts.resizes.actuated(view.uid),
    ...(view.evicted === undefined ? {} : { evicted: view.evicted }),
  });
}

async function syncPod(parts: StepParts, step: Step): Promise<StepResult> {
  const { resizes } = parts;
  const { view, memory } = step;
  const observed = await parts.observer.observe(view.uid);
  if (!memory.admitted) {
    const wasRunning = observed.sandboxes.length > 0;
    const rejection = wasRunning ? undefined : parts.admit(step.pod);
    if (rejection !== undefined) return reject(parts, step.pod, rejection);
    memory.admitted = true;
    resizes.admit(step.pod, wasRunning);
  }
  const pod = resizes.take(step.pod);
  resizes.progress(pod, observed);
  return runPod(parts, { ...step, pod }, observed);
}

/** With the resources that the node has granted. */
async function runPod(parts: StepParts, step: Step, observed: ObservedPod): Promise<StepResult> {
  const { context, statuses, probes, resizes } = parts;
  const { pod, view, memory } = step;
  probes.update(pod, observed);
  const seen = tellWhatWasLearned(parts, step, observed);
  memory.last = undefined;
  const before = lastStatus(parts, pod);
  const status = statusOf(parts, step, { observed, terminal: false });
  statuses.set(pod, status, {
    held: runningContainers(observed).length > 0 || observed.sandboxes.some((each) => each.state === "ready"),
  });
  if (status.reason === deadlineExceeded.reason && before?.reason !== status.reason)
    podEvent(context, pod, { type: "Normal", ...deadlineExceeded });
  if (isTerminalPhase(status.phase)) return { ended: true };
  const deadlineMs = deadlineOf(pod, statuses.get(pod.metadata.uid));
  if (context.state.networkProblem !== undefined && !isHostNetwork(pod)) {
    const message = `network is not ready: ${context.state.networkProblem}`;
    podEvent(context, pod, { type: "Warning", reason: "NetworkNotReady", message });
    throw new Error(message);
  }
  await makePodCgroup(parts, step);
  if (context.config.materializePods) parts.objects.hold(pod);
  const volumes = await parts.volumes.mount(pod, { podIps: observed.ips, signal: view.signal });
  view.signal.throwIfAborted();
  const runtimeClass = await findRuntimeClass(context, pod);
  const outcome = await syncContainers(parts, {
    ...{
      pod,
      observed,
      volumes,
      signal: view.signal,
      probes: probes.results(view.uid),
      actuated: resizes.actuated(view.uid),
      pullSecrets: await pullSecrets(context, pod),
    },
    ...(runtimeClass === undefined ? {} : { runtimeClass }),
  });
  for (const [name, failure] of outcome.failures) {
    if (failure !== undefined) (memory.learned ??= new Map()).set(name, failure);
    else if (memory.learned?.delete(name) && memory.learned.size === 0) memory.learned = undefined;
  }
  view.signal.throwIfAborted();
  if (outcome.resizeError !== undefined) resizes.failed(pod, outcome.resizeError);
  if (outcome.changed) return { again: true };
  if (outcome.resizeError !== undefined)
    statuses.set(pod, statusOf(parts, step, { observed: await parts.observer.observe(view.uid), terminal: false }));
  if (outcome.error !== undefined && !(outcome.error instanceof StartError)) throw outcome.error;
  const retryAfterMs = outcome.error === undefined ? undefined : startRetryMs * (1 + 0.5 * context.rng.next());
  const deadlineAfterMs = deadlineMs === undefined ? undefined : deadlineMs - context.clock.now();
  const afterMs = earliest(outcome.retryAfterMs, retryAfterMs, deadlineAfterMs);
  memory.last = {
    seen,
    dueMs: context.clock.monotonic() + Math.min(afterMs ?? 0, context.config.syncFrequencySeconds * 1000),
  };
  return { afterMs };
}

const earliest = (...times: (number | undefined)[]): number | undefined => {
  const known = times.filter((each) => each !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
};

function reject(parts: StepParts, pod: Pod, rejection: Rejection): StepResult {
  podEvent(parts.context, pod, { type: "Warning", ...rejection });
  parts.statuses.set(pod, {
    phase: "Failed",
    reason: rejection.reason,
    message: `Pod was rejected: ${rejection.message}`,
    qosClass: qosOf(pod),
  });
  return { ended: true };
}

function deadlineOf(pod: Pod, status: PodStatus | undefined): number | undefined {
  const seconds = pod.spec.activeDeadlineSeconds;
  const startMs = parseTime(status?.startTime ?? pod.status?.startTime);
  return seconds === undefined || Number.isNaN(startMs) ? undefined : startMs + seconds * 1000;
}

/** What ended in time stays as it ended. */
function isOverdue(pod: Pod, old: PodStatus | undefined, nowMs: number): boolean {
  const deadlineMs = deadlineOf(pod, old);
  if (deadlineMs === undefined || nowMs < deadlineMs) return false;
  return !isTerminalPhase(old?.phase) || old?.reason === deadlineExceeded.reason;
}

async function makePodCgroup({ context }: StepParts, { pod, memory }: Step): Promise<void> {
  if (memory.cgroupMade || !context.config.cgroupsPerQos || !context.config.materializePods) return;
  await context.host.cgroups.set(podCgroup(pod, context.config.cgroupRoot), podCgroupSettings(pod, context.config));
  memory.cgroupMade = true;
}

async function findRuntimeClass(context: KubeletContext, pod: Pod): Promise<RuntimeClass | undefined> {
  const name = pod.spec.runtimeClassName;
  return name ? context.client.of(runtimeClasses).get({ name }) : undefined;
}

/** The secrets that are there; a missing one is told, and pulling is tried without it. */
async function pullSecrets(context: KubeletContext, pod: Pod): Promise<Secret[]> {
  const found: Secret[] = [];
  const missing: string[] = [];
  for (const { name = "" } of pod.spec.imagePullSecrets ?? []) {
    if (name === "") continue;
    try {
      found.push(await context.objects.secret(pod.metadata.namespace ?? "", name));
    } catch (error) {
      context.log.info("a pull secret is not to be had", {
        pod: `${pod.metadata.namespace}/${pod.metadata.name}`,
        secret: name,
        error: errorText(error),
      });
      missing.push(name);
    }
  }
  if (missing.length > 0) {
    const message = `Unable to retrieve some image pull secrets (${missing.join(", ")}); attempting to pull the image may not succeed.`;
    podEvent(context, pod, { type: "Warning", reason: "FailedToRetrieveImagePullSecret", message });
  }
  return found;
}

async function terminatePod(parts: StepParts, step: Step): Promise<void> {
  const { context, observer, statuses, probes } = parts;
  const { view } = step;
  const pod = parts.resizes.allocated(step.pod);
  const observed = await observer.observe(view.uid);
  // What was seen before the first container was told to end: until all have ended, only their readiness changes. Upstream:
  // SetContainerReadiness.
  const tell = (): void => statuses.set(pod, statusOf(parts, step, { observed, terminal: false }), { held: true });
  if (!view.deleted && observed.sandboxes.length > 0) {
    tell();
    step.memory.tellProbed = tell;
  }
  probes.stopLivenessAndStartup(view.uid);
  probes.update(pod, observed);
  const grace = view.graceOverrideSeconds;
  const killing = killPod(context, pod, { observed, ...(grace === undefined ? {} : { graceOverrideSeconds: grace }) });
  try {
    await untilAborted(killing, view.signal);
  } catch (error) {
    if (!view.signal.aborted)
      podEvent(context, pod, {
        type: "Warning",
        reason: "FailedKillPod",
        message: `error killing pod: ${errorText(error)}`,
      });
    throw error;
  } finally {
    step.memory.tellProbed = undefined;
  }
  probes.remove(view.uid);
  const after = await observer.observe(view.uid);
  const left = runningContainers(after);
  if (left.length > 0)
    throw new Error(`containers still run after they were stopped: ${left.map((each) => each.name).join(", ")}`);
  if (!view.deleted && after.sandboxes.length > 0)
    statuses.set(pod, statusOf(parts, step, { observed: after, terminal: true }));
}

/** Rejects when the signal aborts; the work itself goes on behind and its end is of no more interest. */
function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const detach = onAbort(signal, () => reject(signal.reason));
    work.then(resolve, reject).finally(detach);
  });
}

async function cleanUpPod(parts: StepParts, { pod, view }: Step): Promise<void> {
  const { context } = parts;
  parts.objects.release(view.uid);
  await parts.volumes.unmount(pod);
  if (context.config.materializePods && context.config.cgroupsPerQos)
    await context.host.cgroups.remove(podCgroup(pod, context.config.cgroupRoot));
  if (view.deleted || pod.metadata.deletionTimestamp !== undefined) await removeFromRuntime(parts, pod, view.uid);
  if (!view.deleted) parts.statuses.finish(pod);
}

/** Containers, sandboxes, logs and directories of a pod that is to go. */
async function removeFromRuntime(parts: StepParts, pod: Pod, uid: string): Promise<void> {
  const { context } = parts;
  const observed = await parts.observer.observe(uid);
  for (const container of observed.containers) await context.runtime.removeContainer(container.id);
  for (const sandbox of observed.sandboxes) {
    await context.runtime.stopPodSandbox(sandbox.id);
    await context.runtime.removePodSandbox(sandbox.id);
  }
  if (!context.config.materializePods) return;
  await context.host.files.remove(podLogDirectory(context.config, pod));
  await context.host.files.remove(podDirectory(context.config, uid));
}
