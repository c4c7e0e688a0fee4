// The pod condition that says why somebody ends a pod (KEP-3329).
import type { core_v1 } from "../../../api/index.ts";
import { formatTime } from "../../../machinery/index.ts";
import { podCondition } from "./pods.ts";

/** Part of a strategic merge patch of `status`: the condition, beside those that are there. */
export function disruptionTarget(
  pod: core_v1.Pod,
  why: { readonly reason: string; readonly message: string; readonly nowMs: number },
): { readonly conditions: readonly object[] } {
  const before = podCondition(pod, "DisruptionTarget");
  const since = before?.status === "True" ? before.lastTransitionTime : undefined;
  return {
    conditions: [
      {
        type: "DisruptionTarget",
        status: "True",
        reason: why.reason,
        message: why.message,
        observedGeneration: pod.metadata.generation,
        lastProbeTime: null,
        lastTransitionTime: since ?? formatTime(why.nowMs),
      },
    ],
  };
}
