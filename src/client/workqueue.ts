// Work queue of keys. Upstream: client-go util/workqueue (doc.go). Fair: in the order added. Stingy: one key is worked
// on by one worker at a time, and added while queued it is worked on once. Re-entrant: added while worked on, it runs again.
import type { Clock, Rng } from "../base/index.ts";

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
  readonly reconcile: (key: string, signal: AbortSignal) => Promise<void | number>;
  readonly onError: (key: string, error: unknown) => void;
  readonly signal: AbortSignal;
}

/** The queue and the one loop that owns retries and back-off. */
export function createWorkQueue(_options: { readonly clock: Clock; readonly rng: Rng; readonly name: string }): WorkQueue & {
  run(options: RunQueueOptions): Promise<void>;
} {
  throw new Error("being written");
}
