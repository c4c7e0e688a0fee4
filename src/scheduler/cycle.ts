// One pod's way from the queue to its node, top to bottom. The decision (first half) never waits: nothing changes between
// looking at the snapshot and assuming the pod in it. Binding (second half) goes on behind, while the next pods are
// decided on. Upstream: pkg/scheduler/schedule_one.go.
import { type Clock, errorText, type Logger } from "../base/index.ts";
import { isNotFound } from "../machinery/index.ts";
import { assignedPodDelete } from "./changes.ts";
import { truncateNote } from "./effects.ts";
import { fitMessage } from "./fit-error.ts";
import type { Plugin, Status } from "./framework.ts";
import type { Effects, Listers } from "./handle.ts";
import { placedOn } from "./handlers.ts";
import type { SchedulerMetrics } from "./metrics.ts";
import type { SchedulingQueue } from "./queue/queue.ts";
import type { QueuedPod } from "./queue/queued-pod.ts";
import { type Decision, type Framework, schedulePod } from "./schedule-pod.ts";
import { podInfo } from "./snapshot/pod-info.ts";

export interface CycleContext {
  readonly framework: Framework;
  readonly plugins: readonly Plugin[];
  readonly queue: SchedulingQueue;
  readonly effects: Effects;
  readonly listers: Listers;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: SchedulerMetrics;
  readonly schedulerName: string;
  readonly signal: AbortSignal;
}

/** Why a pod goes back to the queue. */
interface Failure {
  readonly reason: "Unschedulable" | "SchedulerError";
  readonly message: string;
  readonly plugins: Iterable<string>;
  /** "" takes a nomination back, undefined leaves it. */
  readonly nominatedNodeName: string | undefined;
}

const noNodes = "no nodes available to schedule pods";

/** Decides on a popped pod. Returns the binding that goes on behind, or undefined when there is none. */
export function scheduleOne(context: CycleContext, queued: QueuedPod): Promise<void> | undefined {
  const startedMs = context.clock.monotonic();
  if (isMoot(context, queued)) {
    context.queue.done(queued.info.uid);
    return undefined;
  }
  const decision = schedulePod(context.framework, queued.info);
  context.metrics.algorithmSeconds.observe((context.clock.monotonic() - startedMs) / 1000);
  if (decision.kind !== "node") {
    giveBack(context, queued, { startedMs, ...failureOf(context, queued, decision) });
    return undefined;
  }
  const { nodeName } = decision;
  context.framework.snapshot.assume(queued.info, nodeName);
  context.queue.nominations.delete(queued.info.uid);
  const refusal = reserve(context, queued, nodeName);
  if (refusal !== undefined) {
    release(context, queued, nodeName);
    giveBack(context, queued, { startedMs, ...refusedBy(refusal) });
    return undefined;
  }
  return bind(context, queued, { nodeName, startedMs });
}

/** Deleted meanwhile, or chosen a node already (an update queued it twice). */
function isMoot({ effects, framework }: CycleContext, { info }: QueuedPod): boolean {
  if (info.terminating) {
    effects.event(info.pod, {
      type: "Warning",
      reason: "FailedScheduling",
      action: "Scheduling",
      message: `skip schedule deleting pod: ${info.key}`,
    });
    return true;
  }
  return framework.snapshot.placement(info.uid) !== undefined;
}

function failureOf(context: CycleContext, { info }: QueuedPod, decision: Exclude<Decision, { kind: "node" }>): Failure {
  switch (decision.kind) {
    case "no nodes":
      return { reason: "Unschedulable", message: noNodes, plugins: [], nominatedNodeName: "" };
    case "error":
      return { reason: "SchedulerError", message: decision.message, plugins: [], nominatedNodeName: "" };
    case "unfit": {
      const { diagnosis, run, totalNodes } = decision;
      const after = postFilter(context.plugins, (plugin) => plugin.postFilter!(info, run, diagnosis));
      diagnosis.postFilterMessage = after.message;
      return {
        reason: "Unschedulable",
        message: fitMessage(totalNodes, diagnosis),
        plugins: diagnosis.unschedulablePlugins,
        nominatedNodeName: after.nominatedNodeName,
      };
    }
  }
}

