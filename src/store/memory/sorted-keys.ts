// Order keys in order, with ranks. Keys live in chunks of bounded length, so that a change moves a few hundred entries
// and a count adds up chunk lengths.

const chunkLength = 512;

export class SortedKeys {
  /** No chunk is empty; the last key of one is less than the first of the next. */
  readonly #chunks: string[][] = [];

  /** The key must not be there. */
  add(key: string): void {
    const chunks = this.#chunks;
    const at = Math.min(this.#chunkOf(key), chunks.length - 1);
    const chunk = chunks[at];
    if (chunk === undefined) {
      chunks.push([key]);
      return;
    }
    chunk.splice(lowerBound(chunk, key), 0, key);
    if (chunk.length > chunkLength) chunks.splice(at + 1, 0, chunk.splice(chunkLength / 2));
  }

  /** The key must be there. */
  delete(key: string): void {
    const at = this.#chunkOf(key);
    const chunk = this.#chunks[at]!;
    chunk.splice(lowerBound(chunk, key), 1);
    if (chunk.length === 0) this.#chunks.splice(at, 1);
  }

  /** How many keys k have from <= k < end. */
  count(from: string, end: string): number {
    return Math.max(0, this.#rank(end) - this.#rank(from));
  }

  /** Keys with from <= k < end, in order. The keys must not change meanwhile. */
  *range(from: string, end: string): Generator<string, void, void> {
    for (let at = this.#chunkOf(from); at < this.#chunks.length; at++) {
      const chunk = this.#chunks[at]!;
      for (let index = lowerBound(chunk, from); index < chunk.length; index++) {
        const key = chunk[index]!;
        if (key >= end) return;
        yield key;
      }
    }
  }

  #rank(key: string): number {
    const at = this.#chunkOf(key);
    let rank = 0;
    for (let index = 0; index < at; index++) rank += this.#chunks[index]!.length;
    const chunk = this.#chunks[at];
    return chunk === undefined ? rank : rank + lowerBound(chunk, key);
  }

  /** The first chunk whose last key is not less. */
  #chunkOf(key: string): number {
    let low = 0;
    let high = this.#chunks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#chunks[middle]!.at(-1)! < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (keys[middle]! < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
