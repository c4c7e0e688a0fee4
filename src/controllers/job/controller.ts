// Jobs: carries out what decide.ts and account.ts decide. Upstream: pkg/controller/job.
import { jobs, pods } from "../../api/index.ts";
import type { Client, EventRecorder, Informer } from "../../client/index.ts";
import {
  controllerOf,
  deepEqual,
  formatTime,
  ignoreNotFound,
  isNotFound,
  labelSelectorMatcher,
  objectKey,
} from "../../machinery/index.ts";
import {
  all,
  type ControllerContext,
  claim,
  compactStatus,
  controlledBy,
  createExpectations,
  createPodControl,
  type Expectations,
  intoQueue,
  isNamespaceTerminating,
  isReady,
  type LoopOptions,
  newQueue,
  orphansIn,
  type PodControl,
  resolveOwner,
  runLoop,
  slowStart,
  watch,
  watchPodsOf,
} from "../lib/index.ts";
import { account, countUntracked, finish, type Status } from "./account.ts";
import { type BackoffRecord, noFailures } from "./backoff.ts";
import { ensureCondition, reachedCompletions, type Verdict } from "./conditions.ts";
import { type Assessment, assess, manage } from "./decide.ts";
import {
  isFinished,
  isForeign,
  isSuspended,
  isTracked,
  type Job,
  type Pod,
  podFor,
  trackingFinalizer,
  untrackPatch,
} from "./pods.ts";

const recheckMs = 10_000;

export async function runJobs(context: ControllerContext): Promise<void> {
  const { client, clock } = context;
  const queue = newQueue(context, "job");
  const recorder = context.recorder("job-controller");
  const informer = watch(context, jobs, intoQueue(queue));
  const podInformer = watchPodsOf(context, { owners: informer, selector: selectorOf, enqueue: queue.add });
  const expectations = createExpectations(clock, podInformer);
  const jobWrites = createExpectations(clock, informer);
  const podControl = createPodControl({ client, recorder, expectations, keyOf: objectKey });
  const rim: Rim = {
    client,
    recorder,
    expectations,
    jobWrites,
    podControl,
    podInformer,
    backoffs: new Map(),
    untracking: createUntracking(client, podInformer),
  };
  const orphans = watchOrphans(context, { informer, podInformer });

  const reconcile = async (key: string): Promise<number | undefined> => {
    const job = informer.byKey(key);
    if (job === undefined || isFinished(job)) {
      if (job === undefined) expectations.forget(key);
      rim.backoffs.delete(key);
      return undefined;
    }
    if (isForeign(job)) return undefined;
    if (!jobWrites.satisfied(key)) return recheckMs;
    const { completionMode } = job.spec ?? {};
    if (completionMode !== undefined && completionMode !== "NonIndexed" && completionMode !== "Indexed") {
      const message = "Skipped Job sync because completion mode is unknown";
      recorder.event(job, { type: "Warning", reason: "UnknownCompletionMode", message });
      return undefined;
    }
    const settled = expectations.satisfied(key);
    const claimed = await claim({
      owner: job,
      selector: selectorOf(job),
      candidates: [
        ...controlledBy(podInformer, job.metadata.uid),
        ...orphansIn(podInformer, job.metadata.namespace ?? ""),
      ],
      owners: client.of(jobs),
      resource: client.of(pods),
      finalizers: [trackingFinalizer],
    });
    const view = assess({
      job,
      pods: claimed,
      untracked: rim.untracking.pending(key),
      backoff: rim.backoffs.get(key) ?? noFailures,
      nowMs: clock.now(),
    });
    const againMs = await sync(rim, view, settled);
    const waits = [againMs, view.deadlineMs, settled ? undefined : recheckMs].filter((ms) => ms !== undefined);
    return waits.length > 0 ? Math.max(1, Math.min(...waits)) : undefined;
  };
  await Promise.all([
    runLoop(context, { queue, informers: [informer, podInformer], reconcile }),
    runLoop(context, { ...orphans, informers: [informer, podInformer], workers: 1 }),
  ]);
}

const selectorOf = (job: Job) => labelSelectorMatcher(job.spec?.selector);

interface Rim {
  readonly client: Client;
  readonly recorder: EventRecorder;
  readonly expectations: Expectations;
  readonly jobWrites: Expectations;
  readonly podControl: PodControl;
  readonly podInformer: Informer<Pod>;
  readonly backoffs: Map<string, BackoffRecord>;
  readonly untracking: Untracking;
}

/** What became of the pods in this run. */
interface Progress {
  active: number;
  ready: number;
  terminating: number;
  verdict: Verdict | undefined;
  error: unknown;
  againMs: number | undefined;
  managed: boolean;
}

