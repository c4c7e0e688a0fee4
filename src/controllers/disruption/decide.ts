// The status of a PodDisruptionBudget. Upstream: pkg/controller/disruption.
import type { LabelSelector, Pod, PodDisruptionBudget, policy_v1 } from "../../api/index.ts";
import { type Condition, deepEqual, formatTime, parseTime, scaledIntOrPercent } from "../../machinery/index.ts";
import { isDeleting, isReady } from "../lib/index.ts";

/** A pod that an eviction was granted for should be seen ending within this time; otherwise it counts again. */
const deletionTimeoutMs = 120_000;
const conditionType = "DisruptionAllowed";

type Status = policy_v1.PodDisruptionBudgetStatus;

export interface Expectation {
  readonly expectedPods: number;
  readonly desiredHealthy: number;
}

/** True when the number of pods that should be there is told by their controllers and not by the pods themselves. */
export const needsScale = ({ spec }: PodDisruptionBudget): boolean =>
  spec.maxUnavailable !== undefined || typeof spec.minAvailable === "string";

/** `scale` is the sum over the pods' controllers. Throws Error for values that are no percentage. */
export function expectation(budget: PodDisruptionBudget, pods: readonly Pod[], scale: number): Expectation {
  const { maxUnavailable, minAvailable } = budget.spec;
  if (maxUnavailable !== undefined) {
    const unavailable = scaledIntOrPercent(maxUnavailable, { total: scale, round: "up" });
    return { expectedPods: scale, desiredHealthy: Math.max(0, scale - unavailable) };
  }
  if (minAvailable === undefined) return { expectedPods: 0, desiredHealthy: 0 };
  if (typeof minAvailable === "number") return { expectedPods: pods.length, desiredHealthy: minAvailable };
  return { expectedPods: scale, desiredHealthy: scaledIntOrPercent(minAvailable, { total: scale, round: "up" }) };
}

export interface Disrupted {
  readonly disruptedPods: Readonly<Record<string, string>>;
  /** Pods whose eviction was granted long ago and that never ended. */
  readonly notDeleted: readonly Pod[];
  /** Milliseconds until the next entry is too old. */
  readonly recheckMs: number | undefined;
}

/** The entries of status.disruptedPods that still mean something. */
export function disrupted(budget: PodDisruptionBudget, pods: readonly Pod[], nowMs: number): Disrupted {
  const kept: Record<string, string> = {};
  const notDeleted: Pod[] = [];
  let recheckMs: number | undefined;
  const granted = budget.status?.disruptedPods ?? {};
  for (const pod of pods) {
    const time = granted[pod.metadata.name];
    if (time === undefined || isDeleting(pod)) continue;
    const leftMs = parseTime(time) + deletionTimeoutMs - nowMs;
    if (leftMs < 0) notDeleted.push(pod);
    else {
      kept[pod.metadata.name] = time;
      recheckMs = Math.min(recheckMs ?? leftMs, leftMs);
    }
  }
  return { disruptedPods: kept, notDeleted, recheckMs };
}

export interface Observed extends Expectation {
  readonly pods: readonly Pod[];
  readonly disruptedPods: Readonly<Record<string, string>>;
  readonly nowMs: number;
}

/** The new status; undefined when it says all this already. */
export function nextStatus(budget: PodDisruptionBudget, observed: Observed): Status | undefined {
  const { expectedPods, desiredHealthy, disruptedPods, nowMs } = observed;
  const healthy = (pod: Pod): boolean => {
    const time = disruptedPods[pod.metadata.name];
    const expected = time !== undefined && parseTime(time) + deletionTimeoutMs > nowMs;
    return !isDeleting(pod) && !expected && isReady(pod);
  };
  const currentHealthy = observed.pods.filter(healthy).length;
  const spare = currentHealthy - desiredHealthy;
  const disruptionsAllowed = expectedPods <= 0 || spare <= 0 ? 0 : spare;
  const observedGeneration = budget.metadata.generation ?? 0;
  const verdict =
    disruptionsAllowed > 0
      ? ({ status: "True", reason: "SufficientPods" } as const)
      : ({ status: "False", reason: "InsufficientPods" } as const);
  const next: Status = {
    ...(observedGeneration === 0 ? {} : { observedGeneration }),
    ...(Object.keys(disruptedPods).length > 0 ? { disruptedPods: { ...disruptedPods } } : {}),
    disruptionsAllowed,
    currentHealthy,
    desiredHealthy,
    expectedPods,
    conditions: withCondition(budget.status, { ...verdict, message: "", observedGeneration }, nowMs),
  };
  return deepEqual(budget.status, next) ? undefined : next;
}

/** When the budget cannot be computed nothing may be evicted; undefined when the status says so already. */
export function failedStatus(budget: PodDisruptionBudget, message: string, nowMs: number): Status | undefined {
  const observedGeneration = budget.status?.observedGeneration ?? 0;
  const condition = { status: "False", reason: "SyncFailed", message, observedGeneration } as const;
  const { currentHealthy = 0, desiredHealthy = 0, expectedPods = 0 } = budget.status ?? {};
  const conditions = withCondition(budget.status, condition, nowMs);
  const counts = { currentHealthy, desiredHealthy, expectedPods };
  const next: Status = { ...budget.status, ...counts, disruptionsAllowed: 0, conditions };
  return deepEqual(budget.status, next) ? undefined : next;
}

function withCondition(
  status: Status | undefined,
  verdict: Pick<Condition, "status" | "reason" | "message"> & { readonly observedGeneration: number },
  nowMs: number,
): Condition[] {
  const conditions = status?.conditions ?? [];
  const index = conditions.findIndex((each) => each.type === conditionType);
  const before = conditions[index];
  const { observedGeneration, ...rest } = verdict;
  const next: Condition = {
    type: conditionType,
    ...rest,
    ...(observedGeneration === 0 ? {} : { observedGeneration }),
    lastTransitionTime: before?.status === verdict.status ? before.lastTransitionTime : formatTime(nowMs),
  };
  return index < 0 ? [...conditions, next] : conditions.with(index, next);
}

/** A selector as Go prints it: part of an event's text. */
export function selectorText(selector: LabelSelector | undefined): string {
  if (selector === undefined) return "nil";
  const labels = Object.keys(selector.matchLabels ?? {})
    .sort()
    .map((key) => `${key}: ${selector.matchLabels![key]},`)
    .join("");
  const expressions = (selector.matchExpressions ?? [])
    .map(
      ({ key, operator, values = [] }) =>
        `LabelSelectorRequirement{Key:${key},Operator:${operator},Values:[${values.join(" ")}],},`,
    )
    .join("");
  return `&LabelSelector{MatchLabels:map[string]string{${labels}},MatchExpressions:[]LabelSelectorRequirement{${expressions}},}`;
}

/** How long a DisruptionTarget condition may stand on a pod that does not end. */
const staleAfterMs = 120_000;

/** Milliseconds until the pod's DisruptionTarget condition is stale, 0 when it is; undefined when it has none that can be. */
export function staleDisruptionMs(pod: Pod, nowMs: number): number | undefined {
  const { phase, conditions } = pod.status ?? {};
  if (isDeleting(pod) || phase === "Succeeded" || phase === "Failed") return undefined;
  const condition = conditions?.find((each) => each.type === "DisruptionTarget");
  // The kubelet says it before it ends the pod, however long that takes.
  if (condition?.status !== "True" || condition.reason === "TerminationByKubelet") return undefined;
  return Math.max(0, parseTime(condition.lastTransitionTime) + staleAfterMs - nowMs);
}
