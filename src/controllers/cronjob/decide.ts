// Whether a CronJob starts a Job now, as data. Upstream: pkg/controller/cronjob.
import type { batch_v1, core_v1 } from "../../api/index.ts";
import { formatTime, parseTime } from "../../machinery/index.ts";
import { parseSchedule, type Schedule } from "./schedule.ts";
import { utc, type Zone, zoneOf } from "./zone.ts";

export type CronJob = batch_v1.CronJob;
export type Job = batch_v1.Job;
export type Reference = core_v1.ObjectReference;
export type Status = batch_v1.CronJobStatus;

export interface Told {
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
}

export interface Observed {
  readonly cronJob: CronJob;
  /** Those it controls. */
  readonly jobs: readonly Job[];
  /** Uids of active references whose job the server does not know any more. */
  readonly missing: ReadonlySet<string>;
  readonly nowMs: number;
}

export interface Plan {
  /** Finished jobs beyond the history limits, the oldest first. */
  readonly expired: readonly Job[];
  readonly told: readonly Told[];
  /** With what was observed; what is started comes on top. */
  readonly status: Status;
  /** A job is due. */
  readonly start:
    | {
        readonly scheduledMs: number;
        readonly name: string;
        readonly replace: readonly Reference[];
        readonly zone: Zone;
      }
    | undefined;
  readonly againMs: number | undefined;
}

export const finishedType = (job: Job): "Complete" | "Failed" | undefined => {
  const condition = job.status?.conditions?.find(
    ({ type, status }) => (type === "Complete" || type === "Failed") && status === "True",
  );
  return condition?.type as "Complete" | "Failed" | undefined;
};

export function decide(observed: Observed): Plan {
  const { cronJob } = observed;
  const told: Told[] = [];
  const warn = (reason: string, message: string): void => {
    told.push({ type: "Warning", reason, message });
  };
  const expired = expiredJobs(observed);
  const status = observedStatus(observed, { expired, told });
  const idle: Plan = { expired, told, status, start: undefined, againMs: undefined };
  if (cronJob.metadata.deletionTimestamp !== undefined) return idle;
  const { schedule: text, timeZone, suspend } = cronJob.spec;
  const zone = timeZone === undefined ? utc : zoneOf(timeZone);
  if (zone === undefined) {
    warn("UnknownTimeZone", `invalid timeZone: ${JSON.stringify(timeZone)}: unknown time zone ${timeZone}`);
    return idle;
  }
  if (suspend === true) return idle;
  if (text.includes("TZ"))
    warn(
      "UnsupportedSchedule",
      `CRON_TZ or TZ used in schedule ${JSON.stringify(text)} is not officially supported, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details`,
    );
  let schedule: Schedule;
  try {
    schedule = parseSchedule(text, zone);
  } catch (error) {
    warn("UnparseableSchedule", `unparseable schedule: ${JSON.stringify(text)} : ${(error as Error).message}`);
    return idle;
  }
  return { ...idle, ...decideStart(observed, { schedule, zone, status, told }) };
}

function decideStart(
  { cronJob, nowMs }: Observed,
  found: { schedule: Schedule; zone: Zone; status: Status; told: Told[] },
): Pick<Plan, "start" | "againMs"> {
  const { schedule, zone, status, told } = found;
  const againMs = untilNextMs(cronJob, schedule, nowMs);
  const wait = { start: undefined, againMs };
  const due = mostRecent(cronJob, schedule, { nowMs, honourDeadline: true });
  if (due.impossible) {
    // A user's mistake: nothing to do until the spec changes.
    const why = "time difference between two schedules is less than 1 second";
    told.push({
      type: "Warning",
      reason: "InvalidSchedule",
      message: `invalid schedule: ${cronJob.spec.schedule} : ${why}`,
    });
    return { start: undefined, againMs: undefined };
  }
  if (due.scheduledMs === undefined) return wait;
  if (due.missed === "many")
    told.push({
      type: "Warning",
      reason: "TooManyMissedTimes",
      message: "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew",
    });
  const { scheduledMs } = due;
  const { startingDeadlineSeconds, concurrencyPolicy } = cronJob.spec;
  if (startingDeadlineSeconds !== undefined && scheduledMs + startingDeadlineSeconds * 1000 < nowMs) {
    const message = `Missed scheduled time to start a job: ${formatRfc1123(scheduledMs)}`;
    told.push({ type: "Warning", reason: "MissSchedule", message });
    return wait;
  }
  const name = jobName(cronJob, scheduledMs);
  const active = status.active ?? [];
  const started = active.some((each) => each.name === name && each.namespace === cronJob.metadata.namespace);
  if (started || parseTime(status.lastScheduleTime) === scheduledMs) return wait;
  if (concurrencyPolicy === "Forbid" && active.length > 0) {
    const message = "Not starting job because prior execution is running and concurrency policy is Forbid";
    told.push({ type: "Normal", reason: "JobAlreadyActive", message });
    return wait;
  }
  return { start: { scheduledMs, name, replace: concurrencyPolicy === "Replace" ? active : [], zone }, againMs };
}

/** One name for one time, so that no time starts two jobs. */
const jobName = (cronJob: CronJob, scheduledMs: number): string =>
  `${cronJob.metadata.name}-${Math.floor(scheduledMs / 60_000)}`;

