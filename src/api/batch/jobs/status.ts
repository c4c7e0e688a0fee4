// What a status of a Job may say and how it may go on. A rule holds only for what changes, so that updates of one part do not
// fail for another. Upstream: pkg/apis/batch/validation ValidateJobStatusUpdate, pkg/registry/batch/job.
import type { Job, JobStatus } from "../../../../facts/types/batch.v1.ts";
import { deepEqual, type FieldError, field, parseTime } from "../../../machinery/index.ts";
import { firstOverlap, indexesError } from "../../lib/index-intervals.ts";
import { type Findings, item, notNegative, optional, worthChecking } from "../../lib/validate.ts";

const holds = (job: Job, type: string, wanted: "True" | "False" = "True"): boolean =>
  job.status?.conditions?.some((each) => each.type === type && each.status === wanted) ?? false;

const isFinished = (job: Job): boolean => holds(job, "Complete") || holds(job, "Failed");

const conditions = (detail: string): FieldError => ({
  type: "FieldValueInvalid",
  field: "status.conditions",
  message: `Invalid value: ${detail}`,
});

const sameTime = (a: string | undefined, b: string | undefined): boolean =>
  a === b || (a !== undefined && b !== undefined && parseTime(a) === parseTime(b));

/** What differs between the two states. */
function changesOf(job: Job, old: Job) {
  const [now, before] = [job.status ?? {}, old.status ?? {}];
  const turned = (type: string): boolean => holds(job, type) !== holds(old, type);
  return {
    finished: isFinished(job) !== isFinished(old),
    complete: turned("Complete"),
    failed: turned("Failed"),
    failureTarget: turned("FailureTarget"),
    successCriteriaMet: turned("SuccessCriteriaMet"),
    completedIndexes: (now.completedIndexes ?? "") !== (before.completedIndexes ?? ""),
    failedIndexes: now.failedIndexes !== before.failedIndexes,
    active: (now.active ?? 0) !== (before.active ?? 0),
    startTime: !sameTime(now.startTime, before.startTime),
    completionTime: !sameTime(now.completionTime, before.completionTime),
    uncounted: !deepEqual(now.uncountedTerminatedPods, before.uncountedTerminatedPods),
    ready: now.ready !== before.ready,
    terminating: now.terminating !== before.terminating,
  };
}

type Changes = ReturnType<typeof changesOf>;

function uncounted({ uncountedTerminatedPods: pods }: JobStatus, found: Findings): void {
  const seen = new Set<string>();
  for (const list of ["succeeded", "failed"] as const)
    for (const [index, uid] of worthChecking(pods?.[list] ?? [], found)) {
      const path = item(`status.uncountedTerminatedPods.${list}`, index);
      if (uid === "") found.push(field.invalid(path, uid, "must not be empty"));
      else if (seen.has(uid)) found.push(field.duplicate(path, uid));
      else seen.add(uid);
    }
}

function terminalConditions(job: Job, changes: Changes, found: Findings): void {
  const [complete, failed, status] = [holds(job, "Complete"), holds(job, "Failed"), job.status ?? {}];
  const { completionTime, startTime } = status;
  if ((changes.complete || changes.failed) && complete && failed)
    found.push(conditions("cannot set Complete=True and Failed=true conditions"));
  if ((changes.complete || changes.failureTarget) && complete && holds(job, "FailureTarget"))
    found.push(conditions("cannot set Complete=True and FailureTarget=true conditions"));
  if (changes.complete || changes.completionTime) {
    if (completionTime !== undefined && !complete)
      found.push(
        field.invalid(
          "status.completionTime",
          completionTime,
          "cannot set completionTime when there is no Complete=True condition",
        ),
      );
    if (completionTime === undefined && complete)
      found.push(field.required("status.completionTime", "completionTime is required for Complete jobs"));
  }
  if (
    (changes.startTime || changes.completionTime) &&
    startTime !== undefined &&
    completionTime !== undefined &&
    parseTime(completionTime) < parseTime(startTime)
  )
    found.push(field.invalid("status.completionTime", completionTime, "must be equal to or after `startTime`"));
  if ((changes.failed || changes.failedIndexes) && failed && !holds(job, "FailureTarget"))
    found.push(conditions("cannot set Failed=True condition without the FailureTarget=true condition"));
  if ((changes.complete || changes.successCriteriaMet) && complete && !holds(job, "SuccessCriteriaMet"))
    found.push(conditions("cannot set Complete=True condition without the SuccessCriteriaMet=true condition"));
}

function finishedJob(job: Job, changes: Changes, found: Findings): void {
  if (!isFinished(job)) return;
  const { active = 0, startTime, uncountedTerminatedPods: pods } = job.status ?? {};
  const neverRuns = job.spec.suspend === true && job.spec.completions === 0;
  if ((changes.finished || changes.active) && active > 0)
    found.push(field.invalid("status.active", active, "active>0 is invalid for finished job"));
  if ((changes.finished || changes.startTime) && !neverRuns && startTime === undefined)
    found.push(field.required("status.startTime", "startTime is required for finished job"));
  if ((changes.finished || changes.uncounted) && (pods?.failed?.length ?? 0) + (pods?.succeeded?.length ?? 0) > 0)
    found.push(
      field.invalid(
        "status.uncountedTerminatedPods",
        { Succeeded: pods?.succeeded ?? null, Failed: pods?.failed ?? null },
        "must be empty for finished job",
      ),
    );
}

