// What a Job needs next, as data: whether it has ended, and which pods to make or take away.
// Upstream: pkg/controller/job/job_controller.go (syncJob, manageJob). KEPs 2214, 3329, 3850, 3939, 3998, 4368.
import { parseTime } from "../../machinery/index.ts";
import { isActive, isReady, isTerminating, sortForDeletion } from "../lib/index.ts";
import { type BackoffRecord, nextRecord, remainingMs } from "./backoff.ts";
import {
  backoffLimitExceeded,
  deadlineExceeded,
  failure,
  hasFailedIndexes,
  knownVerdict,
  success,
  tooManyFailedIndexes,
  type Verdict,
} from "./conditions.ts";
import {
  firstFree,
  fromIndexes,
  type Intervals,
  includes,
  merge,
  overlap,
  parseIntervals,
  total,
} from "./intervals.ts";
import {
  allIndexFailures,
  applyFailurePolicy,
  completionIndex,
  completionsOf,
  finishedMs,
  hasPerIndexLimit,
  indexFailures,
  isFailed,
  isIndexed,
  isSuspended,
  isTracked,
  isValidIndex,
  type Job,
  onlyReplacesFailed,
  type Pod,
  parallelismOf,
  uid,
} from "./pods.ts";

export interface Observed {
  readonly job: Job;
  /** Those it controls. */
  readonly pods: readonly Pod[];
  /** Pods whose tracking finalizer was taken away, though the cache does not show it yet. */
  readonly untracked: ReadonlySet<string>;
  readonly backoff: BackoffRecord;
  readonly nowMs: number;
}

/** The picture of a job that everything else is decided on. */
export interface Assessment extends Observed {
  readonly active: readonly Pod[];
  readonly ready: number;
  readonly terminating: number;
  readonly succeeded: number;
  readonly succeededIndexes: Intervals;
  /** Before this run: what status says. */
  readonly countedIndexes: Intervals;
  /** Undefined without a limit per index. */
  readonly failedIndexes: Intervals | undefined;
  /** By index: the failed pod that is kept until its replacement is due. */
  readonly held: ReadonlyMap<number, Pod>;
  readonly verdict: Verdict | undefined;
  readonly nextBackoff: BackoffRecord;
  /** Until the active deadline. */
  readonly deadlineMs: number | undefined;
}

export function assess(observed: Observed): Assessment {
  const { job, pods, untracked, nowMs } = observed;
  const active = pods.filter(isActive);
  const uncounted = job.status?.uncountedTerminatedPods;
  const isNew = (pod: Pod, counted: readonly string[] | undefined): boolean =>
    isTracked(pod) &&
    !untracked.has(uid(pod)) &&
    !counted?.includes(uid(pod)) &&
    (!isIndexed(job) || isValidIndex(job, completionIndex(pod)));
  const newSucceeded = pods.filter((pod) => pod.status?.phase === "Succeeded" && isNew(pod, uncounted?.succeeded));
  const newFailed = pods.filter((pod) => isFailed(job, pod) && isNew(pod, uncounted?.failed));
  const counted = newFailed.filter((pod) => applyFailurePolicy(job, pod).counts).length;
  const failed = (job.status?.failed ?? 0) + counted + (uncounted?.failed?.length ?? 0);
  const indexes = assessIndexes(observed);
  const succeeded = isIndexed(job)
    ? total(indexes.succeededIndexes)
    : (job.status?.succeeded ?? 0) + newSucceeded.length + (uncounted?.succeeded?.length ?? 0);
  const deadlineMs = untilDeadline(job, nowMs);
  const verdict = findVerdict({ observed, failed, deadlineMs, ...indexes });
  const partial = { ...observed, active, ...indexes };
  return {
    ...partial,
    ready: active.filter(isReady).length,
    terminating: pods.filter(isTerminating).length,
    succeeded,
    held: heldPods(partial),
    verdict,
    nextBackoff: nextRecord(observed.backoff, newSucceeded, newFailed),
    deadlineMs: verdict === undefined ? deadlineMs : undefined,
  };
}

type Indexes = Pick<Assessment, "countedIndexes" | "succeededIndexes" | "failedIndexes">;

