// Takes up changes of a pod's resources, or says why they have to wait: the allocation of each pod, its two conditions and its events.
// Upstream: pkg/kubelet/allocation, pkg/kubelet/status (resize conditions), pkg/kubelet/events/resize.go.
//
// Contract: `take` before each sync; what it returns is the pod to run. `progress` after the runtime was looked at. A resize that does not fit
// waits: `retry` names the pods to look at again once something became free.
import type { Pod, PodCondition } from "../../api/index.ts";
import { formatTime } from "../../machinery/index.ts";
import { type KubeletContext, podEvent } from "../context.ts";
import { findObserved, type ObservedPod } from "../observed.ts";
import { initContainers, podUid } from "../pod.ts";
import {
  type Allocation,
  allocationOf,
  differences,
  recoveredAllocation,
  wholePod,
  withAllocation,
  withPodLimits,
} from "../resources/allocation.ts";
import type { Rejection } from "./admission.ts";

interface ResizeState {
  allocation: Allocation;
  /** What the runtime was last told, by container, and the pod's own cgroup as `wholePod`. */
  readonly actuated: Map<string, NonNullable<Pod["spec"]["containers"][number]["resources"]>>;
  pending: PodCondition | undefined;
  inProgress: PodCondition | undefined;
}

export interface Resizes {
  /** The pod is admitted: it gets what it asks for, or what an earlier kubelet gave it. */
  admit(pod: Pod, wasRunning: boolean): void;
  /** The pod as the node runs it. */
  allocated(pod: Pod): Pod;
  /** Grants what the pod wishes now, when it fits; the pod as the node shall run it. */
  take(pod: Pod): Pod;
  /** Compares what was granted with what the runtime was told. */
  progress(allocated: Pod, observed: ObservedPod): void;
  failed(allocated: Pod, message: string): void;
  conditions(uid: string): readonly PodCondition[];
  actuated(uid: string): ResizeState["actuated"];
  /** Something became free. */
  retry(): void;
  forget(uid: string): void;
}

export interface ResizeParts {
  readonly context: KubeletContext;
  /** Whether the pod fits beside the others, as they are allocated. */
  readonly fits: (pod: Pod) => Rejection | undefined;
  readonly poke: (uid: string) => void;
}

