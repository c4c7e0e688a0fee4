// Recent changes of one kind, so that a broken watch can resume. Grows while what it would drop is younger than a minute and
// a quarter (upstream's eventFreshDuration), within bounds.
import type { CacheEvent } from "./watcher.ts";

/** Most kinds of most clusters never change. */
const first = 8;
/** Up to here nothing is dropped, however old it is. */
const smallest = 128;
const largest = 16_384;
const freshMs = 75_000;

export class EventRing {
  #events: (CacheEvent | undefined)[] = new Array(first);
  #times: number[] = new Array(first).fill(0);
  /** Index of the oldest and count, both within the current capacity. */
  #head = 0;
  #count = 0;
  #resumableFrom = 0;
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  get resumableFrom(): number {
    return this.#resumableFrom;
  }

  reset(revision: number): void {
    if (this.#count > 0) {
      this.#events = new Array(first);
      this.#times = new Array(first).fill(0);
    }
    this.#head = 0;
    this.#count = 0;
    this.#resumableFrom = revision;
  }

  push(event: CacheEvent): void {
    const now = this.#now();
    if (this.#count === this.#events.length) {
      const { length } = this.#events;
      const isFresh = now - this.#times[this.#head]! < freshMs;
      if (length < smallest || (isFresh && length < largest)) this.#grow();
      else this.#drop();
    }
    const at = (this.#head + this.#count) % this.#events.length;
    this.#events[at] = event;
    this.#times[at] = now;
    this.#count++;
  }

  since(revision: number): readonly CacheEvent[] {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#at(middle).object.revision <= revision) low = middle + 1;
      else high = middle;
    }
    const found: CacheEvent[] = [];
    for (; low < this.#count; low++) found.push(this.#at(low));
    return found;
  }

  #at(index: number): CacheEvent {
    return this.#events[(this.#head + index) % this.#events.length]!;
  }

  #drop(): void {
    this.#resumableFrom = this.#events[this.#head]!.object.revision;
    this.#events[this.#head] = undefined;
    this.#head = (this.#head + 1) % this.#events.length;
    this.#count--;
  }

  #grow(): void {
    const capacity = this.#events.length;
    const events: (CacheEvent | undefined)[] = new Array(capacity * 2);
    const times: number[] = new Array(capacity * 2).fill(0);
    for (let to = 0; to < this.#count; to++) {
      const from = (this.#head + to) % capacity;
      events[to] = this.#events[from];
      times[to] = this.#times[from]!;
    }
    this.#events = events;
    this.#times = times;
    this.#head = 0;
  }
}