async function sync(rim: Rim, view: Assessment, settled: boolean): Promise<number | undefined> {
  const progress = await actOnPods(rim, view, settled);
  const before = view.job.status ?? {};
  const { startTime: _startTime, ...rest } = before;
  const startTime = before.startTime ?? (isSuspended(view.job) ? undefined : formatTime(view.nowMs));
  let status: Status = {
    ...rest,
    ...(startTime !== undefined ? { startTime } : {}),
    active: progress.active,
    ready: progress.ready,
    terminating: progress.terminating,
    uncountedTerminatedPods: before.uncountedTerminatedPods ?? {},
  };
  if (progress.managed && progress.verdict === undefined) status = noteSuspension(rim, view, status);
  await track(rim, view, { status, progress });
  if (progress.error !== undefined) throw progress.error;
  return progress.againMs;
}

async function actOnPods(rim: Rim, view: Assessment, settled: boolean): Promise<Progress> {
  const { job, active } = view;
  const progress: Progress = {
    active: active.length,
    ready: view.ready,
    terminating: view.terminating,
    verdict: view.verdict,
    error: undefined,
    againMs: undefined,
    managed: false,
  };
  if (view.verdict !== undefined) {
    await remove(rim, job, { pods: active, untrack: false, progress });
    // The end is written down when every pod was told to end and nothing may still appear.
    if (progress.active > 0 || !settled) progress.verdict = undefined;
    return progress;
  }
  if (settled && job.metadata.deletionTimestamp === undefined) {
    progress.managed = true;
    const management = manage(view);
    switch (management.do) {
      case "nothing":
        progress.againMs = management.againMs;
        break;
      case "delete":
        await remove(rim, job, { pods: management.pods, untrack: true, progress });
        break;
      case "create":
        await create(rim, view, { indexes: management.indexes, progress });
        break;
    }
  }
  const { completions } = job.spec ?? {};
  const enough = completions === undefined ? view.succeeded > 0 : view.succeeded >= completions;
  if (enough && progress.active === 0) progress.verdict = reachedCompletions;
  return progress;
}