/** The first plugin that does something about it, or that rules everything out, has the last word. */
function postFilter(
  plugins: readonly Plugin[],
  ask: (plugin: Plugin) => ReturnType<NonNullable<Plugin["postFilter"]>>,
): { message: string; nominatedNodeName: string | undefined } {
  const reasons: string[] = [];
  let nominatedNodeName: string | undefined;
  for (const plugin of plugins) {
    if (plugin.postFilter === undefined) continue;
    const result = ask(plugin);
    if (result.status === undefined) return { message: "", nominatedNodeName: result.nominatedNodeName };
    if (result.status.code === "error")
      return { message: result.status.reasons.join(", "), nominatedNodeName: undefined };
    if (result.status.code === "unresolvable")
      return { message: result.status.reasons.join(", "), nominatedNodeName: result.nominatedNodeName };
    if (result.nominatedNodeName !== undefined) nominatedNodeName = result.nominatedNodeName;
    reasons.push(...result.status.reasons);
  }
  return { message: reasons.join(", "), nominatedNodeName };
}

function reserve({ plugins }: CycleContext, { info }: QueuedPod, nodeName: string): Status | undefined {
  for (const plugin of plugins) {
    const status = plugin.reserve?.(info, nodeName);
    if (status !== undefined) return status;
  }
  return undefined;
}

/** Upstream puts a refusal after the node was chosen into the form of a fit error about that one node. */
function refusedBy(status: Status): Failure {
  const reasons = status.reasons.join(", ");
  return status.code === "error"
    ? { reason: "SchedulerError", message: reasons, plugins: [], nominatedNodeName: "" }
    : {
        reason: "Unschedulable",
        message: `0/1 nodes are available: 1 ${status.reasons.join(", 1 ")}.`,
        plugins: [status.plugin],
        nominatedNodeName: "",
      };
}

function release({ plugins, framework }: CycleContext, { info }: QueuedPod, nodeName: string): boolean {
  for (const plugin of plugins.toReversed()) plugin.unreserve?.(info, nodeName);
  return framework.snapshot.forget(info.uid);
}

interface Binding {
  readonly nodeName: string;
  readonly startedMs: number;
}

async function bind(context: CycleContext, queued: QueuedPod, binding: Binding): Promise<void> {
  const { nodeName, startedMs } = binding;
  const { info } = queued;
  try {
    const refusal = await permit(context, queued, nodeName);
    if (refusal !== undefined) {
      bindingFailed(context, queued, { ...binding, failure: refusedBy(refusal) });
      return;
    }
    context.queue.done(info.uid); // from here on a failure is an error, tried again whatever happens meanwhile
    for (const plugin of context.plugins)
      if (plugin.preBind !== undefined)
        await naming("PreBind", plugin, () => plugin.preBind!(info, nodeName, context.signal));
    for (const plugin of context.plugins)
      if (plugin.bind !== undefined) await naming("Bind", plugin, () => plugin.bind!(info, nodeName));
  } catch (error) {
    const message = errorText(error);
    const failure: Failure = { reason: "SchedulerError", message, plugins: [], nominatedNodeName: "" };
    bindingFailed(context, queued, { ...binding, failure });
    return;
  }
  context.effects.event(info.pod, {
    type: "Normal",
    reason: "Scheduled",
    action: "Binding",
    message: `Successfully assigned ${info.key} to ${nodeName}`,
  });
  for (const plugin of context.plugins) plugin.postBind?.(info, nodeName);
  observeBound(context, queued, startedMs);
}

/** Says in the error which plugin it came from; the text is upstream's. */
async function naming(point: string, plugin: Plugin, call: () => Promise<void>): Promise<void> {
  try {
    await call();
  } catch (error) {
    const why = errorText(error);
    throw new Error(`running ${point} plugin "${plugin.name}": ${why}`, { cause: error });
  }
}

