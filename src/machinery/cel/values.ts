/**
 * CEL values as they are at run time. JavaScript's own values carry most of them:
 *
 *   null_type null · bool boolean · int bigint · double number · string string · bytes Uint8Array
 *   uint CelUint · timestamp CelTimestamp · duration CelDuration · type CelType · list CelList ·
 *   map CelMap · object types CelStruct · optional_type CelOptional · other opaque types CelOpaque
 *
 * A bigint is always within int64 and a CelUint within uint64: who makes one checks. Lists, maps and
 * structs are abstract so that JSON can be read through them without copying. Values are immutable.
 * An operation that fails returns a CelError instead of throwing: `false && 1/0 > 0` is false.
 */
import type { CelType } from "./types.ts";

export type Value =
  | null
  | boolean
  | bigint
  | number
  | string
  | Uint8Array
  | CelUint
  | CelTimestamp
  | CelDuration
  | CelType
  | CelList
  | CelMap
  | CelStruct
  | CelOptional
  | CelOpaque;

/** What an evaluation step gives: a value or the reason why there is none. */
export type Result = Value | CelError;

/** An evaluation that failed; the message is what clients see. Not an Error: it is made often and has no stack. */
export class CelError {
  readonly message: string;
  /** `cost` when the evaluation was cut off by its cost limit, which nothing in an expression can absorb. */
  readonly reason: "evaluation" | "cost";

  constructor(message: string, reason: "evaluation" | "cost" = "evaluation") {
    this.message = message;
    this.reason = reason;
  }
}

/** An unsigned 64-bit integer. */
export class CelUint {
  readonly value: bigint;

  constructor(value: bigint) {
    this.value = value;
  }
}

/** A point in time: nanoseconds since 1970-01-01T00:00:00Z, from year 1 to year 9999. */
export class CelTimestamp {
  readonly nanos: bigint;
  /** Seconds east of UTC in which it was written and prints again. */
  readonly offsetSeconds: number;

  constructor(nanos: bigint, offsetSeconds = 0) {
    this.nanos = nanos;
    this.offsetSeconds = offsetSeconds;
  }
}

/** A span of time: nanoseconds within int64. */
export class CelDuration {
  readonly nanos: bigint;

  constructor(nanos: bigint) {
    this.nanos = nanos;
  }
}

/** A list. Subclass it to read elements from elsewhere; `equals` and `plus` serve Kubernetes' set and map lists. */
export abstract class CelList {
  abstract readonly size: number;
  /** The element at `index`, which is within the list. */
  abstract at(index: number): Result;

  *[Symbol.iterator](): Iterator<Result> {
    for (let index = 0; index < this.size; index++) yield this.at(index);
  }

  /** Equality of its own kind, or undefined for element by element. Asked of the left operand first. */
  equals(_other: CelList): Result | undefined {
    return undefined;
  }

  /** Concatenation of its own kind, or undefined for the plain one. */
  plus(_other: CelList): Result | undefined {
    return undefined;
  }
}

/** A map. Keys are bool, int, uint or string; a double without fraction finds an integer key. */
export abstract class CelMap {
  abstract readonly size: number;
  /** The value of a key, or undefined when there is none. */
  abstract find(key: Value): Result | undefined;
  abstract keys(): Iterable<Value>;

  /** Equality of its own kind, or undefined for entry by entry. Asked of the left operand first. */
  equals(_other: CelMap): Result | undefined {
    return undefined;
  }
}

/** An object of a declared type. */
export abstract class CelStruct {
  abstract readonly type: CelType;
  /** The field's value, its default when unset, or undefined when the type has no such field. */
  abstract field(name: string): Result | undefined;
  /** Whether the field is set (`has`), or undefined when the type has no such field. */
  abstract has(name: string): boolean | undefined;
  abstract equals(other: CelStruct): Result;
}

/** `optional.of(value)` or, without a value, `optional.none()`. */
export class CelOptional {
  readonly value: Value | undefined;

  constructor(value: Value | undefined) {
    this.value = value;
  }
}

/** `optional.none()`. */
export const NONE = new CelOptional(undefined);

/** A value of a library's own type. */
export abstract class CelOpaque {
  abstract readonly type: CelType;
  abstract equals(other: Value): Result;
}

/** A list over an array of values, which must not change. */
export class ArrayList extends CelList {
  readonly #items: readonly Value[];

  constructor(items: readonly Value[]) {
    super();
    this.#items = items;
  }

  get size(): number {
    return this.#items.length;
  }

  at(index: number): Result {
    return this.#items[index] ?? null;
  }

  override [Symbol.iterator](): Iterator<Result> {
    return this.#items[Symbol.iterator]();
  }
}

/** A map over entries in their order. */
export class EntryMap extends CelMap {
  readonly #entries = new Map<string | boolean | bigint, readonly [Value, Value]>();

  constructor(entries: Iterable<readonly [Value, Value]>) {
    super();
    for (const entry of entries) {
      const key = mapKey(entry[0]);
      if (key !== undefined) this.#entries.set(key, entry);
    }
  }

  get size(): number {
    return this.#entries.size;
  }

  find(key: Value): Result | undefined {
    const index = mapKey(key);
    return index === undefined ? undefined : this.#entries.get(index)?.[1];
  }

  *keys(): Iterable<Value> {
    for (const entry of this.#entries.values()) yield entry[0];
  }
}

/** The index form of a map key, equal for numerically equal int, uint and double; undefined when it cannot be one. */
export function mapKey(key: Value): string | boolean | bigint | undefined {
  if (typeof key === "string" || typeof key === "bigint" || typeof key === "boolean") return key;
  if (key instanceof CelUint) return key.value;
  if (typeof key === "number" && Number.isInteger(key)) return BigInt(key);
  return undefined;
}

export function isError(value: unknown): value is CelError {
  return value instanceof CelError;
}
