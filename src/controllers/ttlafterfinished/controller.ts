// Deletes finished Jobs when their time to live is over. Upstream: pkg/controller/ttlafterfinished.
import { type batch_v1, jobs } from "../../api/index.ts";
import { isNotFound, objectKey, parseTime } from "../../machinery/index.ts";
import { type ControllerContext, newQueue, runLoop, watch } from "../lib/index.ts";

type Job = batch_v1.Job;

/** Milliseconds until the job may go; undefined when it stays. */
function timeLeftMs(job: Job, nowMs: number): number | undefined {
  const { ttlSecondsAfterFinished } = job.spec ?? {};
  if (ttlSecondsAfterFinished === undefined || job.metadata.deletionTimestamp !== undefined) return undefined;
  const end = job.status?.conditions?.find(
    (condition) => (condition.type === "Complete" || condition.type === "Failed") && condition.status === "True",
  );
  if (end === undefined) return undefined;
  const finishedMs = parseTime(end.lastTransitionTime);
  if (Number.isNaN(finishedMs)) throw new Error(`unable to find the time when the Job ${objectKey(job)} finished`);
  return finishedMs + ttlSecondsAfterFinished * 1000 - nowMs;
}

export async function runTtlAfterFinished(context: ControllerContext): Promise<void> {
  const { client, clock } = context;
  const queue = newQueue(context, "ttl_jobs_to_delete");
  const wake = (job: Job): void => {
    if (timeLeftMs(job, clock.now()) !== undefined) queue.add(objectKey(job));
  };
  const informer = watch(context, jobs, { add: wake, update: (_, job) => wake(job) });
  const reconcile = async (key: string): Promise<number | undefined> => {
    const cached = informer.byKey(key);
    const leftMs = cached && timeLeftMs(cached, clock.now());
    if (leftMs === undefined) return undefined;
    if (leftMs > 0) return leftMs;
    // The cache may be late, and a deletion cannot be taken back.
    const fresh = await client.of(jobs).find(cached!.metadata);
    const freshMs = fresh && timeLeftMs(fresh, clock.now());
    if (freshMs === undefined) return undefined;
    if (freshMs > 0) return freshMs;
    try {
      const preconditions = { uid: fresh!.metadata.uid! };
      await client.of(jobs).delete(fresh!.metadata, { propagationPolicy: "Foreground", preconditions });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    return undefined;
  };
  await runLoop(context, { queue, informers: [informer], reconcile });
}
