// Numbers out of a range, each once: service addresses and node ports. What is in use follows the watch cache; what a request
// has taken but not stored yet is held beside it.
import type { Rng } from "../../../base/index.ts";

export class RangeFull extends Error {
  override readonly name = "RangeFull";
  constructor() {
    super("range is full");
  }
}

/** Which numbers are taken; ranges that overlap share one. */
export class NumberUse {
  /** How many objects hold a number: two during a race that the store then decides. */
  readonly #used = new Map<bigint, number>();
  readonly #held = new Set<bigint>();

  /** How many are in use. */
  get size(): number {
    return this.#used.size;
  }
  isFree(number: bigint): boolean {
    return !this.#used.has(number) && !this.#held.has(number);
  }
  hold(number: bigint): void {
    this.#held.add(number);
  }
  drop(number: bigint): void {
    this.#held.delete(number);
  }
  use(number: bigint): void {
    this.#used.set(number, (this.#used.get(number) ?? 0) + 1);
  }
  release(number: bigint): void {
    const count = this.#used.get(number) ?? 0;
    if (count <= 1) this.#used.delete(number);
    else this.#used.set(number, count - 1);
  }
}

export interface NumberRange {
  readonly first: bigint;
  readonly size: bigint;
}

export class NumberAllocator {
  readonly use: NumberUse;
  readonly #first: bigint;
  readonly #size: bigint;
  readonly #offset: bigint;
  readonly #rng: Rng;

  constructor(range: NumberRange, rng: Rng, use = new NumberUse()) {
    this.use = use;
    this.#offset = staticBand(range.size);
    this.#first = range.first;
    this.#size = range.size;
    this.#rng = rng;
  }

  contains(number: bigint): boolean {
    return number >= this.#first && number < this.#first + this.#size;
  }

  /**
   * A free number, held. The lower part of the range is left to those who ask for a number by name, as long as the
   * upper part has any (KEP-3070, KEP-3668).
   */
  next(): bigint {
    const offset = this.#offset;
    const found = this.#search(this.#first + offset, this.#size - offset) ?? this.#search(this.#first, offset);
    if (found === undefined) throw new RangeFull();
    this.use.hold(found);
    return found;
  }

  #search(first: bigint, size: bigint): bigint | undefined {
    if (size <= 0n) return undefined;
    const random = (BigInt(this.#rng.uint32()) << 32n) | BigInt(this.#rng.uint32());
    const start = random % size;
    const most = size < 1_000_000n ? size : 1_000_000n;
    for (let step = 0n; step < most; step++) {
      const candidate = first + ((start + step) % size);
      if (this.use.isFree(candidate)) return candidate;
    }
    return undefined;
  }
}

/** min(max(16, size / 16), 256), and none of a range that is too small to be split. */
function staticBand(size: bigint): bigint {
  if (size < 16n) return 0n;
  const part = size / 16n;
  return part < 16n ? 16n : part > 256n ? 256n : part;
}
