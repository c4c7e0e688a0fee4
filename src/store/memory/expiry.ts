// Deadlines of keys with a time to live: a binary heap, earliest first. An entry that was overwritten leaves its deadline
// behind; whoever takes it sees from the revision that it means nothing any more.

export interface Deadline {
  /** Wall time, milliseconds. */
  readonly atMs: number;
  readonly key: string;
  /** Revision of the put that set it. */
  readonly revision: number;
}

export class Deadlines {
  readonly #heap: Deadline[] = [];

  get nextMs(): number | undefined {
    return this.#heap[0]?.atMs;
  }

  add(deadline: Deadline): void {
    const heap = this.#heap;
    let index = heap.push(deadline) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!earlier(deadline, heap[parent]!)) break;
      heap[index] = heap[parent]!;
      index = parent;
    }
    heap[index] = deadline;
  }

  /** The earliest deadline that is not behind `nowMs`. */
  takeDue(nowMs: number): Deadline | undefined {
    const heap = this.#heap;
    const top = heap[0];
    if (top === undefined || top.atMs > nowMs) return undefined;
    const last = heap.pop()!;
    if (heap.length > 0) this.#sink(last);
    return top;
  }

  #sink(deadline: Deadline): void {
    const heap = this.#heap;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child + 1 < heap.length && earlier(heap[child + 1]!, heap[child]!)) child++;
      if (child >= heap.length || !earlier(heap[child]!, deadline)) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = deadline;
  }
}

const earlier = (a: Deadline, b: Deadline): boolean =>
  a.atMs < b.atMs || (a.atMs === b.atMs && a.revision < b.revision);
