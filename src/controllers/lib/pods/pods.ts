// What controllers ask of pods. Upstream: pkg/api/v1/pod/util.go, pkg/controller/controller_utils.go.
import type { core_v1 } from "../../../api/index.ts";
import { parseTime } from "../../../machinery/index.ts";

type Pod = core_v1.Pod;

export const isTerminal = (pod: Pod): boolean => pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
export const isDeleting = (pod: Pod): boolean => pod.metadata.deletionTimestamp !== undefined;
export const isActive = (pod: Pod): boolean => !isTerminal(pod) && !isDeleting(pod);
/** Being deleted and still running. */
export const isTerminating = (pod: Pod): boolean => !isTerminal(pod) && isDeleting(pod);

export const podCondition = (pod: Pod, type: string): core_v1.PodCondition | undefined =>
  pod.status?.conditions?.find((condition) => condition.type === type);

export const isReady = (pod: Pod): boolean => podCondition(pod, "Ready")?.status === "True";

/** When a ready pod has been ready for `minReadySeconds`, in ms since 1970; undefined for pods that are not ready. */
function availableAtMs(pod: Pod, minReadySeconds: number): number | undefined {
  const ready = podCondition(pod, "Ready");
  if (ready?.status !== "True") return undefined;
  if (minReadySeconds === 0) return 0;
  const sinceMs = parseTime(ready.lastTransitionTime);
  return Number.isNaN(sinceMs) ? undefined : sinceMs + minReadySeconds * 1000;
}

export const isAvailable = (pod: Pod, minReadySeconds: number, nowMs: number): boolean =>
  (availableAtMs(pod, minReadySeconds) ?? Number.POSITIVE_INFINITY) <= nowMs;

/** Milliseconds until the next of the pods becomes available; undefined when none is about to. */
export function nextAvailabilityMs(pods: readonly Pod[], minReadySeconds: number, nowMs: number): number | undefined {
  let next: number | undefined;
  for (const pod of pods) {
    const atMs = availableAtMs(pod, minReadySeconds);
    if (atMs !== undefined && atMs > nowMs && (next === undefined || atMs - nowMs < next)) next = atMs - nowMs;
  }
  return next;
}

const phaseOrder: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 };

export interface DeletionRanking {
  readonly nowMs?: number;
  /** Pods with which one shares its node: more is deleted earlier. */
  readonly rank?: (pod: Pod) => number;
}

/** The pods in the order in which they are given up: the first is missed least. */
export function sortForDeletion(pods: readonly Pod[], ranking: DeletionRanking = {}): Pod[] {
  return [...pods].sort((a, b) => compareForDeletion(a, b, ranking));
}

function compareForDeletion(a: Pod, b: Pod, ranking: DeletionRanking): number {
  const assigned = Number(Boolean(a.spec?.nodeName)) - Number(Boolean(b.spec?.nodeName));
  if (assigned !== 0) return assigned;
  const phase = (phaseOrder[a.status?.phase ?? ""] ?? 0) - (phaseOrder[b.status?.phase ?? ""] ?? 0);
  if (phase !== 0) return phase;
  const ready = Number(isReady(a)) - Number(isReady(b));
  if (ready !== 0) return ready;
  const cost = deletionCost(a) - deletionCost(b);
  if (cost !== 0) return cost;
  const rank = (ranking.rank?.(b) ?? 0) - (ranking.rank?.(a) ?? 0);
  if (rank !== 0) return rank;
  if (isReady(a)) {
    const readiness = compareAge(a, b, { timeOf: readyTime, nowMs: ranking.nowMs });
    if (readiness !== 0) return readiness;
  }
  const restarts = compareRestarts(a, b);
  if (restarts !== 0) return restarts;
  return compareAge(a, b, { timeOf: (pod) => pod.metadata.creationTimestamp, nowMs: ranking.nowMs });
}

const readyTime = (pod: Pod): string | undefined => podCondition(pod, "Ready")?.lastTransitionTime;

/** Younger first; ages of one power of two count as equal, so that scaling down does not always take the newest. */
function compareAge(
  a: Pod,
  b: Pod,
  by: { timeOf: (pod: Pod) => string | undefined; nowMs: number | undefined },
): number {
  const aMs = parseTime(by.timeOf(a));
  const bMs = parseTime(by.timeOf(b));
  if (aMs === bMs || (Number.isNaN(aMs) && Number.isNaN(bMs))) return 0;
  if (Number.isNaN(aMs) || Number.isNaN(bMs)) return Number.isNaN(aMs) ? -1 : 1;
  if (by.nowMs === undefined) return bMs - aMs;
  const rank = ageRank(by.nowMs - aMs) - ageRank(by.nowMs - bMs);
  if (rank !== 0) return rank;
  return (a.metadata.uid ?? "") < (b.metadata.uid ?? "") ? -1 : 1;
}

const ageRank = (ageMs: number): number => (ageMs > 0 ? Math.floor(Math.log2(ageMs * 1e6)) : -1);

function deletionCost(pod: Pod): number {
  const text = pod.metadata.annotations?.["controller.kubernetes.io/pod-deletion-cost"];
  if (text === undefined || !/^-?(0|[1-9]\d*)$/.test(text)) return 0;
  const cost = Number(text);
  return cost >= -(2 ** 31) && cost < 2 ** 31 ? cost : 0;
}

function compareRestarts(a: Pod, b: Pod): number {
  const [aRegular, aSidecar] = maxRestarts(a);
  const [bRegular, bSidecar] = maxRestarts(b);
  return bRegular !== aRegular ? bRegular - aRegular : bSidecar - aSidecar;
}

function maxRestarts(pod: Pod): [number, number] {
  const sidecars = new Set(
    pod.spec?.initContainers?.filter((each) => each.restartPolicy === "Always").map((each) => each.name),
  );
  const most = (counts: readonly number[]): number => counts.reduce((max, count) => Math.max(max, count), 0);
  return [
    most(pod.status?.containerStatuses?.map((each) => each.restartCount) ?? []),
    most(
      pod.status?.initContainerStatuses?.filter((each) => sidecars.has(each.name)).map((each) => each.restartCount) ??
        [],
    ),
  ];
}
