// One ordered worker for each pod: sync, then terminating, then terminated, never back. Upstream: pkg/kubelet/pod_workers.go.
//
// Contract: of one pod one thing is done at a time; what happens meanwhile makes the worker go round once more. A wish to end the pod
// breaks off a sync in hand; a shorter grace period breaks off a kill in hand. Errors are tried again after back-off.

import type { Pod } from "../../api/index.ts";
import { type Clock, isAbort, type Logger, type Rng, type Timer } from "../../base/index.ts";
import { isTerminalPhase, podUid } from "../pod.ts";

export interface Eviction {
  readonly reason: string;
  readonly message: string;
  readonly graceSeconds?: number;
  /** The pod passed a limit of its own: it is not disrupted for somebody else's sake. */
  readonly ownDoing?: boolean;
}

/** What one step asks for: when to look again, if nothing happens before; `again` at once. */
export interface StepResult {
  readonly again?: boolean;
  readonly afterMs?: number | undefined;
  /** The pod's containers have come to their end by themselves. */
  readonly ended?: boolean;
}

export interface PodSteps {
  /** Brings containers to what the spec says. */
  sync(pod: Pod, worker: PodView): Promise<StepResult>;
  /** Ends all containers; resolves when none runs. */
  terminate(pod: Pod, worker: PodView): Promise<void>;
  /** A probe has decided: a pod whose containers are being ended tells it at once, others with their next step. */
  probed(uid: string): void;
  /** Takes volumes and cgroups away and tells the API. */
  cleanUp(pod: Pod, worker: PodView): Promise<void>;
  /** The API object is gone and the worker ended: nothing of the pod stays in memory. */
  forget(pod: Pod): void;
}

export interface PodView {
  readonly uid: string;
  /** Aborts when the present step is no longer wanted. */
  readonly signal: AbortSignal;
  readonly evicted: Eviction | undefined;
  readonly graceOverrideSeconds: number | undefined;
  /** The API object is gone. */
  readonly deleted: boolean;
}

export type WorkerPhase = "sync" | "terminating" | "terminated" | "finished";

export interface PodWorkers {
  /** A pod's newest state. */
  update(pod: Pod): void;
  /** The API object is gone. */
  remove(pod: Pod): void;
  /** Something about the pod changed outside of its object. */
  poke(uid: string): void;
  evict(uid: string, eviction: Eviction): void;
  phase(uid: string): WorkerPhase | undefined;
  pod(uid: string): Pod | undefined;
  /** Pods whose containers may run. */
  active(): readonly Pod[];
  /**
   * Those whose object the API still has: what was forced out of it makes room at once, though its containers may still end. Upstream:
   * GetActivePods of pkg/kubelet.
   */
  present(): readonly Pod[];
  all(): readonly Pod[];
  /** Grows with each pod that comes, changes or goes. */
  changes(): number;
  close(): Promise<void>;
}

interface Worker {
  readonly uid: string;
  pod: Pod;
  phase: WorkerPhase;
  deleted: boolean;
  evicted: Eviction | undefined;
  busy: Promise<void> | undefined;
  dirty: boolean;
  failures: number;
  timer: Timer | undefined;
  /** Of the step in hand. */
  step: AbortController | undefined;
  graceSeconds: number | undefined;
}

export interface PodWorkersOptions {
  readonly clock: Clock;
  readonly rng: Rng;
  readonly log: Logger;
  readonly steps: PodSteps;
  readonly syncFrequencySeconds: number;
  readonly signal: AbortSignal;
}

const retryMs = 10_000;

