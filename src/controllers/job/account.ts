// Counting finished pods exactly once: a pod's uid is written into status before its finalizer is taken away, and counted when
// the finalizer is gone. A crash between any two steps neither loses nor doubles a count. Upstream: KEP-2307.
import type { batch_v1 } from "../../api/index.ts";
import { formatTime } from "../../machinery/index.ts";
import { ensureCondition, newCondition, type Verdict } from "./conditions.ts";
import type { Assessment } from "./decide.ts";
import { formatIntervals, fromIndexes, includes, merge, total } from "./intervals.ts";
import {
  applyFailurePolicy,
  completionIndex,
  isFailed,
  isIndexed,
  isTracked,
  isValidIndex,
  type Pod,
  uid,
} from "./pods.ts";

export type Status = batch_v1.JobStatus;

const mostUncounted = 500;

/** Status with what this run saw, and the pods whose finalizer may go once that status is written. */
export interface Account {
  readonly status: Status;
  readonly untrack: readonly Pod[];
  /** Uids that still have the finalizer. */
  readonly tracked: Set<string>;
  /** The list was full: the job is not finished in this run. */
  readonly more: boolean;
}

/** `verdict`: of this run, after its pods were dealt with; undefined while the job goes on. */
export function account(view: Assessment, before: Status, verdict: Verdict | undefined): Account {
  const { job, nowMs } = view;
  const pods = isIndexed(job) ? [...view.pods].sort((a, b) => completionIndex(a) - completionIndex(b)) : view.pods;
  const relevant = pods.filter((pod) => isTracked(pod) && !view.untracked.has(uid(pod)));
  const tracked = new Set(relevant.map(uid));
  let status = countUntracked(before, tracked);
  const uncounted = {
    succeeded: [...(status.uncountedTerminatedPods?.succeeded ?? [])],
    failed: [...(status.uncountedTerminatedPods?.failed ?? [])],
  };
  const newIndexes: number[] = [];
  const untrack: Pod[] = [];
  let more = false;
  for (const pod of relevant) {
    const failed = isFailed(job, pod);
    if (!mayUntrack(view, pod, { failed, ended: verdict !== undefined })) continue;
    untrack.push(pod);
    note(view, pod, { failed, verdict, uncounted, newIndexes });
    if (newIndexes.length + uncounted.succeeded.length + uncounted.failed.length >= mostUncounted) {
      more = true;
      break;
    }
  }
  status = { ...status, uncountedTerminatedPods: compact(uncounted) };
  if (isIndexed(job)) status = withIndexes(view, status, newIndexes);
  if (verdict !== undefined) {
    const wanted = newCondition({ ...verdict, status: "True" }, nowMs);
    const known = status.conditions?.some((each) => each.type === verdict.type && each.status === "True");
    if (!known) status = { ...status, conditions: [...(status.conditions ?? []), wanted] };
  }
  return { status, untrack, tracked, more };
}

const compact = (uncounted: { succeeded: string[]; failed: string[] }): batch_v1.UncountedTerminatedPods => ({
  ...(uncounted.succeeded.length > 0 ? { succeeded: uncounted.succeeded } : {}),
  ...(uncounted.failed.length > 0 ? { failed: uncounted.failed } : {}),
});

function mayUntrack(view: Assessment, pod: Pod, is: { failed: boolean; ended: boolean }): boolean {
  if (view.job.metadata.deletionTimestamp !== undefined || is.ended || pod.status?.phase === "Succeeded") return true;
  if (!is.failed) return false;
  return view.held.get(completionIndex(pod)) !== pod;
}

function note(
  view: Assessment,
  pod: Pod,
  into: {
    failed: boolean;
    verdict: Verdict | undefined;
    uncounted: { succeeded: string[]; failed: string[] };
    newIndexes: number[];
  },
): void {
  const { job } = view;
  const index = completionIndex(pod);
  const { uncounted } = into;
  const known = uncounted.failed.includes(uid(pod));
  if (pod.status?.phase === "Succeeded" && !known) {
    if (!isIndexed(job)) {
      if (!uncounted.succeeded.includes(uid(pod))) uncounted.succeeded.push(uid(pod));
    } else if (isValidIndex(job, index) && !includes(view.countedIndexes, index)) into.newIndexes.push(index);
    return;
  }
  const endsFailed = into.verdict !== undefined && into.verdict.type !== "SuccessCriteriaMet";
  if (!into.failed && !endsFailed) return;
  if (known || (isIndexed(job) && !isValidIndex(job, index))) return;
  if (applyFailurePolicy(job, pod).counts) uncounted.failed.push(uid(pod));
}

function withIndexes(view: Assessment, status: Status, newIndexes: readonly number[]): Status {
  const completed = merge(view.countedIndexes, fromIndexes(newIndexes));
  const { completedIndexes: _completed, failedIndexes: _failed, ...rest } = status;
  return {
    ...rest,
    succeeded: total(completed),
    ...(completed.length > 0 ? { completedIndexes: formatIntervals(completed) } : {}),
    ...(view.failedIndexes !== undefined ? { failedIndexes: formatIntervals(view.failedIndexes) } : {}),
  };
}

/** Pods of the uncounted list that lost their finalizer are counted now. The same object when there are none. */
export function countUntracked(status: Status, tracked: ReadonlySet<string>): Status {
  const { succeeded = [], failed = [] } = status.uncountedTerminatedPods ?? {};
  const left = { succeeded: succeeded.filter((id) => tracked.has(id)), failed: failed.filter((id) => tracked.has(id)) };
  const counted = { succeeded: succeeded.length - left.succeeded.length, failed: failed.length - left.failed.length };
  if (counted.succeeded + counted.failed === 0) return status;
  return {
    ...status,
    succeeded: (status.succeeded ?? 0) + counted.succeeded,
    failed: (status.failed ?? 0) + counted.failed,
    uncountedTerminatedPods: compact(left),
  };
}

/** The terminal condition, once nothing is left to count and no pod is left to end; undefined before. */
export function finish(
  status: Status,
  end: { verdict: Verdict | undefined; terminating: number; nowMs: number },
): Status | undefined {
  const { verdict, nowMs } = end;
  const { succeeded = [], failed = [] } = status.uncountedTerminatedPods ?? {};
  if (verdict === undefined || succeeded.length + failed.length > 0 || end.terminating > 0) return undefined;
  const complete = verdict.type === "SuccessCriteriaMet";
  const { reason, message } = verdict;
  const wanted = { type: complete ? "Complete" : "Failed", status: "True", reason, message };
  const conditions = ensureCondition(status.conditions ?? [], wanted, nowMs);
  return { ...status, conditions: [...conditions], ...(complete ? { completionTime: formatTime(nowMs) } : {}) };
}
