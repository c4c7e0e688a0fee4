// Objects in key order, for paging: sorted runs of bounded length, so that inserting among 100,000 keys moves a few hundred.
import type { CachedObject } from "./cached-object.ts";

const longestRun = 512;

export class OrderedObjects {
  #runs: CachedObject[][] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  set(object: CachedObject): void {
    const at = this.#runIndex(object.key);
    const run = this.#runs[at];
    if (run === undefined) {
      this.#runs.push([object]);
      this.#size++;
      return;
    }
    const index = lowerBound(run, object.key);
    if (run[index]?.key === object.key) {
      run[index] = object;
      return;
    }
    run.splice(index, 0, object);
    this.#size++;
    if (run.length > longestRun) this.#runs.splice(at + 1, 0, run.splice(longestRun >> 1));
  }

  delete(key: string): void {
    const at = this.#runIndex(key);
    const run = this.#runs[at];
    if (run === undefined) return;
    const index = lowerBound(run, key);
    if (run[index]?.key !== key) return;
    run.splice(index, 1);
    this.#size--;
    if (run.length === 0) this.#runs.splice(at, 1);
  }

  clear(): void {
    this.#runs = [];
    this.#size = 0;
  }

  /** Keys that begin with `prefix` and are not before `from`. The collection must not change meanwhile. */
  *from(from: string, prefix: string): Generator<CachedObject, void, void> {
    const start = from > prefix ? from : prefix;
    let at = this.#runIndex(start);
    let index = this.#runs[at] === undefined ? 0 : lowerBound(this.#runs[at]!, start);
    for (; at < this.#runs.length; at++, index = 0) {
      const run = this.#runs[at]!;
      for (; index < run.length; index++) {
        const object = run[index]!;
        if (!object.key.startsWith(prefix)) return;
        yield object;
      }
    }
  }

  /** How many keys behind `after` begin with `prefix`. */
  countAfter(after: string, prefix: string): number {
    let at = this.#runIndex(after);
    let index = this.#runs[at] === undefined ? 0 : lowerBound(this.#runs[at]!, `${after}\u0000`);
    let count = 0;
    for (; at < this.#runs.length; at++, index = 0) {
      const run = this.#runs[at]!;
      if (run.at(-1)!.key.startsWith(prefix)) {
        count += run.length - index;
        continue;
      }
      while (index < run.length && run[index]!.key.startsWith(prefix)) {
        index++;
        count++;
      }
      return count;
    }
    return count;
  }

  /** The last run whose first key is not behind `key`. */
  #runIndex(key: string): number {
    let low = 0;
    let high = this.#runs.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#runs[middle]![0]!.key <= key) low = middle + 1;
      else high = middle;
    }
    return Math.max(low - 1, 0);
  }
}

function lowerBound(run: readonly CachedObject[], key: string): number {
  let low = 0;
  let high = run.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (run[middle]!.key < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
