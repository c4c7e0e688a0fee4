// What the store's thread and its owner say to each other. Numbers, keys and values of many commits or entries travel
// in one Float64Array, one string and one buffer each, since a message costs per object, not per byte.

/** Joins keys in a message; no key contains it. */
const keySeparator = "\u0000";

/** A record of numbers, keys and values, read back in the order it was written. */
export interface Packed {
  readonly numbers: Float64Array<ArrayBuffer>;
  readonly keys: string;
  readonly values: Uint8Array<ArrayBuffer>;
}

export class PackWriter {
  readonly #numbers: number[] = [];
  readonly #keys: string[] = [];
  readonly #values: Uint8Array[] = [];
  byteLength = 0;

  number(value: number): void {
    this.#numbers.push(value);
  }

  key(key: string): void {
    this.#keys.push(key);
  }

  /** An absent value is written as length -1. */
  value(value: Uint8Array | undefined): void {
    this.#numbers.push(value === undefined ? -1 : value.length);
    if (value === undefined) return;
    this.#values.push(value);
    this.byteLength += value.length;
  }

  finish(): Packed {
    const values = new Uint8Array(this.byteLength);
    let offset = 0;
    for (const value of this.#values) {
      values.set(value, offset);
      offset += value.length;
    }
    return { numbers: Float64Array.from(this.#numbers), keys: this.#keys.join(keySeparator), values };
  }
}

export class PackReader {
  readonly #numbers: Float64Array;
  readonly #keys: readonly string[];
  readonly #values: Uint8Array<ArrayBuffer>;
  #number = 0;
  #key = 0;
  #offset = 0;

  constructor(packed: Packed) {
    this.#numbers = packed.numbers;
    this.#keys = packed.keys === "" ? [] : packed.keys.split(keySeparator);
    this.#values = packed.values;
  }

  get atEnd(): boolean {
    return this.#number === this.#numbers.length;
  }

  number(): number {
    return this.#numbers[this.#number++]!;
  }

  key(): string {
    return this.#keys[this.#key++]!;
  }

  /** A view of the message's buffer. */
  value(): Uint8Array | undefined {
    const length = this.number();
    if (length < 0) return undefined;
    const start = this.#offset;
    this.#offset += length;
    return this.#values.subarray(start, this.#offset);
  }
}

/** Below this many bytes, a copy is cheaper than handing the memory over. */
const worthMoving = 128 * 1024;

/** The buffers that move to the other thread instead of being copied. */
export const buffersOf = ({ values }: Packed): ArrayBuffer[] =>
  values.byteLength < worthMoving ? [] : [values.buffer];

export type Call =
  | { readonly type: "get"; readonly key: string; readonly revision: number | undefined }
  | ({ readonly type: "range" } & RangeCall)
  | { readonly type: "count"; readonly prefix: string }
  /** Answers a page of events behind `revision`. */
  | { readonly type: "replay"; readonly prefix: string; readonly revision: number }
  /** Rows at or behind `keep` stay although they are out of reach, for snapshots that still run. */
  | { readonly type: "compact"; readonly revision: number; readonly keep: number }
  | { readonly type: "sweep"; readonly nowMs: number }
  | { readonly type: "size" }
  | { readonly type: "close" };

export interface RangeCall {
  readonly prefix: string;
  readonly after: string | undefined;
  readonly limit: number | undefined;
  readonly revision: number | undefined;
  /** The owner keeps compaction away from this revision. */
  readonly pinned: boolean;
}

/** A page of a range: entries as (modRevision, createRevision, value) and keys. */
export interface RangePage {
  readonly revision: number;
  readonly entries: Packed;
  /** The page is full although the limit is not reached. */
  readonly more: boolean;
  readonly remaining: number;
}

/** Events as (revision, isDelete, createRevision, value, previous modRevision, previous createRevision, previous value). */
export interface EventPage {
  readonly revision: number;
  readonly events: Packed;
  readonly last: boolean;
}

export interface SweepAnswer {
  readonly due: readonly { readonly key: string; readonly revision: number }[];
  readonly nextMs: number | undefined;
}

/** What the thread is started with. */
export interface StoreFile {
  readonly path: string;
  readonly quotaBytes: number | undefined;
}

export type ToWorker =
  /**
   * Commits: (operation count, events wanted) and for each operation (isDelete, expected revision or -1, deadline or 0,
   * value).
   */
  | { readonly type: "commit"; readonly commits: Packed; readonly relaxed: boolean }
  | { readonly type: "call"; readonly id: number; readonly call: Call };

export interface Opened {
  readonly revision: number;
  readonly compacted: number;
  readonly nextExpiryMs: number | undefined;
}

export type FromWorker =
  | ({ readonly type: "opened" } & Opened)
  | { readonly type: "refused"; readonly error: WireError }
  /**
   * The next `batches` commit messages, in order: for each commit (0, index of the failed operation, entry or nothing)
   * or (1, revision) and, where events are wanted, for each operation (createRevision or 0 when nothing happened,
   * previous modRevision, previous createRevision, previous value).
   */
  | { readonly type: "committed"; readonly batches: number; readonly results: Packed }
  | { readonly type: "failed"; readonly batches: number; readonly error: WireError }
  /** Work that nobody waits for could not be done; it will be tried again. */
  | { readonly type: "warning"; readonly error: WireError }
  | { readonly type: "answer"; readonly id: number; readonly answer: unknown }
  | { readonly type: "error"; readonly id: number; readonly error: WireError };

export type WireError =
  | { readonly kind: "compacted" | "future"; readonly revision: number; readonly newest: number }
  | { readonly kind: "sqlite"; readonly code: number; readonly message: string }
  | { readonly kind: "file"; readonly message: string };
