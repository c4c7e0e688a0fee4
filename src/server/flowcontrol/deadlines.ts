// When requests under way have to be answered: one timer for all of them, since nearly all are answered long before.
import type { Clock, Timer } from "../../base/index.ts";

export interface Deadlines {
  /** What `work` comes to; rejects with what `late` makes when that takes longer than until `atMs` (monotonic). */
  race<T>(work: Promise<T>, atMs: number, late: () => Error): Promise<T>;
}

interface Deadline {
  readonly atMs: number;
  pass(): void;
}

/** No timer runs while nothing is under way. */
export function createDeadlines(clock: Clock): Deadlines {
  const pending = new Set<Deadline>();
  let timer: Timer | undefined;
  let nextMs = Number.POSITIVE_INFINITY;

  function arm(atMs: number): void {
    timer?.cancel();
    nextMs = atMs;
    timer = clock.setTimeout(sweep, Math.max(0, atMs - clock.monotonic()), { background: true });
  }

  function sweep(): void {
    const nowMs = clock.monotonic();
    const due = [...pending].filter(({ atMs }) => atMs <= nowMs);
    for (const deadline of due) {
      pending.delete(deadline);
      deadline.pass();
    }
    timer = undefined;
    nextMs = Number.POSITIVE_INFINITY;
    if (pending.size > 0) arm(Math.min(...Array.from(pending, ({ atMs }) => atMs)));
  }

  function settled(deadline: Deadline): void {
    if (!pending.delete(deadline) || pending.size > 0) return;
    timer?.cancel();
    timer = undefined;
    nextMs = Number.POSITIVE_INFINITY;
  }

  return {
    race: (work, atMs, late) =>
      new Promise((resolve, reject) => {
        const deadline: Deadline = { atMs, pass: () => reject(late()) };
        pending.add(deadline);
        if (atMs < nextMs) arm(atMs);
        work.then(
          (value) => {
            settled(deadline);
            resolve(value);
          },
          (error: unknown) => {
            settled(deadline);
            reject(error);
          },
        );
      }),
  };
}