function assessIndexes({ job, pods }: Observed): Indexes {
  if (!isIndexed(job)) return { countedIndexes: [], succeededIndexes: [], failedIndexes: undefined };
  const completions = completionsOf(job);
  const indexesOf = (test: (pod: Pod) => boolean): Intervals =>
    fromIndexes(
      pods.filter((pod) => isTracked(pod) && isValidIndex(job, completionIndex(pod)) && test(pod)).map(completionIndex),
    );
  const countedIndexes = parseIntervals(job.status?.completedIndexes, completions);
  const succeededIndexes = merge(
    countedIndexes,
    indexesOf((pod) => pod.status?.phase === "Succeeded"),
  );
  if (!hasPerIndexLimit(job)) return { countedIndexes, succeededIndexes, failedIndexes: undefined };
  const before = parseIntervals(job.status?.failedIndexes, completions);
  return {
    countedIndexes,
    succeededIndexes,
    failedIndexes: merge(
      before,
      indexesOf((pod) => failsIndex(job, pod)),
    ),
  };
}

function failsIndex(job: Job, pod: Pod): boolean {
  if (!isFailed(job, pod)) return false;
  const verdict = applyFailurePolicy(job, pod);
  if (verdict.failsIndex) return true;
  return verdict.counts && indexFailures(pod) >= (job.spec?.backoffLimitPerIndex ?? 0);
}

function untilDeadline(job: Job, nowMs: number): number | undefined {
  const { activeDeadlineSeconds } = job.spec ?? {};
  if (activeDeadlineSeconds === undefined || isSuspended(job)) return undefined;
  const startMs = parseTime(job.status?.startTime);
  return (Number.isNaN(startMs) ? nowMs : startMs) + activeDeadlineSeconds * 1000 - nowMs;
}

function findVerdict(
  found: Indexes & { observed: Observed; failed: number; deadlineMs: number | undefined },
): Verdict | undefined {
  const { observed, failed, deadlineMs, succeededIndexes, failedIndexes } = found;
  const { job, pods } = observed;
  const known = knownVerdict(job);
  if (known !== undefined) return known;
  for (const pod of pods) {
    const why = isFailed(job, pod) ? applyFailurePolicy(job, pod).failsJob : undefined;
    if (why !== undefined) return failure("PodFailurePolicy", why);
  }
  if (failed > (job.spec?.backoffLimit ?? 6) || restartsExceedLimit(job, pods)) return backoffLimitExceeded;
  if (deadlineMs !== undefined && deadlineMs <= 0 && job.status?.startTime !== undefined) return deadlineExceeded;
  if (!isIndexed(job)) return undefined;
  if (failedIndexes !== undefined) {
    const { maxFailedIndexes } = job.spec ?? {};
    const count = total(failedIndexes);
    if (maxFailedIndexes !== undefined && count > maxFailedIndexes) return tooManyFailedIndexes;
    if (count > 0 && count + total(succeededIndexes) >= completionsOf(job)) return hasFailedIndexes;
  }
  return matchSuccessPolicy(job, succeededIndexes);
}

function restartsExceedLimit(job: Job, pods: readonly Pod[]): boolean {
  if (job.spec?.template.spec?.restartPolicy !== "OnFailure") return false;
  let restarts = 0;
  for (const { status } of pods)
    if (status?.phase === "Running" || status?.phase === "Pending")
      for (const each of [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])])
        restarts += each.restartCount;
  const limit = job.spec.backoffLimit ?? 6;
  return limit === 0 ? restarts > 0 : restarts >= limit;
}

function matchSuccessPolicy(job: Job, succeeded: Intervals): Verdict | undefined {
  const rules = job.spec?.successPolicy?.rules ?? [];
  const index = rules.findIndex(({ succeededIndexes, succeededCount }) => {
    if (succeededIndexes === undefined) return succeededCount !== undefined && total(succeeded) >= succeededCount;
    const required = parseIntervals(succeededIndexes, completionsOf(job));
    if (required.length === 0) return false;
    const met = overlap(required, succeeded);
    return met === total(required) || (succeededCount !== undefined && met >= succeededCount);
  });
  return index < 0 ? undefined : success("SuccessPolicy", `Matched rules at index ${index}`);
}

