// Conditions of a Job, with upstream's reasons and texts.
import type { batch_v1 } from "../../api/index.ts";
import { formatTime } from "../../machinery/index.ts";
import type { Job } from "./pods.ts";

export type Condition = batch_v1.JobCondition;

/** How a job ends: what `type` it gets first, and the terminal one after its pods are gone. */
export interface Verdict {
  readonly type: "SuccessCriteriaMet" | "FailureTarget";
  readonly reason: string;
  readonly message: string;
}

export const failure = (reason: string, message: string): Verdict => ({ type: "FailureTarget", reason, message });
export const success = (reason: string, message: string): Verdict => ({ type: "SuccessCriteriaMet", reason, message });

export const reachedCompletions = success("CompletionsReached", "Reached expected number of succeeded pods");
export const backoffLimitExceeded = failure("BackoffLimitExceeded", "Job has reached the specified backoff limit");
export const deadlineExceeded = failure("DeadlineExceeded", "Job was active longer than specified deadline");
export const tooManyFailedIndexes = failure(
  "MaxFailedIndexesExceeded",
  "Job has exceeded the specified maximal number of failed indexes",
);
export const hasFailedIndexes = failure("FailedIndexes", "Job has failed indexes");

export const newCondition = (
  condition: Pick<Condition, "type" | "status" | "reason" | "message">,
  nowMs: number,
): Condition => ({
  ...condition,
  lastProbeTime: formatTime(nowMs),
  lastTransitionTime: formatTime(nowMs),
});

const trueCondition = (job: Pick<Job, "status">, type: string): Condition | undefined =>
  job.status?.conditions?.find((condition) => condition.type === type && condition.status === "True");

/** The verdict that an earlier run wrote down. */
export function knownVerdict(job: Job): Verdict | undefined {
  for (const type of ["SuccessCriteriaMet", "FailureTarget"] as const) {
    const { reason = "", message = "" } = trueCondition(job, type) ?? {};
    if (trueCondition(job, type) !== undefined) return { type, reason, message };
  }
  return undefined;
}

/** Sets the condition; one that would only start as False is left out. The same list when nothing changes. */
export function ensureCondition(
  list: readonly Condition[],
  wanted: Pick<Condition, "type" | "status" | "reason" | "message">,
  nowMs: number,
): readonly Condition[] {
  const before = list.find((condition) => condition.type === wanted.type);
  if (before === undefined) return wanted.status === "False" ? list : [...list, newCondition(wanted, nowMs)];
  const same = before.status === wanted.status && before.reason === wanted.reason && before.message === wanted.message;
  return same ? list : list.map((condition) => (condition === before ? newCondition(wanted, nowMs) : condition));
}
