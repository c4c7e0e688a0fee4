// One timer for all deadlines of an engine. Deadlines are wall time, as they outlive the process.

import type { Clock, Timer } from "../base/index.ts";

/** A wall clock that jumps forward is noticed within this time. */
const longestWaitMs = 60_000;

export interface ExpiryTimer {
  /** Some key expires at this wall time. */
  schedule(atMs: number): void;
  close(): void;
}

/** Calls `sweep` when the earliest scheduled deadline has come; `sweep` schedules the next one by itself. */
export function createExpiryTimer(clock: Clock, sweep: () => void): ExpiryTimer {
  let timer: Timer | undefined;
  let armedMs = Number.POSITIVE_INFINITY;
  const fire = (): void => {
    const dueMs = armedMs;
    timer = undefined;
    armedMs = Number.POSITIVE_INFINITY;
    if (dueMs > clock.now()) arm(dueMs);
    else sweep();
  };
  const arm = (atMs: number): void => {
    if (atMs >= armedMs) return;
    timer?.cancel();
    armedMs = atMs;
    timer = clock.setTimeout(fire, Math.min(Math.max(0, atMs - clock.now()), longestWaitMs), { background: true });
  };
  return {
    schedule: arm,
    close() {
      timer?.cancel();
      armedMs = Number.NEGATIVE_INFINITY;
    },
  };
}