/** With a limit per index the last failed pod of an index stays, tracked, until its replacement is made: it holds the count. */
function heldPods(view: Observed & Indexes & Pick<Assessment, "active">): Map<number, Pod> {
  const { job, pods, untracked, failedIndexes } = view;
  const held = new Map<number, Pod>();
  if (failedIndexes === undefined) return held;
  const running = new Set(view.active.map(completionIndex));
  for (const pod of pods) {
    const index = completionIndex(pod);
    if (!isTracked(pod) || untracked.has(uid(pod)) || !isFailed(job, pod) || !isValidIndex(job, index)) continue;
    if (includes(view.succeededIndexes, index) || includes(failedIndexes, index) || running.has(index)) continue;
    const last = held.get(index);
    const later =
      last === undefined || (allIndexFailures(last) <= allIndexFailures(pod) && finishedMs(pod) >= finishedMs(last));
    if (later) held.set(index, pod);
  }
  return held;
}

export type Management =
  | { readonly do: "nothing"; readonly againMs?: number }
  /** Their tracking ends first: they are not counted. */
  | { readonly do: "delete"; readonly pods: readonly Pod[] }
  /** One entry a pod; undefined: no index. */
  | { readonly do: "create"; readonly indexes: readonly (number | undefined)[] };

const mostInOneGo = 500;

/** For a job that has not ended: more pods, fewer, or none for now. */
export function manage(view: Assessment): Management {
  const { job, active, nowMs } = view;
  if (isSuspended(job)) return removal(podsToRemove(view, active.length));
  const wanted = wantedActive(view);
  const surplus = podsToRemove(view, Math.max(0, active.length - wanted)).slice(0, mostInOneGo);
  if (surplus.length > 0) return removal(surplus);
  const missing = wanted - active.length - (onlyReplacesFailed(job) ? view.terminating : 0);
  if (missing <= 0) return { do: "nothing" };
  const waitMs = hasPerIndexLimit(job) ? 0 : remainingMs(view.nextBackoff, nowMs);
  if (waitMs > 0) return { do: "nothing", againMs: waitMs };
  const count = Math.min(missing, mostInOneGo);
  if (!isIndexed(job)) return { do: "create", indexes: new Array<undefined>(count).fill(undefined) };
  const indexes = firstFree(takenIndexes(view), count, completionsOf(job));
  if (!hasPerIndexLimit(job)) return indexes.length > 0 ? { do: "create", indexes } : { do: "nothing" };
  const waits = indexes.map((index) => indexWaitMs(view, index));
  const due = indexes.filter((_, at) => waits[at] === 0);
  if (due.length > 0) return { do: "create", indexes: due };
  return waits.length > 0 ? { do: "nothing", againMs: Math.min(...waits) } : { do: "nothing" };
}

const removal = (pods: readonly Pod[]): Management => (pods.length > 0 ? { do: "delete", pods } : { do: "nothing" });

function wantedActive({ job, active, succeeded }: Assessment): number {
  if (job.spec?.completions === undefined) return succeeded > 0 ? active.length : parallelismOf(job);
  return Math.max(0, Math.min(job.spec.completions - succeeded, parallelismOf(job)));
}

function takenIndexes(view: Assessment): Intervals {
  const { job, pods, active } = view;
  const indexes = (of: readonly Pod[]): Intervals => fromIndexes(of.map(completionIndex).filter((index) => index >= 0));
  let taken = merge(view.succeededIndexes, indexes(active));
  if (onlyReplacesFailed(job)) taken = merge(taken, indexes(pods.filter(isTerminating)));
  return merge(taken, view.failedIndexes ?? []);
}

function indexWaitMs({ held, nowMs }: Assessment, index: number): number {
  const last = held.get(index);
  if (last === undefined) return 0;
  return remainingMs({ failures: allIndexFailures(last) + 1, lastFailureMs: finishedMs(last) }, nowMs);
}

/** At least `count` of the active pods: those of no or a doubled index first, then those that are missed least. */
function podsToRemove({ job, active }: Assessment, count: number): Pod[] {
  const removed: Pod[] = [];
  let left: readonly Pod[] = active;
  if (isIndexed(job)) {
    const byIndex = Map.groupBy(active, (pod) => (isValidIndex(job, completionIndex(pod)) ? completionIndex(pod) : -1));
    const kept: Pod[] = [];
    for (const [index, pods] of byIndex) {
      const sorted = pods.length > 1 ? sortForDeletion(pods) : pods;
      if (index >= 0) kept.push(sorted.at(-1)!);
      removed.push(...(index >= 0 ? sorted.slice(0, -1) : sorted));
    }
    left = kept;
  }
  if (removed.length < count) removed.push(...sortForDeletion(left).slice(0, count - removed.length));
  return removed;
}
