/** The operators on values: what each does to the types it knows, "no such overload" for the rest. */
import type { CelType } from "../types.ts";
import {
  ArrayList,
  CelDuration,
  CelError,
  CelList,
  CelMap,
  CelTimestamp,
  CelUint,
  type Result,
  type Value,
} from "../values.ts";
import { equal, NO_SUCH_OVERLOAD } from "./compare.ts";
import { describe, typeOfValue } from "./describe.ts";
import { divide, INT_OVERFLOW, int, modulo, uint } from "./numbers.ts";
import { timestampOf } from "./time.ts";

/** Two lists one after the other, without copying. */
class ConcatList extends CelList {
  readonly #first: CelList;
  readonly #second: CelList;
  readonly size: number;

  constructor(first: CelList, second: CelList) {
    super();
    this.#first = first;
    this.#second = second;
    this.size = first.size + second.size;
  }

  at(index: number): Result {
    return index < this.#first.size ? this.#first.at(index) : this.#second.at(index - this.#first.size);
  }

  override *[Symbol.iterator](): Iterator<Result> {
    yield* this.#first;
    yield* this.#second;
  }
}

/** The list a comprehension builds: adding to it changes it. Nothing but its accumulator may hold it. */
export class GrowingList extends CelList {
  readonly #items: Value[] = [];

  get size(): number {
    return this.#items.length;
  }

  at(index: number): Result {
    return this.#items[index] ?? null;
  }

  override plus(other: CelList): Result {
    for (const item of other) {
      if (item instanceof CelError) return item;
      this.#items.push(item);
    }
    return this;
  }