export function createResizes({ context, fits, poke }: ResizeParts): Resizes {
  const states = new Map<string, ResizeState>();
  const allocated = (pod: Pod): Pod => {
    const state = states.get(podUid(pod));
    return state === undefined ? pod : withAllocation(pod, state.allocation);
  };
  const condition = (type: string, old: PodCondition | undefined, what: Omit<PodCondition, "type" | "status">) => {
    const now = formatTime(context.clock.now());
    const lastTransitionTime = old !== undefined && old.reason === what.reason ? old.lastTransitionTime : now;
    return { type, status: "True", lastProbeTime: now, lastTransitionTime, ...what } as PodCondition;
  };
  const begin = (state: ResizeState, pod: Pod): void => {
    state.pending = undefined;
    state.inProgress = condition("PodResizeInProgress", undefined, generationOf(pod));
    tell(context, pod, { type: "Normal", reason: "ResizeStarted", prefix: "Pod resize started" });
  };
  const refuse = (state: ResizeState, pod: Pod, { message }: Rejection): void => {
    const before = state.pending;
    const what = { reason: "Deferred", message, ...generationOf(pod) };
    state.pending = condition("PodResizePending", before, what);
    if (before?.reason === what.reason && before.observedGeneration === what.observedGeneration) return;
    tell(context, pod, { type: "Warning", reason: "ResizeDeferred", prefix: "Pod resize Deferred", error: message });
  };
  const retry = (): void => {
    for (const [uid, { pending }] of states) if (pending !== undefined) poke(uid);
  };
  return {
    admit(pod, wasRunning) {
      const allocation = wasRunning ? recoveredAllocation(pod) : allocationOf(pod);
      // The pod's cgroup is made with what is granted now; containers are noted as they start.
      const actuated = new Map(wasRunning ? allocation : [[wholePod, allocation.get(wholePod) ?? {}]]);
      const told = (type: string): PodCondition | undefined =>
        pod.status?.conditions?.find((each) => each.type === type);
      states.set(podUid(pod), {
        ...{ allocation, actuated },
        ...{ pending: told("PodResizePending"), inProgress: told("PodResizeInProgress") },
      });
    },
    allocated,
    take(pod) {
      const state = states.get(podUid(pod));
      if (state === undefined) return pod;
      if (withAllocation(pod, state.allocation) === pod) {
        state.pending = undefined;
        return pod;
      }
      const rejection = fits(pod);
      if (rejection !== undefined) {
        refuse(state, pod, rejection);
        return withAllocation(pod, state.allocation);
      }
      state.allocation = allocationOf(pod);
      begin(state, pod);
      return pod;
    },
    progress(pod, observed) {
      const state = states.get(podUid(pod));
      if (state === undefined) return;
      if (isUnderWay(pod, observed, state.actuated)) {
        state.inProgress ??= condition("PodResizeInProgress", undefined, generationOf(pod));
        return;
      }
      if (state.inProgress === undefined) return;
      const generation = state.inProgress.observedGeneration;
      state.inProgress = undefined;
      tell(context, pod, { type: "Normal", reason: "ResizeCompleted", prefix: "Pod resize completed", generation });
      retry();
    },
    failed(pod, message) {
      const state = states.get(podUid(pod));
      if (state === undefined) return;
      const before = state.inProgress;
      const observedGeneration = before?.observedGeneration ?? pod.metadata.generation;
      const generation = observedGeneration === undefined ? {} : { observedGeneration };
      state.inProgress = condition("PodResizeInProgress", before, { reason: "Error", message, ...generation });
      if (before?.reason === "Error" && before.message === message) return;
      const event = { type: "Warning", reason: "ResizeError", prefix: "Pod resize error", error: message } as const;
      tell(context, pod, { ...event, generation: observedGeneration });
    },
    conditions(uid) {
      const state = states.get(uid);
      return [state?.pending, state?.inProgress].filter((each) => each !== undefined);
    },
    actuated: (uid) => states.get(uid)?.actuated ?? new Map(),
    retry,
    forget(uid) {
      if (states.delete(uid)) retry();
    },
  };
}

const generationOf = ({ metadata }: Pod): { observedGeneration?: number } =>
  metadata.generation === undefined ? {} : { observedGeneration: metadata.generation };

/** Containers that do not run get their size when they start. */
function isUnderWay(pod: Pod, observed: ObservedPod, actuated: ResizeState["actuated"]): boolean {
  const whole = actuated.get(wholePod);
  if (whole !== undefined && differences(pod.spec.resources ?? {}, whole).length > 0) return true;
  return [...initContainers(pod), ...pod.spec.containers].some((container) => {
    const told = actuated.get(container.name);
    if (told === undefined || findObserved(observed, container.name)?.state !== "running") return false;
    const wanted = withPodLimits(container.resources ?? {}, pod.spec.resources);
    return differences(wanted, withPodLimits(told, whole)).length > 0;
  });
}

/** In the order in which Go marshals ResourceRequirements: its fields as declared, maps by key, nothing that is empty. */
function inGoOrder({ limits, requests, claims }: Resources = {}): object {
  const byKey = (amounts: Resources["limits"]): object | undefined =>
    amounts && Object.keys(amounts).length > 0
      ? Object.fromEntries(Object.entries(amounts).sort(([a], [b]) => (a < b ? -1 : 1)))
      : undefined;
  return { limits: byKey(limits), requests: byKey(requests), claims };
}

type Resources = NonNullable<Pod["spec"]["containers"][number]["resources"]>;

interface ResizeEvent {
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly prefix: string;
  readonly generation?: number | undefined;
  readonly error?: string;
}

function tell(context: KubeletContext, pod: Pod, { type, reason, prefix, generation, error }: ResizeEvent): void {
  const summary = (containers: readonly Pod["spec"]["containers"][number][]) =>
    containers.map(({ name, resources }) => ({ name, resources: inGoOrder(resources) }));
  const inits = summary(initContainers(pod));
  const text = JSON.stringify({
    ...(inits.length > 0 ? { initContainers: inits } : {}),
    containers: summary(pod.spec.containers),
    generation: generation ?? pod.metadata.generation ?? 0,
    ...(error === undefined ? {} : { error }),
  });
  podEvent(context, pod, { type, reason, message: `${prefix}: ${text}` });
}