async function permit(context: CycleContext, { info }: QueuedPod, nodeName: string): Promise<Status | undefined> {
  for (const plugin of context.plugins) {
    if (plugin.permit === undefined) continue;
    const status = await plugin.permit(info, nodeName, context.signal);
    if (status !== undefined) return status;
  }
  return undefined;
}

/** The pod's place is free again: that helps others as much as a deletion would. */
function bindingFailed(
  context: CycleContext,
  queued: QueuedPod,
  failed: Binding & { readonly failure: Failure },
): void {
  const { failure, nodeName, startedMs } = failed;
  const { uid, pod } = queued.info;
  if (context.signal.aborted) return;
  const wasHeld = release(context, queued, nodeName);
  const change = { event: assignedPodDelete, before: placedOn(pod, nodeName) };
  if (failure.reason === "Unschedulable") {
    giveBack(context, queued, { startedMs, ...failure });
    if (wasHeld) context.queue.changed({ ...change, which: (other) => other.uid !== uid });
  } else {
    if (wasHeld) context.queue.changed(change);
    giveBack(context, queued, { startedMs, ...failure });
  }
}

function observeBound({ clock, metrics, schedulerName }: CycleContext, queued: QueuedPod, startedMs: number): void {
  const now = clock.monotonic();
  const labels = { result: "scheduled", profile: schedulerName };
  metrics.attempts.inc(labels);
  metrics.attemptSeconds.observe((now - startedMs) / 1000, labels);
  metrics.podAttempts.observe(queued.attempts);
  metrics.sliSeconds.observe((now - (queued.firstAttemptMs ?? startedMs)) / 1000, {
    attempts: queued.attempts >= 15 ? "15+" : String(queued.attempts),
  });
  if (queued.flushed) metrics.scheduledAfterFlush.inc();
}

/** Back to the queue, with an event and a condition that say why. Upstream: handleSchedulingFailure. */
function giveBack(context: CycleContext, queued: QueuedPod, failure: Failure & { readonly startedMs: number }): void {
  const { queue, listers, effects, metrics, log } = context;
  const { reason, message, nominatedNodeName } = failure;
  const labels = { result: reason === "Unschedulable" ? "unschedulable" : "error", profile: context.schedulerName };
  metrics.attempts.inc(labels);
  metrics.attemptSeconds.observe((context.clock.monotonic() - failure.startedMs) / 1000, labels);
  queued.unschedulablePlugins.clear();
  queued.gatedBy = "";
  for (const plugin of failure.plugins) queued.unschedulablePlugins.add(plugin);
  if (reason === "SchedulerError") log.error("pod could not be scheduled", { pod: queued.info.key, error: message });
  else log.debug("pod fits nowhere", { pod: queued.info.key, message });
  const current = listers.pods.get(queued.info.namespace, queued.info.name);
  if (current !== undefined && !current.spec?.nodeName && current.metadata.uid !== queued.info.uid) {
    queue.done(queued.info.uid);
    return;
  }
  if (current === undefined || current.spec?.nodeName) queue.done(queued.info.uid);
  else {
    queued.info = podInfo(current);
    queue.giveBack(queued);
  }
  queue.nominate(queued.info, nominatedNodeName);
  const { pod } = queued.info;
  effects.event(pod, {
    type: "Warning",
    reason: "FailedScheduling",
    action: "Scheduling",
    message: truncateNote(message),
  });
  const observedGeneration = pod.metadata.generation;
  const change = {
    condition: {
      type: "PodScheduled",
      ...(observedGeneration === undefined ? {} : { observedGeneration }),
      status: "False",
      reason,
      message,
    },
    ...(nominatedNodeName === undefined ? {} : { nominatedNodeName }),
  };
  effects.patchStatus(pod, change).catch((error: unknown) => {
    if (!context.signal.aborted && !isNotFound(error))
      log.error("status of an unschedulable pod could not be written", { pod: queued.info.key, error });
  });
}