export function createPodWorkers(options: PodWorkersOptions): PodWorkers {
  const { clock, rng, steps, signal, log } = options;
  const workers = new Map<string, Worker>();
  let changes = 0;

  const poke = (worker: Worker): void => {
    if (signal.aborted) return;
    worker.dirty = true;
    worker.timer?.cancel();
    worker.timer = undefined;
    worker.busy ??= loop(worker).finally(() => {
      worker.busy = undefined;
      if (worker.dirty) poke(worker);
    });
  };

  const loop = async (worker: Worker): Promise<void> => {
    while (worker.dirty && !signal.aborted) {
      worker.dirty = false;
      const controller = new AbortController();
      worker.step = controller;
      try {
        const result = await step(worker, controller.signal);
        worker.failures = 0;
        if (result.again) worker.dirty = true;
        else if (!worker.dirty) wakeLater(worker, result.afterMs);
      } catch (error) {
        if (controller.signal.aborted && isAbort(error, controller.signal)) worker.dirty = true;
        else if (!isAbort(error, signal)) retryLater(worker, error);
      }
    }
    worker.step = undefined;
  };

  const wakeLater = (worker: Worker, afterMs: number | undefined): void => {
    if (worker.phase === "finished") return;
    const regularMs =
      options.syncFrequencySeconds > 0
        ? Math.ceil(options.syncFrequencySeconds * (1 + 0.5 * rng.next())) * 1000 // timers of one length are one list
        : Number.POSITIVE_INFINITY;
    const wakeMs = Math.min(regularMs, afterMs ?? Number.POSITIVE_INFINITY);
    if (Number.isFinite(wakeMs))
      worker.timer = clock.setTimeout(() => poke(worker), Math.max(0, wakeMs), { background: true });
  };

  const retryLater = (worker: Worker, error: unknown): void => {
    const { namespace, name } = worker.pod.metadata;
    log.warn("a pod is not in sync", { pod: `${namespace}/${name}`, phase: worker.phase, error });
    if (worker.dirty) return;
    // The first tries come quickly: most of what fails (a volume's object, a CNI plugin) is there a moment later.
    const delayMs = Math.min(retryMs, 250 * 2 ** Math.min(worker.failures++, 6)) * (1 + 0.5 * rng.next());
    worker.timer = clock.setTimeout(() => poke(worker), delayMs, { background: true });
  };

  const step = async (worker: Worker, wanted: AbortSignal): Promise<StepResult> => {
    if (worker.phase === "sync" && mustEnd(worker)) worker.phase = "terminating";
    const view: PodView = {
      uid: worker.uid,
      signal: wanted,
      evicted: worker.evicted,
      graceOverrideSeconds: worker.evicted?.graceSeconds,
      deleted: worker.deleted,
    };
    switch (worker.phase) {
      case "sync": {
        const result = await steps.sync(worker.pod, view);
        if (result.ended !== true) return result;
        worker.phase = "terminating";
        return { again: true };
      }
      case "terminating":
        worker.graceSeconds = worker.pod.metadata.deletionGracePeriodSeconds;
        await steps.terminate(worker.pod, view);
        worker.phase = "terminated";
        return { again: true };
      case "terminated":
        await steps.cleanUp(worker.pod, view);
        worker.phase = "finished";
        return { again: true };
      case "finished":
        if (worker.deleted) {
          await steps.cleanUp(worker.pod, view);
          workers.delete(worker.uid);
          steps.forget(worker.pod);
        } else if (worker.pod.metadata.deletionTimestamp !== undefined) await steps.cleanUp(worker.pod, view);
        return {};
    }
  };

  const active = (): Worker[] =>
    [...workers.values()].filter((each) => each.phase === "sync" || each.phase === "terminating");

  return {
    update(pod) {
      changes += 1;
      const uid = podUid(pod);
      const known = workers.get(uid);
      if (known === undefined) {
        const worker = newWorker(uid, pod);
        workers.set(uid, worker);
        return poke(worker);
      }
      const before = known.pod;
      known.pod = pod;
      if (known.phase === "sync" && mustEnd(known))
        known.step?.abort(new DOMException("the pod is to end", "AbortError"));
      const grace = pod.metadata.deletionGracePeriodSeconds;
      if (
        known.phase === "terminating" &&
        grace !== undefined &&
        grace < (known.graceSeconds ?? Number.POSITIVE_INFINITY)
      )
        known.step?.abort(new DOMException("the grace period became shorter", "AbortError"));
      if (matters(before, pod)) poke(known);
    },
    remove(pod) {
      changes += 1;
      const known = workers.get(podUid(pod));
      if (known === undefined) return;
      known.deleted = true;
      if (known.phase === "sync") known.step?.abort(new DOMException("the pod is deleted", "AbortError"));
      poke(known);
    },
    poke(uid) {
      const known = workers.get(uid);
      if (known !== undefined && known.phase !== "finished") poke(known);
    },
    evict(uid, eviction) {
      const known = workers.get(uid);
      if (known === undefined || known.phase !== "sync") return;
      known.evicted = eviction;
      known.step?.abort(new DOMException("the pod is evicted", "AbortError"));
      poke(known);
    },
    phase: (uid) => workers.get(uid)?.phase,
    pod: (uid) => workers.get(uid)?.pod,
    active: () => active().map((each) => each.pod),
    present: () =>
      active()
        .filter((each) => !each.deleted)
        .map((each) => each.pod),
    all: () => [...workers.values()].map((each) => each.pod),
    changes: () => changes,
    async close() {
      for (const worker of workers.values()) {
        worker.timer?.cancel();
        worker.step?.abort(new DOMException("the kubelet stops", "AbortError"));
      }
      await Promise.all([...workers.values()].map((each) => each.busy));
    },
  };
}

const newWorker = (uid: string, pod: Pod): Worker => ({
  ...{
    uid,
    pod,
    phase: "sync",
    deleted: false,
    evicted: undefined,
    busy: undefined,
    dirty: false,
    failures: 0,
    timer: undefined,
  },
  ...{ step: undefined, graceSeconds: undefined },
});

const mustEnd = (worker: Worker): boolean =>
  worker.deleted ||
  worker.evicted !== undefined ||
  worker.pod.metadata.deletionTimestamp !== undefined ||
  isTerminalPhase(worker.pod.status?.phase);

/** The kubelet's own status writes come back as updates and ask for nothing. */
function matters(before: Pod, after: Pod): boolean {
  return (
    before.metadata.generation !== after.metadata.generation ||
    before.metadata.deletionTimestamp !== after.metadata.deletionTimestamp ||
    before.metadata.deletionGracePeriodSeconds !== after.metadata.deletionGracePeriodSeconds ||
    isTerminalPhase(before.status?.phase) !== isTerminalPhase(after.status?.phase) ||
    !sameMap(before.metadata.labels, after.metadata.labels) ||
    !sameMap(before.metadata.annotations, after.metadata.annotations) ||
    foreignConditions(before) !== foreignConditions(after)
  );
}

const sameMap = (
  a: Readonly<Record<string, string>> | undefined,
  b: Readonly<Record<string, string>> | undefined,
): boolean => JSON.stringify(a ?? {}) === JSON.stringify(b ?? {});
/** Readiness gates look at conditions that others write. */
const foreignConditions = (pod: Pod): string =>
  (pod.spec.readinessGates ?? [])
    .map(({ conditionType }) => pod.status?.conditions?.find((each) => each.type === conditionType)?.status ?? "")
    .join(",");
