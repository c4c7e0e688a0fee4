// Exponential back-off with jitter.
import type { Clock, Rng } from "../base/index.ts";

export interface BackoffOptions {
  readonly clock: Clock;
  readonly rng: Rng;
  readonly firstMs: number;
  readonly mostMs: number;
  /** Up to this share of the delay is added at random. */
  readonly jitter: number;
  /** After this long without a failure the delay starts over. */
  readonly resetAfterMs: number;
}

/** Returns the delay in milliseconds before the next try. */
export function createBackoff(options: BackoffOptions): () => number {
  let delayMs = options.firstMs;
  let lastMs = Number.NEGATIVE_INFINITY;
  return () => {
    const nowMs = options.clock.monotonic();
    if (nowMs - lastMs > options.resetAfterMs) delayMs = options.firstMs;
    lastMs = nowMs;
    const wait = delayMs * (1 + options.rng.next() * options.jitter);
    delayMs = Math.min(delayMs * 2, options.mostMs);
    return wait;
  };
}
