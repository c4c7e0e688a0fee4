// The body of an answer that comes in pieces, between the connection that brings them and who reads.

interface Reader {
  resolve(result: IteratorResult<Uint8Array, undefined>): void;
  reject(error: unknown): void;
}

const over: IteratorResult<Uint8Array, undefined> = { done: true, value: undefined };

/** Read by one, once. */
export class AnswerBody implements AsyncIterableIterator<Uint8Array, undefined> {
  readonly #taken: (bytes: number) => void;
  #chunks: Uint8Array[] = [];
  #reader: Reader | undefined;
  #ended = false;
  #error: { readonly cause: unknown } | undefined;

  /** `taken`: the reader has so many bytes more; -1: it wants no more. */
  constructor(taken: (bytes: number) => void) {
    this.#taken = taken;
  }

  push(bytes: Uint8Array): void {
    const reader = this.#reader;
    if (reader === undefined) {
      this.#chunks.push(bytes);
      return;
    }
    this.#reader = undefined;
    this.#taken(bytes.length);
    reader.resolve({ done: false, value: bytes });
  }

  end(): void {
    this.#ended = true;
    this.#reader?.resolve(over);
    this.#reader = undefined;
  }

  fail(error: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = { cause: error };
    this.#reader?.reject(error);
    this.#reader = undefined;
  }

  /** Everything that has come, as one piece. */
  next(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (this.#chunks.length > 0) {
      const value = this.#chunks.length === 1 ? this.#chunks[0]! : joined(this.#chunks);
      this.#chunks = [];
      this.#taken(value.length);
      return Promise.resolve({ done: false, value });
    }
    if (this.#error !== undefined) return Promise.reject(this.#error.cause);
    if (this.#ended) return Promise.resolve(over);
    return new Promise((resolve, reject) => {
      this.#reader = { resolve, reject };
    });
  }

  return(): Promise<IteratorResult<Uint8Array, undefined>> {
    const cancels = !this.#ended;
    this.#chunks = [];
    this.end();
    if (cancels) this.#taken(-1);
    return Promise.resolve(over);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}