function indexes({ spec, status = {} }: Job, changes: Changes, found: Findings): void {
  const { completions, backoffLimitPerIndex, completionMode } = spec;
  const { completedIndexes = "", failedIndexes } = status;
  const problem = (text: string): string | undefined =>
    completions === undefined ? undefined : indexesError(text, completions);
  const wrongCompleted = changes.completedIndexes ? problem(completedIndexes) : undefined;
  if (wrongCompleted !== undefined)
    found.push(
      field.invalid("status.completedIndexes", completedIndexes, `error parsing completedIndexes: ${wrongCompleted}`),
    );
  if (changes.failedIndexes && backoffLimitPerIndex !== undefined && failedIndexes !== undefined) {
    const wrongFailed = problem(failedIndexes);
    if (wrongFailed !== undefined)
      found.push(field.invalid("status.failedIndexes", failedIndexes, `error parsing failedIndexes: ${wrongFailed}`));
  }
  if (changes.completedIndexes && completedIndexes !== "" && completionMode !== "Indexed")
    found.push(
      field.invalid(
        "status.completedIndexes",
        completedIndexes,
        "cannot set non-empty completedIndexes when non-indexed completion mode",
      ),
    );
  if (changes.failedIndexes && backoffLimitPerIndex === undefined && failedIndexes !== undefined)
    found.push(
      field.invalid(
        "status.failedIndexes",
        failedIndexes,
        "cannot set non-null failedIndexes when backoffLimitPerIndex is null",
      ),
    );
  if (!(changes.failedIndexes || changes.completedIndexes) || completions === undefined || failedIndexes === undefined)
    return;
  const overlap = firstOverlap(completedIndexes, failedIndexes, completions);
  if (overlap !== undefined)
    found.push(
      field.invalid(
        "status.failedIndexes",
        failedIndexes,
        `failedIndexes and completedIndexes overlap at index: ${overlap}`,
      ),
    );
}

function counters(job: Job, changes: Changes, found: Findings): void {
  const { terminating, ready, active = 0 } = job.status ?? {};
  if ((changes.finished || changes.terminating) && (terminating ?? 0) > 0 && isFinished(job))
    found.push(field.invalid("status.terminating", terminating, "terminating>0 is invalid for finished job"));
  if ((changes.ready || changes.active) && ready !== undefined && ready > active)
    found.push(field.invalid("status.ready", ready, "cannot set more ready pods than active"));
  if (!holds(job, "SuccessCriteriaMet")) {
    if (job.spec.successPolicy !== undefined && holds(job, "Complete"))
      found.push(conditions("cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True"));
    return;
  }
  if (holds(job, "Failed")) found.push(conditions("cannot set SuccessCriteriaMet=True and Failed=true conditions"));
  if (holds(job, "FailureTarget"))
    found.push(conditions("cannot set SuccessCriteriaMet=True and FailureTarget=true conditions"));
}

/** What may not be taken back. */
function transitions(job: Job, old: Job, found: Findings): void {
  const [now, before] = [job.status ?? {}, old.status ?? {}];
  for (const type of ["Failed", "Complete", "FailureTarget"])
    if (holds(old, type) && !holds(job, type))
      found.push(conditions(`cannot disable the terminal ${type}=True condition`));
  if ((now.failed ?? 0) < (before.failed ?? 0))
    found.push(field.invalid("status.failed", now.failed ?? 0, "cannot decrease the failed counter"));
  const scales = job.spec.completionMode === "Indexed" && job.spec.completions === job.spec.parallelism;
  if (!scales && (now.succeeded ?? 0) < (before.succeeded ?? 0))
    found.push(field.invalid("status.succeeded", now.succeeded ?? 0, "cannot decrease the succeeded counter"));
  if (now.completionTime !== undefined && before.completionTime !== undefined)
    if (!sameTime(now.completionTime, before.completionTime))
      found.push(field.invalid("status.completionTime", now.completionTime, "field is immutable"));
  const resumes = holds(old, "Suspended") && holds(job, "Suspended", "False");
  if (before.startTime !== undefined && !sameTime(now.startTime, before.startTime))
    if (!resumes && job.spec.suspend !== true)
      found.push(
        field.invalid("status.startTime", now.startTime ?? null, "field is immutable for unsuspended job once set"),
      );
  const [met, wasMet] = [holds(job, "SuccessCriteriaMet"), holds(old, "SuccessCriteriaMet")];
  if (wasMet && !met) found.push(conditions("cannot disable the SuccessCriteriaMet=True condition"));
  if (holds(old, "Complete") && !wasMet && met)
    found.push(conditions("cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions"));
}

/** All findings of an update of `/status`. */
export function jobStatus(job: Job, old: Job): FieldError[] {
  const found: Findings = [];
  const status = job.status ?? {};
  for (const name of ["active", "succeeded", "failed"] as const) notNegative(status[name], `status.${name}`, found);
  for (const name of ["ready", "terminating"] as const) optional(notNegative)(status[name], `status.${name}`, found);
  const changes = changesOf(job, old);
  uncounted(status, found);
  terminalConditions(job, changes, found);
  finishedJob(job, changes, found);
  indexes(job, changes, found);
  counters(job, changes, found);
  transitions(job, old, found);
  return found;
}
