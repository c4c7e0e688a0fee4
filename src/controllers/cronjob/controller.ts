// CronJobs: carries out what decide.ts decides. Upstream: pkg/controller/cronjob/cronjob_controllerv2.go.

import { cronJobs, jobs } from "../../api/index.ts";
import { errorText } from "../../base/index.ts";
import type { Client, EventRecorder } from "../../client/index.ts";
import {
  controllerOf,
  deepEqual,
  formatTime,
  isAlreadyExists,
  isNotFound,
  type NewObject,
  objectKey,
} from "../../machinery/index.ts";
import {
  addControllerIndex,
  type ControllerContext,
  controlledBy,
  controllerReference,
  isControlledBy,
  isNamespaceTerminating,
  newQueue,
  resolveOwner,
  runLoop,
  watch,
} from "../lib/index.ts";
import {
  type CronJob,
  decide,
  finishedType,
  type Job,
  type Plan,
  type Reference,
  type Status,
  untilNextMs,
} from "./decide.ts";
import { parseSchedule } from "./schedule.ts";
import { formatInZone, type Zone, zoneOf } from "./zone.ts";

const scheduledAnnotation = "batch.kubernetes.io/cronjob-scheduled-timestamp";

export async function runCronJobs(context: ControllerContext): Promise<void> {
  const { client, clock } = context;
  const queue = newQueue(context, "cronjob");
  const recorder = context.recorder("cronjob-controller");
  const resource = client.of(cronJobs);
  const informer = watch(context, cronJobs, {
    add: (cronJob) => queue.add(objectKey(cronJob)),
    update(before, cronJob) {
      const { schedule, timeZone } = cronJob.spec;
      if (before.spec.schedule === schedule && before.spec.timeZone === timeZone) queue.add(objectKey(cronJob));
      else rescheduled(cronJob);
    },
  });
  /** A new schedule counts from now: a time of it that lies in the past is not made up for. */
  const rescheduled = (cronJob: CronJob): void => {
    try {
      const schedule = parseSchedule(cronJob.spec.schedule, zoneOf(cronJob.spec.timeZone ?? ""));
      queue.addAfter(objectKey(cronJob), untilNextMs(cronJob, schedule, clock.now()) ?? 0);
    } catch {
      // Only parsing throws here; the next run tells what is wrong with the text.
      const message = `unparseable schedule for cronjob: ${cronJob.spec.schedule}`;
      recorder.event(cronJob, { type: "Warning", reason: "UnParseableCronJobSchedule", message });
    }
  };
  const wakeOwner = (job: Job): void => {
    const owner = resolveOwner(informer, controllerOf(job), job.metadata.namespace ?? "");
    if (owner !== undefined) queue.add(objectKey(owner));
  };
  const jobInformer = watch(context, jobs, {
    add: wakeOwner,
    update(before, job) {
      if (controllerOf(before)?.uid !== controllerOf(job)?.uid) wakeOwner(before);
      wakeOwner(job);
    },
    delete: wakeOwner,
  });
  addControllerIndex(jobInformer);

  const reconcile = async (key: string): Promise<number | undefined> => {
    const cached = informer.byKey(key);
    if (cached === undefined) return undefined;
    const children = controlledBy(jobInformer, cached.metadata.uid);
    const cronJob = await freshEnough(client, cached, children);
    if (cronJob === undefined) return undefined;
    const missing = await missingJobs(client, cronJob, children);
    const plan = decide({ cronJob, jobs: children, missing, nowMs: clock.now() });
    const { status, error } = await carryOut({ client, recorder, cronJob, plan });
    if (!deepEqual(status, cronJob.status ?? {})) await resource.updateStatus({ ...cronJob, status });
    if (error !== undefined) throw error;
    return plan.againMs === undefined ? undefined : Math.max(1, plan.againMs);
  };
  await runLoop(context, { queue, informers: [informer, jobInformer], reconcile });
}

/** A running job that status does not list was started by us a moment ago, or by someone else: the server knows. */
async function freshEnough(client: Client, cached: CronJob, children: readonly Job[]): Promise<CronJob | undefined> {
  const listed = new Set(cached.status?.active?.map((each) => each.uid));
  const surprising = children.some((job) => finishedType(job) === undefined && !listed.has(job.metadata.uid ?? ""));
  if (!surprising) return cached;
  const fresh = await client.of(cronJobs).find(cached.metadata);
  return fresh?.metadata.uid === cached.metadata.uid ? fresh : undefined;
}

async function missingJobs(client: Client, cronJob: CronJob, children: readonly Job[]): Promise<ReadonlySet<string>> {
  const known = new Set(children.map((job) => job.metadata.uid ?? ""));
  const missing = new Set<string>();
  for (const each of cronJob.status?.active ?? []) {
    if (known.has(each.uid ?? "")) continue;
    const job = await client.of(jobs).find({ namespace: each.namespace ?? "", name: each.name ?? "" });
    if (job === undefined) missing.add(each.uid ?? "");
  }
  return missing;
}

