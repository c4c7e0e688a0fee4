// Timers and input take turns. An event loop runs all timers that are due before it looks at its sockets, and with them those that have
// become due meanwhile: in a slow moment (the heap is marked, say) the timers of thousands of kubelets keep everybody else waiting until
// it is over.
//
// Contract: timers fire in the order in which they were taken, each with all that it sets off before the next. Once those of one turn have had
// `mostMs`, the others wait until input was looked at; then it is their turn again, for as long.

export interface Due {
  fire(): void;
}

export interface TimerTurns {
  /** Fires the timer, now or in its turn. */
  take(timer: Due): void;
}

export interface TimerTurnsOptions {
  /** Milliseconds since an arbitrary start. */
  readonly now: () => number;
  /** Calls back once whatever came in meanwhile was taken; for several calls one after the other, with what each sets off in between. */
  readonly afterInput: (callback: () => void) => void;
  readonly mostMs: number;
}

/** Slots of timers that have fired go at this many. */
const mostFired = 1024;
/** In one turn. */
const mostTimers = 128;

export function createTimerTurns({ now, afterInput, mostMs }: TimerTurnsOptions): TimerTurns {
  let waiting: Due[] = [];
  let first = 0;
  /** Of the turn under way. */
  let endMs: number | undefined;

  /** The first of a turn whose timers have waited. */
  function begin(): void {
    const count = Math.min(waiting.length - first, mostTimers);
    if (count === 0) {
      endMs = undefined;
      return;
    }
    endMs = now() + mostMs;
    // Before they fire: one that throws keeps no other waiting.
    afterInput(begin);
    for (let index = 1; index < count; index++) afterInput(next);
    fireFirst();
  }

  function next(): void {
    if (endMs !== undefined && now() < endMs) fireFirst();
  }

  function fireFirst(): void {
    const timer = waiting[first];
    if (timer === undefined) return;
    first++;
    if (first === waiting.length) {
      waiting = [];
      first = 0;
    } else if (first === mostFired) {
      waiting = waiting.slice(first);
      first = 0;
    }
    timer.fire();
  }

  return {
    take(timer) {
      if (waiting.length === 0) {
        const nowMs = now();
        if (endMs === undefined) {
          endMs = nowMs + mostMs;
          afterInput(begin);
        }
        if (nowMs < endMs) {
          timer.fire();
          return;
        }
      }
      waiting.push(timer);
    },
  };
}
