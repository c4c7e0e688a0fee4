// Work queue of keys. Upstream: client-go util/workqueue (doc.go). Fair: in the order added. Stingy: one key is worked
// on by one worker at a time, and added while queued it is worked on once. Re-entrant: added while worked on, it runs again.
import { type Clock, type MetricRegistry, onAbort, type Rng, type Timer } from "../base/index.ts";
import { queueMetrics } from "./workqueue-metrics.ts";

export interface WorkQueue {
  add(key: string): void;
  addAfter(key: string, delayMs: number): void;
  /** With exponential back-off per key: 5 ms · 2^failures, at most 1000 s, and an overall bucket of 10/s with 100 burst. */
  addRateLimited(key: string): void;
  forget(key: string): void;
  retries(key: string): number;
  readonly length: number;
}

export interface RunQueueOptions {
  readonly workers: number;
  /** Throwing puts the key back with back-off and logs; returning a number of ms puts it back after that. */
  // biome-ignore lint/suspicious/noConfusingVoidType: most reconcile functions return nothing
  readonly reconcile: (key: string, signal: AbortSignal) => Promise<void | number>;
  readonly onError: (key: string, error: unknown) => void;
  readonly signal: AbortSignal;
}

interface Delayed {
  readonly atMs: number;
  readonly timer: Timer;
}

/** The queue and the one loop that owns retries and back-off. */
export function createWorkQueue(options: {
  readonly clock: Clock;
  readonly rng: Rng;
  readonly name: string;
  /** Where it tells of itself; nowhere when not given. */
  readonly metrics?: MetricRegistry;
}): WorkQueue & {
  run(options: RunQueueOptions): Promise<void>;
} {
  const { clock } = options;
  const metrics = options.metrics && queueMetrics(options.metrics, options.name, clock);
  let waiting: string[] = [];
  let head = 0;
  let pump = (): void => {};
  /** Keys that need work: in `waiting`, or being worked on and added again. */
  const dirty = new Set<string>();
  const working = new Set<string>();
  const delayed = new Map<string, Delayed>();
  const failures = new Map<string, number>();
  const reserve = createBucket(clock, { perSecond: 10, burst: 100 });

  const cancelDelayed = (key: string): void => {
    delayed.get(key)?.timer.cancel();
    delayed.delete(key);
  };
  const enqueue = (key: string): void => {
    waiting.push(key);
    // Not at once: whoever adds a key is in the middle of telling others of the same change.
    queueMicrotask(() => pump());
  };
  const dequeue = (): string => {
    const key = waiting[head++]!;
    if (head > 1024 && head * 2 > waiting.length) {
      waiting = waiting.slice(head);
      head = 0;
    }
    return key;
  };
  const add = (key: string): void => {
    if (dirty.has(key)) return;
    dirty.add(key);
    metrics?.added(key);
    if (!working.has(key)) enqueue(key);
  };
  const addAfter = (key: string, delayMs: number): void => {
    metrics?.retried();
    if (delayMs <= 0) {
      add(key);
      return;
    }
    const atMs = clock.monotonic() + delayMs;
    const before = delayed.get(key);
    if (before !== undefined && before.atMs <= atMs) return;
    cancelDelayed(key);
    const timer = clock.setTimeout(() => {
      delayed.delete(key);
      add(key);
    }, delayMs);
    delayed.set(key, { atMs, timer });
  };
  const addRateLimited = (key: string): void => {
    const count = failures.get(key) ?? 0;
    failures.set(key, count + 1);
    addAfter(key, Math.max(Math.min(5 * 2 ** count, 1_000_000), reserve()));
  };
  const work = async (key: string, run: RunQueueOptions): Promise<void> => {
    dirty.delete(key);
    working.add(key);
    metrics?.begun(key);
    try {
      const againMs = await run.reconcile(key, run.signal);
      failures.delete(key);
      if (typeof againMs === "number" && !run.signal.aborted) addAfter(key, againMs);
    } catch (error) {
      if (!run.signal.aborted) {
        run.onError(key, error);
        addRateLimited(key);
      }
    } finally {
      metrics?.ended(key);
      working.delete(key);
      if (dirty.has(key)) enqueue(key);
    }
  };

  return {
    add,
    addAfter,
    addRateLimited,
    forget: (key) => {
      failures.delete(key);
    },
    retries: (key) => failures.get(key) ?? 0,
    get length() {
      return waiting.length - head;
    },
    /** Resolves after the signal aborted and every worker has finished what it had begun. */
    run(run) {
      const { promise, resolve } = Promise.withResolvers<void>();
      let active = 0;
      pump = () => {
        if (run.signal.aborted) {
          if (active > 0) return;
          metrics?.close();
          resolve();
          return;
        }
        while (active < run.workers && head < waiting.length) {
          active++;
          void work(dequeue(), run).finally(() => {
            active--;
            pump();
          });
        }
      };
      onAbort(run.signal, () => {
        for (const key of [...delayed.keys()]) cancelDelayed(key);
        pump();
      });
      pump();
      return promise;
    },
  };
}

/** A token bucket that never refuses: each call takes a token and says how many milliseconds until it is due. */
function createBucket(clock: Clock, rate: { perSecond: number; burst: number }): () => number {
  let tokens = rate.burst;
  let atMs = clock.monotonic();
  return () => {
    const nowMs = clock.monotonic();
    tokens = Math.min(rate.burst, tokens + ((nowMs - atMs) / 1000) * rate.perSecond) - 1;
    atMs = nowMs;
    return tokens >= 0 ? 0 : (-tokens / rate.perSecond) * 1000;
  };
}