async function remove(
  rim: Rim,
  job: Job,
  work: { pods: readonly Pod[]; untrack: boolean; progress: Progress },
): Promise<void> {
  const { progress } = work;
  try {
    await all(work.pods, async (pod) => {
      try {
        if (work.untrack && isTracked(pod))
          await rim.client.of(pods).patch(pod.metadata, untrackPatch, { type: "strategic" });
        await rim.podControl.delete(job, pod);
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
      progress.active--;
      progress.terminating++;
      if (isReady(pod)) progress.ready--;
    });
  } catch (error) {
    progress.error = error;
  }
}

async function create(
  rim: Rim,
  view: Assessment,
  work: { indexes: readonly (number | undefined)[]; progress: Progress },
): Promise<void> {
  const { job } = view;
  const { error, successes } = await slowStart(work.indexes.length, async (at) => {
    const index = work.indexes[at];
    const { template, generateName } = podFor(job, index, index === undefined ? undefined : view.held.get(index));
    try {
      await rim.podControl.create(job, template, generateName === undefined ? {} : { generateName });
    } catch (failure) {
      if (!isNamespaceTerminating(failure)) throw failure;
    }
  });
  work.progress.active += successes;
  work.progress.error = error;
}

function noteSuspension({ recorder }: Rim, { job, nowMs }: Assessment, status: Status): Status {
  const suspended = isSuspended(job);
  const wanted = suspended
    ? { type: "Suspended", status: "True", reason: "JobSuspended", message: "Job suspended" }
    : { type: "Suspended", status: "False", reason: "JobResumed", message: "Job resumed" };
  const before = status.conditions ?? [];
  const conditions = ensureCondition(before, wanted, nowMs);
  if (conditions === before) return status;
  recorder.event(job, { type: "Normal", reason: suspended ? "Suspended" : "Resumed", message: wanted.message });
  const { startTime: _, ...rest } = status;
  return { ...rest, conditions: [...conditions], ...(suspended ? {} : { startTime: formatTime(nowMs) }) };
}

/** Writes the status, takes finalizers away, counts, and finishes the job: in this order, so that a crash loses nothing. */
async function track(rim: Rim, view: Assessment, run: { status: Status; progress: Progress }): Promise<void> {
  const { nowMs } = view;
  const { verdict, terminating } = run.progress;
  const key = objectKey(view.job);
  const counted = account(view, run.status, verdict);
  let job = view.job;
  let status = counted.status;
  const flush = async (): Promise<void> => {
    if (deepEqual(comparable(job.status), comparable(status))) return;
    job = await rim.client
      .of(jobs)
      .updateStatus({ ...job, status: compactStatus(status, ["ready", "terminating", "failedIndexes"]) });
    rim.jobWrites.changed(key, job);
    status = job.status ?? status;
  };
  await flush();
  rim.backoffs.set(key, view.nextBackoff);
  const { done, error } = await rim.untracking.remove(key, counted.untrack);
  for (const pod of done) counted.tracked.delete(pod.metadata.uid ?? "");
  status = countUntracked(status, counted.tracked);
  const finished = counted.more || error !== undefined ? undefined : finish(status, { verdict, terminating, nowMs });
  status = finished ?? status;
  await flush();
  if (error !== undefined) throw error;
  if (finished !== undefined && verdict !== undefined) tellEnd(rim.recorder, job, verdict);
}

/** Zero and absent are one, except where upstream tells them apart. */
const comparable = (status: Status | undefined): unknown => ({
  active: 0,
  succeeded: 0,
  failed: 0,
  completedIndexes: "",
  ...status,
  ready: status?.ready ?? -1,
  terminating: status?.terminating ?? -1,
  tracks: status?.uncountedTerminatedPods !== undefined,
});

function tellEnd(recorder: EventRecorder, job: Job, verdict: Verdict): void {
  if (verdict.type === "FailureTarget") {
    recorder.event(job, { type: "Warning", reason: verdict.reason, message: verdict.message });
    return;
  }
  if (job.spec?.completions !== undefined && (job.status?.succeeded ?? 0) > job.spec.completions) {
    const message = "Too many succeeded pods running after completion count reached";
    recorder.event(job, { type: "Warning", reason: "TooManySucceededPods", message });
  }
  recorder.event(job, { type: "Normal", reason: "Completed", message: "Job completed" });
}

interface Untracking {
  /** Uids of pods whose finalizer was taken away, while the cache still shows it. */
  pending(key: string): ReadonlySet<string>;
  remove(key: string, of: readonly Pod[]): Promise<{ readonly done: readonly Pod[]; readonly error: unknown }>;
}

function createUntracking(client: Client, informer: Informer<Pod>): Untracking {
  /** By job: uid to pod key. */
  const removed = new Map<string, Map<string, string>>();
  const pending = (key: string): ReadonlySet<string> => {
    const open = removed.get(key);
    if (open === undefined) return new Set();
    for (const [id, podKey] of open) {
      const pod = informer.byKey(podKey);
      if (pod?.metadata.uid !== id || !isTracked(pod)) open.delete(id);
    }
    if (open.size === 0) removed.delete(key);
    return new Set(open.keys());
  };
  return {
    pending,
    async remove(key, of) {
      const done: Pod[] = [];
      let open = removed.get(key);
      if (open === undefined && of.length > 0) removed.set(key, (open = new Map()));
      try {
        await all(of, async (pod) => {
          await client.of(pods).patch(pod.metadata, untrackPatch, { type: "strategic" }).catch(ignoreNotFound);
          open?.set(pod.metadata.uid ?? "", objectKey(pod));
          done.push(pod);
        });
      } catch (error) {
        return { done, error };
      }
      return { done, error: undefined };
    },
  };
}

/** Pods that outlive their job, or end after it was finished, must not be held by our finalizer. */
function watchOrphans(
  context: ControllerContext,
  of: { informer: Informer<Job>; podInformer: Informer<Pod> },
): Pick<LoopOptions, "queue" | "reconcile"> {
  const { informer, podInformer } = of;
  const queue = newQueue(context, "job_orphan_pod");
  const jobOf = (pod: Pod): Job | undefined => resolveOwner(informer, controllerOf(pod), pod.metadata.namespace ?? "");
  const isOrphan = (pod: Pod): boolean => {
    if (!isTracked(pod)) return false;
    const controller = controllerOf(pod);
    if (controller !== undefined && (controller.kind !== "Job" || controller.apiVersion !== "batch/v1")) return false;
    const job = jobOf(pod);
    return job === undefined || (isFinished(job) && !isForeign(job));
  };
  const look = (pod: Pod): void => {
    if (isTracked(pod)) queue.add(objectKey(pod));
  };
  const wake = (pod: Pod): void => {
    if (informer.synced && isOrphan(pod)) queue.add(objectKey(pod));
  };
  watch(context, pods, { add: look, update: (_, pod) => wake(pod) });
  watch(context, jobs, {
    update: (_, job) => {
      if (isFinished(job)) controlledBy(podInformer, job.metadata.uid).forEach(wake);
    },
    delete: (job) => controlledBy(podInformer, job.metadata.uid).forEach(look),
  });
  return {
    queue,
    reconcile: async (key) => {
      const pod = podInformer.byKey(key);
      if (pod === undefined || !isOrphan(pod)) return;
      await context.client.of(pods).patch(pod.metadata, untrackPatch, { type: "strategic" }).catch(ignoreNotFound);
    },
  };
}