  /** The finished list; this one must not grow after. */
  finish(): CelList {
    return new ArrayList(this.#items);
  }
}

function addLists(a: CelList, b: CelList): Result {
  const own = a.plus(b);
  if (own !== undefined) return own;
  if (a.size === 0) return b;
  return b.size === 0 ? a : new ConcatList(a, b);
}

function duration(nanos: bigint): Result {
  const value = int(nanos);
  return value instanceof CelError ? value : new CelDuration(value);
}

function addBytes(a: Uint8Array, b: Uint8Array): Uint8Array {
  const sum = new Uint8Array(a.length + b.length);
  sum.set(a);
  sum.set(b, a.length);
  return sum;
}

/** Types that have an operator, or methods that might have been it: those only say that no overload fits. */
const KNOWN: Readonly<Record<string, ReadonlySet<string>>> = {
  "_+_": new Set(["bytes", "double", "duration", "int", "list", "string", "timestamp", "uint"]),
  "_-_": new Set(["double", "duration", "int", "string", "timestamp", "uint"]),
  "_*_": new Set(["double", "duration", "int", "string", "timestamp", "uint"]),
  "_/_": new Set(["double", "duration", "int", "string", "timestamp", "uint"]),
  "_%_": new Set(["duration", "int", "string", "timestamp", "uint"]),
  "-_": new Set(["bool", "double", "duration", "int", "string", "timestamp"]),
};
const COMPARABLE = new Set(["bool", "bytes", "double", "duration", "int", "string", "timestamp", "uint"]);

/** The error of an operator whose left operand is not of its types, or whose operands do not go together. */
export function unfit(operator: string, left: Value): CelError {
  const known = KNOWN[operator] ?? COMPARABLE;
  return known.has(typeOfValue(left).kind) ? NO_SUCH_OVERLOAD : new CelError(`no such overload: ${operator}`);
}

export function add(a: Value, b: Value): Result {
  if (typeof a === "bigint" && typeof b === "bigint") return int(a + b);
  if (typeof a === "string" && typeof b === "string") return a + b;
  if (typeof a === "number" && typeof b === "number") return a + b;
  if (a instanceof CelList) return b instanceof CelList ? addLists(a, b) : NO_SUCH_OVERLOAD;
  if (a instanceof CelUint && b instanceof CelUint) return uint(a.value + b.value);
  if (a instanceof CelDuration && b instanceof CelDuration) return duration(a.nanos + b.nanos);
  if (a instanceof CelTimestamp && b instanceof CelDuration) return timestampOf(a.nanos + b.nanos, a.offsetSeconds);
  if (a instanceof CelDuration && b instanceof CelTimestamp) return timestampOf(a.nanos + b.nanos, b.offsetSeconds);
  if (a instanceof Uint8Array && b instanceof Uint8Array) return addBytes(a, b);
  return unfit("_+_", a);
}

export function subtract(a: Value, b: Value): Result {
  if (typeof a === "bigint" && typeof b === "bigint") return int(a - b);
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (a instanceof CelUint && b instanceof CelUint) return uint(a.value - b.value);
  if (a instanceof CelDuration && b instanceof CelDuration) return duration(a.nanos - b.nanos);
  if (a instanceof CelTimestamp && b instanceof CelTimestamp) return duration(a.nanos - b.nanos);
  if (a instanceof CelTimestamp && b instanceof CelDuration) {
    const negated = duration(-b.nanos);
    return negated instanceof CelError ? negated : add(a, negated);
  }
  return unfit("_-_", a);
}

export function multiply(a: Value, b: Value): Result {
  if (typeof a === "bigint" && typeof b === "bigint") return int(a * b);
  if (typeof a === "number" && typeof b === "number") return a * b;
  if (a instanceof CelUint && b instanceof CelUint) return uint(a.value * b.value);
  return unfit("_*_", a);
}

export function quotient(a: Value, b: Value): Result {
  if (typeof a === "bigint" && typeof b === "bigint") return divide(a, b);
  if (typeof a === "number" && typeof b === "number") return a / b;
  if (a instanceof CelUint && b instanceof CelUint) {
    const value = divide(a.value, b.value);
    return typeof value === "bigint" ? new CelUint(value) : unsignedQuotient(a, b);
  }
  return unfit("_/_", a);
}

/** A quotient past int64, or the division by zero. */
function unsignedQuotient(a: CelUint, b: CelUint): Result {
  return b.value === 0n ? divide(1n, 0n) : new CelUint(a.value / b.value);
}

export function remainder(a: Value, b: Value): Result {
  if (typeof a === "bigint" && typeof b === "bigint") return modulo(a, b);
  if (a instanceof CelUint && b instanceof CelUint)
    return b.value === 0n ? modulo(1n, 0n) : new CelUint(a.value % b.value);
  return unfit("_%_", a);
}

export function negate(value: Value): Result {
  if (typeof value === "bigint") return value === -9223372036854775808n ? INT_OVERFLOW : -value;
  if (typeof value === "number") return -value;
  if (value instanceof CelDuration) return duration(-value.nanos);
  return unfit("-_", value);
}

/** `value in aggregate`. */
export function contains(value: Value, aggregate: Value): Result {
  if (aggregate instanceof CelMap) {
    const found = aggregate.find(value);
    return found instanceof CelError ? found : found !== undefined;
  }
  if (!(aggregate instanceof CelList)) return NO_SUCH_OVERLOAD;
  for (const element of aggregate) if (!(element instanceof CelError) && equal(value, element) === true) return true;
  return false;
}

/** What a failed conversion says. */
export function conversionError(value: Value, to: CelType): CelError {
  return new CelError(`type conversion error from '${typeOfValue(value).name}' to '${to.name}'`);
}

/** Where a list is read at: whole numbers of any type. */
function listIndex(index: Value): number | CelError {
  if (typeof index === "bigint") return Number(index);
  if (typeof index === "number")
    return Number.isInteger(index) ? index : new CelError(`unsupported index value ${describe(index)} in list`);
  if (index instanceof CelUint) return Number(index.value);
  return new CelError(`unsupported index type '${typeOfValue(index).name}' in list`);
}

/** An element of a list, or undefined past its ends. */
export function elementAt(list: CelList, index: Value): Result | undefined {
  const at = listIndex(index);
  if (at instanceof CelError) return at;
  return at >= 0 && at < list.size ? list.at(at) : undefined;
}