function expiredJobs({ cronJob, jobs }: Observed): Job[] {
  const { failedJobsHistoryLimit, successfulJobsHistoryLimit } = cronJob.spec;
  const beyond = (type: "Complete" | "Failed", limit: number | undefined): Job[] => {
    if (limit === undefined) return [];
    const finished = jobs.filter((job) => finishedType(job) === type).sort(byStart);
    return finished.slice(0, Math.max(0, finished.length - limit));
  };
  return [...beyond("Complete", successfulJobsHistoryLimit), ...beyond("Failed", failedJobsHistoryLimit)];
}

function byStart(a: Job, b: Job): number {
  const aMs = parseTime(a.status?.startTime);
  const bMs = parseTime(b.status?.startTime);
  if (Number.isNaN(aMs) !== Number.isNaN(bMs)) return Number.isNaN(aMs) ? 1 : -1;
  return (aMs || 0) - (bMs || 0) || (a.metadata.name < b.metadata.name ? -1 : 1);
}

function observedStatus({ cronJob, jobs, missing }: Observed, by: { expired: readonly Job[]; told: Told[] }): Status {
  const gone = new Set(by.expired.map((job) => job.metadata.uid ?? ""));
  let active = (cronJob.status?.active ?? []).filter((each) => !gone.has(each.uid ?? ""));
  let lastSuccessMs = parseTime(cronJob.status?.lastSuccessfulTime);
  for (const job of jobs) {
    const finished = finishedType(job);
    const listed = active.some((each) => each.uid === job.metadata.uid);
    if (finished === undefined) {
      if (listed) continue;
      const message = `Saw a job that the controller did not create or forgot: ${job.metadata.name}`;
      by.told.push({ type: "Warning", reason: "UnexpectedJob", message });
      continue;
    }
    if (listed) {
      active = active.filter((each) => each.uid !== job.metadata.uid);
      const message = `Saw completed job: ${job.metadata.name}, condition: ${finished}`;
      by.told.push({ type: "Normal", reason: "SawCompletedJob", message });
    }
    const completedMs = finished === "Complete" ? parseTime(job.status?.completionTime) : Number.NaN;
    if (!Number.isNaN(completedMs) && !(completedMs <= lastSuccessMs)) lastSuccessMs = completedMs;
  }
  for (const each of active.filter((one) => missing.has(one.uid ?? "")))
    by.told.push({ type: "Normal", reason: "MissingJob", message: `Active job went missing: ${each.name}` });
  active = active.filter((each) => !missing.has(each.uid ?? ""));
  const { active: _, ...rest } = cronJob.status ?? {};
  return {
    ...rest,
    ...(active.length > 0 ? { active } : {}),
    ...(Number.isNaN(lastSuccessMs) ? {} : { lastSuccessfulTime: formatTime(lastSuccessMs) }),
  };
}

interface Due {
  readonly earliestMs: number;
  readonly scheduledMs: number | undefined;
  readonly missed: "none" | "few" | "many";
  /** Well written, and there are no such days: February 31st. */
  readonly impossible?: true;
}

/** The latest scheduled time up to now that was not served yet. Upstream: mostRecentScheduleTime. */
function mostRecent(cronJob: CronJob, schedule: Schedule, at: { nowMs: number; honourDeadline: boolean }): Due {
  const { nowMs } = at;
  let earliestMs = parseTime(cronJob.status?.lastScheduleTime ?? cronJob.metadata.creationTimestamp);
  const { startingDeadlineSeconds } = cronJob.spec;
  if (at.honourDeadline && startingDeadlineSeconds !== undefined)
    earliestMs = Math.max(earliestMs, nowMs - startingDeadlineSeconds * 1000);
  const first = schedule.next(earliestMs);
  const never = { earliestMs, scheduledMs: undefined, missed: "none", impossible: true } as const;
  if (first === undefined) return never;
  if (nowMs < first) return { earliestMs, scheduledMs: undefined, missed: "none" };
  const second = schedule.next(first);
  if (second === undefined) return never;
  if (nowMs < second) return { earliestMs, scheduledMs: first, missed: "none" };
  // Jumps over what was missed, as far as times lie evenly, and walks the rest.
  const periodMs = second - first;
  const count = Math.floor((nowMs - first) / periodMs) + 1;
  let latest: number | undefined;
  const walkFromMs = first + (count - 2) * periodMs;
  for (let time = schedule.next(walkFromMs); time !== undefined && time <= nowMs; time = schedule.next(time))
    latest = time;
  return { earliestMs, scheduledMs: latest, missed: count > 100 ? "many" : "few" };
}

/** A little after the time itself, so that clocks that differ do not ask too early. */
const graceMs = 100;

export function untilNextMs(cronJob: CronJob, schedule: Schedule, nowMs: number): number | undefined {
  const due = mostRecent(cronJob, schedule, { nowMs, honourDeadline: false });
  const fromMs = due.scheduledMs ?? (due.missed === "none" ? due.earliestMs : nowMs);
  const next = schedule.next(fromMs);
  return next === undefined ? undefined : next + graceMs - nowMs;
}

const formatRfc1123 = (ms: number): string => new Date(ms).toUTCString().replace("GMT", "+0000");
