/**
 * Equality and order of values. Numbers compare across their types by value; values of different types
 * are otherwise unequal. Aggregates are equal element by element.
 * Source: cel-spec doc/langdef.md "Equality" and "Ordering".
 */
import { CelType, sameType } from "../types.ts";
import {
  CelDuration,
  CelError,
  CelList,
  CelMap,
  CelOpaque,
  CelOptional,
  CelStruct,
  CelTimestamp,
  CelUint,
  type Result,
  type Value,
} from "../values.ts";

export const NO_SUCH_OVERLOAD = new CelError("no such overload");
const NAN_ORDER = new CelError("NaN values cannot be ordered");

/** The order of two numbers: negative, zero, positive or, with NaN, NaN. */
function compareNumbers(a: bigint | number, b: bigint | number): number {
  if (a === b) return 0;
  if (typeof a === "bigint" && typeof b === "bigint") return a < b ? -1 : a > b ? 1 : 0;
  if (typeof a === "number" && typeof b === "number") return a < b ? -1 : a > b ? 1 : a === b ? 0 : Number.NaN;
  return typeof a === "number" ? compareDouble(a, b as bigint) : -compareDouble(b as number, a);
}

/** As cel-go does it: past the range of the integer by range, within it as doubles. */
function compareDouble(a: number, b: bigint): number {
  if (Number.isNaN(a)) return Number.NaN;
  const other = Number(b);
  return a < other ? -1 : a > other ? 1 : 0;
}

function numeric(value: Value): bigint | number | undefined {
  if (typeof value === "bigint" || typeof value === "number") return value;
  return value instanceof CelUint ? value.value : undefined;
}

function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

function equalLists(a: CelList, b: CelList): Result {
  const own = a.equals(b);
  if (own !== undefined) return own;
  if (a.size !== b.size) return false;
  for (let index = 0; index < a.size; index++) {
    const left = a.at(index);
    const right = b.at(index);
    if (left instanceof CelError || right instanceof CelError) continue;
    if (equal(left, right) === false) return false;
  }
  return true;
}

function equalMaps(a: CelMap, b: CelMap): Result {
  const own = a.equals(b);
  if (own !== undefined) return own;
  if (a.size !== b.size) return false;
  for (const key of a.keys()) {
    const left = a.find(key);
    const right = b.find(key);
    if (right === undefined) return false;
    if (left === undefined || left instanceof CelError || right instanceof CelError) continue;
    if (equal(left, right) === false) return false;
  }
  return true;
}

function equalOptionals(a: CelOptional, b: CelOptional): Result {
  if (a.value === undefined || b.value === undefined) return a.value === b.value;
  return equal(a.value, b.value);
}

/** Whether two values are equal; an error only where a type's own equality gives one. */
export function equal(a: Value, b: Value): Result {
  if (a === b) return !(typeof a === "number" && Number.isNaN(a));
  if (a === null || b === null) return false;
  switch (typeof a) {
    case "string":
    case "boolean":
      return false;
    case "bigint":
    case "number":
      return equalNumber(a, b);
    default:
      return equalObjects(a, b);
  }
}

function equalNumber(a: bigint | number, b: Value): boolean {
  const other = numeric(b);
  return other !== undefined && compareNumbers(a, other) === 0;
}

function equalObjects(a: Exclude<Value, null | boolean | bigint | number | string>, b: Value): Result {
  if (a instanceof CelUint) return equalNumber(a.value, b);
  if (a instanceof CelList) return b instanceof CelList ? equalLists(a, b) : false;
  if (a instanceof CelMap) return b instanceof CelMap ? equalMaps(a, b) : false;
  if (a instanceof CelStruct) return b instanceof CelStruct ? a.equals(b) : false;
  if (a instanceof Uint8Array) return b instanceof Uint8Array && equalBytes(a, b);
  if (a instanceof CelTimestamp) return b instanceof CelTimestamp && a.nanos === b.nanos;
  if (a instanceof CelDuration) return b instanceof CelDuration && a.nanos === b.nanos;
  if (a instanceof CelType) return b instanceof CelType && (sameType(a, b) || a.name === b.name);
  if (a instanceof CelOptional) return b instanceof CelOptional ? equalOptionals(a, b) : false;
  return a instanceof CelOpaque ? a.equals(b) : false;
}

/** The order of strings by code point, which is that of their UTF-8. */
function compareStrings(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const left = a.charCodeAt(index);
    const right = b.charCodeAt(index);
    if (left === right) continue;
    const surrogates = Number(left >= 0xd800 && left < 0xe000) - Number(right >= 0xd800 && right < 0xe000);
    return left >= 0xd800 && right >= 0xd800 && surrogates !== 0 ? surrogates : left - right;
  }
  return a.length - b.length;
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** The order of two values: a number below, at or above zero, or the error that they have none. */
export function compare(a: Value, b: Value): number | CelError {
  if (typeof a === "bigint" && typeof b === "bigint") return a < b ? -1 : a > b ? 1 : 0;
  const left = numeric(a);
  if (left !== undefined) {
    const right = numeric(b);
    if (right === undefined) return NO_SUCH_OVERLOAD;
    const order = compareNumbers(left, right);
    return Number.isNaN(order) ? NAN_ORDER : order;
  }
  if (typeof a === "string") return typeof b === "string" ? compareStrings(a, b) : NO_SUCH_OVERLOAD;
  if (typeof a === "boolean") return typeof b === "boolean" ? Number(a) - Number(b) : NO_SUCH_OVERLOAD;
  if (a instanceof CelTimestamp && b instanceof CelTimestamp) return a.nanos < b.nanos ? -1 : Number(a.nanos > b.nanos);
  if (a instanceof CelDuration && b instanceof CelDuration) return a.nanos < b.nanos ? -1 : Number(a.nanos > b.nanos);
  if (a instanceof Uint8Array && b instanceof Uint8Array) return compareBytes(a, b);
  return NO_SUCH_OVERLOAD;
}