interface Work {
  readonly client: Client;
  readonly recorder: EventRecorder;
  readonly cronJob: CronJob;
  readonly plan: Plan;
}

async function carryOut(work: Work): Promise<{ status: Status; error: unknown }> {
  const { plan, cronJob, recorder } = work;
  let { status } = plan;
  for (const job of plan.expired)
    if (!(await remove(work, job))) {
      // It stays where it was until it can be deleted.
      const kept = cronJob.status?.active?.find((each) => each.uid === job.metadata.uid);
      if (kept !== undefined) status = { ...status, active: [...(status.active ?? []), kept] };
    }
  for (const told of plan.told) recorder.event(cronJob, told);
  if (plan.start === undefined) return { status, error: undefined };
  try {
    for (const each of plan.start.replace) {
      await replace(work, each);
      status = withActive(
        status,
        (status.active ?? []).filter((one) => one.uid !== each.uid),
      );
    }
    const job = await start(work, plan.start);
    if (job === undefined) return { status, error: undefined };
    const active = [...(status.active ?? []), referenceTo(job)];
    return {
      status: { ...withActive(status, active), lastScheduleTime: formatTime(plan.start.scheduledMs) },
      error: undefined,
    };
  } catch (error) {
    return { status, error };
  }
}

function withActive(status: Status, active: readonly Reference[]): Status {
  const { active: _, ...rest } = status;
  return active.length > 0 ? { ...rest, active: [...active] } : rest;
}

const referenceTo = (job: Job): Reference => ({
  kind: "Job",
  namespace: job.metadata.namespace ?? "",
  name: job.metadata.name,
  uid: job.metadata.uid ?? "",
  apiVersion: "batch/v1",
  resourceVersion: job.metadata.resourceVersion ?? "",
});

async function remove({ client, recorder, cronJob }: Work, job: Job): Promise<boolean> {
  try {
    await client.of(jobs).delete(job.metadata, { propagationPolicy: "Background" });
  } catch (error) {
    const message = `Deleted job: ${errorText(error)}`;
    recorder.event(cronJob, { type: "Warning", reason: "FailedDelete", message });
    return false;
  }
  recorder.event(cronJob, { type: "Normal", reason: "SuccessfulDelete", message: `Deleted job ${job.metadata.name}` });
  return true;
}

async function replace(work: Work, reference: Reference): Promise<void> {
  const name = { namespace: reference.namespace ?? "", name: reference.name ?? "" };
  let job: Job;
  try {
    job = await work.client.of(jobs).get(name);
  } catch (error) {
    const message = `Get job: ${errorText(error)}`;
    work.recorder.event(work.cronJob, { type: "Warning", reason: "FailedGet", message });
    throw error;
  }
  if (!(await remove(work, job))) throw new Error(`could not replace job ${name.namespace}/${name.name}`);
}

/** The job of this time; undefined when there is nothing to write down. */
async function start(
  { client, recorder, cronJob }: Work,
  due: { scheduledMs: number; name: string; zone: Zone },
): Promise<Job | undefined> {
  try {
    const job = await client.of(jobs).create(jobFor(cronJob, due));
    recorder.event(cronJob, {
      type: "Normal",
      reason: "SuccessfulCreate",
      message: `Created job ${job.metadata.name}`,
    });
    return job;
  } catch (error) {
    if (isAlreadyExists(error)) {
      const job = await client.of(jobs).find({ namespace: cronJob.metadata.namespace ?? "", name: due.name });
      if (job === undefined || !isControlledBy(job, cronJob)) return undefined;
      return cronJob.status?.active?.some((each) => each.uid === job.metadata.uid) ? undefined : job;
    }
    if (!isNamespaceTerminating(error) && !isNotFound(error)) {
      const message = `Error creating job: ${errorText(error)}`;
      recorder.event(cronJob, { type: "Warning", reason: "FailedCreate", message });
    }
    throw error;
  }
}

function jobFor(cronJob: CronJob, due: { scheduledMs: number; name: string; zone: Zone }): NewObject<Job> {
  const { metadata, spec } = cronJob.spec.jobTemplate;
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: {
      name: due.name,
      namespace: cronJob.metadata.namespace ?? "",
      ...(metadata?.labels !== undefined ? { labels: metadata.labels } : {}),
      annotations: { ...metadata?.annotations, [scheduledAnnotation]: formatInZone(due.scheduledMs, due.zone) },
      ownerReferences: [controllerReference(cronJob)],
    },
    spec: spec ?? { template: {} },
  };
}
