// Timers and input take turns. An event loop runs all timers that are due before it looks at its sockets, and with them those that have
// become due meanwhile: in a slow moment (the heap is marked, say) the timers of thousands of kubelets keep everybody else waiting until
// it is over.
//
// Contract: timers fire in the order in which they were taken. Once those of one turn have had `mostMs`, each of the others waits until
// input was looked at.

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
  /** Calls back once whatever came in meanwhile was taken. */
  readonly afterInput: (callback: () => void) => void;
  readonly mostMs: number;
}

/** Slots of timers that have fired go at this many. */
const mostFired = 1024;

export function createTimerTurns({ now, afterInput, mostMs }: TimerTurnsOptions): TimerTurns {
  let waiting: Due[] = [];
  let first = 0;
  /** Of the turn under way. */
  let endMs: number | undefined;

  function next(): void {
    const timer = waiting[first];
    if (timer === undefined) {
      waiting = [];
      first = 0;
      endMs = undefined;
      return;
    }
    if (++first === mostFired) {
      waiting = waiting.slice(first);
      first = 0;
    }
    // Before it fires: one that throws keeps no other waiting.
    afterInput(next);
    timer.fire();
  }

  return {
    take(timer) {
      if (waiting.length === 0) {
        const nowMs = now();
        if (endMs === undefined) {
          endMs = nowMs + mostMs;
          afterInput(next);
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
