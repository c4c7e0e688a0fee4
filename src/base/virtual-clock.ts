// A clock whose time moves only when it is told to: tests and simulations run hours in moments, the same way each time.
import { assert } from "./assert.ts";
import type { Clock, Timer } from "./clock.ts";
import type { Rng } from "./rng.ts";

interface Pending {
  readonly atMs: number;
  readonly order: number;
  readonly callback: () => void;
  cancelled: boolean;
}

export interface VirtualClockOptions {
  /** Wall time at the start; 2026-01-01T00:00:00Z when not given. */
  readonly startMs?: number;
  /** Shuffles timers that are due at the same instant; without it they fire in the order they were set. */
  readonly rng?: Rng;
}

/**
 * A clock that moves only when told to. Between two timers it lets every promise that can settle do so, which makes a
 * run of promise-based code a pure function of its inputs and the seed.
 */
export class VirtualClock implements Clock {
  #nowMs = 0;
  #skewMs = 0;
  #order = 0;
  readonly #startMs: number;
  readonly #rng: Rng | undefined;
  /** Binary heap on (atMs, order). */
  readonly #heap: Pending[] = [];

  constructor(options: VirtualClockOptions = {}) {
    this.#startMs = options.startMs ?? 1_767_225_600_000;
    this.#rng = options.rng;
  }

  now(): number {
    return this.#startMs + this.#nowMs + this.#skewMs;
  }

  monotonic(): number {
    return this.#nowMs;
  }

  /** Moves wall time without moving monotonic time, as an operator or NTP does. */
  jump(byMs: number): void {
    this.#skewMs += byMs;
  }

  setTimeout(callback: () => void, delayMs: number): Timer {
    const order = this.#rng === undefined ? this.#order++ : this.#rng.uint32();
    const pending: Pending = { atMs: this.#nowMs + Math.max(0, delayMs), order, callback, cancelled: false };
    this.#push(pending);
    return {
      cancel: () => {
        pending.cancelled = true;
      },
    };
  }

  /** Runs due timers in order until `durationMs` of virtual time has passed. */
  async advance(durationMs: number): Promise<void> {
    const untilMs = this.#nowMs + durationMs;
    await settle();
    for (let next = this.#peek(); next !== undefined && next.atMs <= untilMs; next = this.#peek()) {
      this.#fire();
      await settle();
    }
    this.#nowMs = untilMs;
  }

  /** Runs timers until `done()` holds. Fails when that takes more than `limitMs` of virtual time or nothing is pending. */
  async runUntil(done: () => boolean, limitMs: number): Promise<void> {
    const untilMs = this.#nowMs + limitMs;
    await settle();
    while (!done()) {
      const next = this.#peek();
      if (next === undefined) throw new Error("nothing is left to happen and the condition does not hold");
      if (next.atMs > untilMs) throw new Error(`the condition does not hold after ${limitMs} ms of virtual time`);
      this.#fire();
      await settle();
    }
  }

  #fire(): void {
    const timer = this.#pop();
    assert(timer.atMs >= this.#nowMs, "virtual time never goes back");
    this.#nowMs = timer.atMs;
    timer.callback();
  }

  #peek(): Pending | undefined {
    while (this.#heap[0]?.cancelled) this.#pop();
    return this.#heap[0];
  }

  #push(pending: Pending): void {
    const heap = this.#heap;
    let index = heap.push(pending) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!earlier(heap[index]!, heap[parent]!)) break;
      [heap[index], heap[parent]] = [heap[parent]!, heap[index]!];
      index = parent;
    }
  }

  #pop(): Pending {
    const heap = this.#heap;
    const top = heap[0]!;
    const last = heap.pop()!;
    if (heap.length === 0) return top;
    heap[0] = last;
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      const right = left + 1;
      let least = index;
      if (left < heap.length && earlier(heap[left]!, heap[least]!)) least = left;
      if (right < heap.length && earlier(heap[right]!, heap[least]!)) least = right;
      if (least === index) return top;
      [heap[index], heap[least]] = [heap[least]!, heap[index]!];
      index = least;
    }
  }
}

const earlier = (a: Pending, b: Pending): boolean => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);

/** One macrotask turn: every promise chain that can make progress has run to its end when this resolves. */
function settle(): Promise<void> {
  return new Promise((resolve) => {
    channel ??= new MessageChannel();
    const { port1, port2 } = channel;
    port1.onmessage = () => {
      port1.onmessage = null; // without a handler the port does not keep the process alive
      resolve();
    };
    port2.postMessage(0);
  });
}

/** A MessageChannel is the macrotask that Node, browsers and workers have in common. */
let channel: MessageChannel | undefined;
