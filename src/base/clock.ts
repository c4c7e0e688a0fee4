// Time comes from here and from nowhere else, so that the whole control plane also runs on a virtual clock.

import { createTimerTurns } from "./timer-turns.ts";

/** A pending timer. `cancel` is idempotent and cheap. */
export interface Timer {
  cancel(): void;
}

export interface TimerOptions {
  /** The timer alone does not keep the process alive. */
  readonly background?: boolean;
}

export interface Clock {
  /** Wall time, milliseconds since 1970-01-01T00:00:00Z. May jump. */
  now(): number;
  /** Milliseconds since an arbitrary start; never goes back. Measure durations and deadlines with this one. */
  monotonic(): number;
  setTimeout(callback: () => void, delayMs: number, options?: TimerOptions): Timer;
}

/** setTimeout fires at once above this delay, so longer waits are cut into pieces. */
const longestDelayMs = 2 ** 31 - 1;

/** How long timers may take before input has its turn. */
const mostTurnMs = 10;

/** Browsers look at their input between any two timers, and have no such call. */
const { setImmediate: afterInput } = globalThis as { setImmediate?: (callback: () => void) => unknown };

const turns =
  afterInput === undefined
    ? undefined
    : createTimerTurns({
        now: () => performance.now(),
        afterInput: (callback) => void afterInput(callback),
        mostMs: mostTurnMs,
      });

const fire = (timer: HostTimer): void => (turns === undefined ? timer.fire() : turns.take(timer));

/** One object and no closure of its own: there are several for each node and pod of a fleet. */
class HostTimer implements Timer {
  #handle: ReturnType<typeof globalThis.setTimeout>;
  /** Until it fires or is cancelled. */
  #callback: (() => void) | undefined;

  constructor(callback: () => void, delayMs: number, background: boolean) {
    this.#callback = callback;
    this.#handle = this.#arm(delayMs, background);
  }

  cancel(): void {
    this.#callback = undefined;
    globalThis.clearTimeout(this.#handle);
  }

  fire(): void {
    const callback = this.#callback;
    this.#callback = undefined;
    callback?.();
  }

  #arm(delayMs: number, background: boolean): ReturnType<typeof globalThis.setTimeout> {
    const step = Math.min(Math.max(delayMs, 0), longestDelayMs);
    const handle =
      delayMs <= step
        ? globalThis.setTimeout(fire, step, this)
        : globalThis.setTimeout(() => {
            this.#handle = this.#arm(delayMs - step, background);
          }, step);
    if (background && typeof handle === "object") (handle as { unref?(): void }).unref?.();
    return handle;
  }
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimeout: (callback, delayMs, options) => new HostTimer(callback, delayMs, options?.background === true),
};

/** Resolves after `delayMs`; rejects with the signal's reason when aborted first. Leaves no timer or listener behind. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = (): void => {
      timer.cancel();
      reject(signal?.reason);
    };
    const timer = clock.setTimeout(() => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    }, delayMs);
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

/** A sleep that an abort only cuts short: for loops that look at their signal themselves. */
export const pause = (clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> =>
  sleep(clock, delayMs, signal).catch(() => {}); // it rejects for no other reason

/**
 * A delay of at least `delayMs`, and `gridMs` more at most, that ends when those of all others on this clock and grid do. For work that many
 * do now and then, of which it does not matter when: one after the other it costs a fraction of what each costs alone.
 */
export const together = (clock: Clock, delayMs: number, gridMs = 100): number =>
  Math.ceil((clock.monotonic() + delayMs) / gridMs) * gridMs - clock.monotonic();

/** A timer that comes later than this was held up by other work. */
const lateMs = 3;

/**
 * Resolves once a timer has come on time, which is when nothing that could run is waiting; after `withinMs` in any case. Rejects with
 * the signal's reason when aborted first.
 */
export async function quiet(clock: Clock, withinMs: number, signal?: AbortSignal): Promise<void> {
  const deadline = clock.monotonic() + withinMs;
  for (let heldUp = true; heldUp; ) {
    const before = clock.monotonic();
    await sleep(clock, 1, signal);
    const now = clock.monotonic();
    heldUp = now - before >= lateMs && now < deadline;
  }
}

/** Calls back every `periodMs`, the next period counted from the end of the last call, until the signal aborts. */
export function every(clock: Clock, periodMs: number, callback: () => void, signal: AbortSignal): void {
  if (signal.aborted) return;
  let timer: Timer;
  const arm = (): void => {
    timer = clock.setTimeout(
      () => {
        callback();
        if (!signal.aborted) arm();
      },
      periodMs,
      { background: true },
    );
  };
  arm();
  signal.addEventListener("abort", () => timer.cancel(), { once: true });
}

/** A signal that aborts with `TimeoutError` after `delayMs`, or with its parent. Dispose it (`using`) to drop timer and listener. */
export function timeoutSignal(clock: Clock, delayMs: number, parent?: AbortSignal): AbortSignal & Disposable {
  const controller = new AbortController();
  const timer = clock.setTimeout(() => controller.abort(new TimeoutError(delayMs)), delayMs, { background: true });
  const onAbort = (): void => {
    timer.cancel();
    controller.abort(parent?.reason);
  };
  if (parent?.aborted) onAbort();
  else parent?.addEventListener("abort", onAbort, { once: true });
  return Object.assign(controller.signal, {
    [Symbol.dispose]: () => {
      timer.cancel();
      parent?.removeEventListener("abort", onAbort);
    },
  });
}

export class TimeoutError extends Error {
  override readonly name = "TimeoutError";
  readonly timeoutMs: number;
  constructor(timeoutMs: number) {
    super(`timed out after ${timeoutMs} ms`);
    this.timeoutMs = timeoutMs;
  }
}
