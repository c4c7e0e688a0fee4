/** What `push` on a full queue does is the caller's decision: it is told. */
export type PushResult = "ok" | "full" | "closed";

/**
 * A bounded first-in first-out queue between one producer and one consumer. The producer never waits: a full queue
 * refuses. The consumer iterates; the loop ends after `close` once the queue is empty, or throws what `close` was given.
 */
export class BoundedQueue<T> implements AsyncIterable<T> {
  readonly #capacity: number;
  #items: (T | undefined)[] = [];
  #head = 0;
  #closed = false;
  #error: unknown;
  #wake: (() => void) | undefined;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get length(): number {
    return this.#items.length - this.#head;
  }

  push(item: T): PushResult {
    if (this.#closed) return "closed";
    if (this.length >= this.#capacity) return "full";
    this.#items.push(item);
    this.#notify();
    return "ok";
  }

  /** Lets the consumer drain what is queued, then ends it; with an error, the consumer's loop throws it at the end. */
  close(error?: unknown): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#error = error;
    this.#notify();
  }

  /** Like `close`, but what is queued is dropped. */
  abort(error?: unknown): void {
    this.#items = [];
    this.#head = 0;
    this.close(error);
  }

  /** The next item, or undefined after the end. */
  async take(): Promise<T | undefined> {
    while (this.length === 0) {
      if (this.#closed) {
        if (this.#error !== undefined) throw this.#error;
        return undefined;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.takeNow();
  }

  /** The next item if one is there. */
  takeNow(): T | undefined {
    if (this.length === 0) return undefined;
    const item = this.#items[this.#head] as T;
    this.#items[this.#head++] = undefined;
    if (this.#head > 1024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, void> {
    try {
      for (;;) {
        const item = await this.take();
        if (item === undefined) return;
        yield item;
      }
    } finally {
      this.abort();
    }
  }

  #notify(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}
