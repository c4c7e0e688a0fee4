/** Conversions between types, named like the type they give. Source: cel-spec "List of Standard Definitions". */
import type { FunctionDecl, OverloadDecl } from "../contract.ts";
import { conversionError } from "../runtime/arithmetic.ts";
import {
  doubleToInt,
  doubleToUint,
  formatDouble,
  int,
  parseDouble,
  parseInteger,
  parseUnsigned,
  uint,
} from "../runtime/numbers.ts";
import {
  formatDuration,
  formatTimestamp,
  parseDuration,
  parseTimestamp,
  timestampOfSeconds,
  unixSeconds,
} from "../runtime/time.ts";
import { BOOL, BYTES, type CelType, DOUBLE, DURATION, INT, STRING, TIMESTAMP, UINT } from "../types.ts";
import { CelDuration, CelError, CelTimestamp, CelUint, type Result, type Value } from "../values.ts";

const TRUE = new Set(["1", "t", "T", "TRUE", "true", "True"]);
const FALSE = new Set(["0", "f", "F", "FALSE", "false", "False"]);

/** Names of types in overload ids. */
const ID_NAMES: Readonly<Record<string, string>> = { int: "int64", uint: "uint64" };

function idName(type: CelType): string {
  return ID_NAMES[type.kind] ?? type.kind;
}

type Convert = (value: Value) => Result;

function overload(from: CelType, to: CelType, convert: Convert): OverloadDecl {
  return { id: `${idName(from)}_to_${idName(to)}`, args: [from], result: to, evaluate: convert };
}

/** The function named after a type, from itself and the others. */
function conversion(to: CelType, from: readonly (readonly [CelType, Convert])[]): FunctionDecl {
  return {
    name: to.kind,
    overloads: [overload(to, to, (value) => value), ...from.map(([type, convert]) => overload(type, to, convert))],
  };
}

/** A conversion of text that fails with the usual message when it gives undefined. */
function fromText(to: CelType, read: (text: string) => Result | undefined): readonly [CelType, Convert] {
  return [STRING, (value) => (typeof value === "string" ? read(value) : undefined) ?? conversionError(value, to)];
}

function toText(value: Value): Result {
  if (typeof value === "number") return formatDouble(value);
  if (value instanceof CelUint) return String(value.value);
  if (value instanceof CelDuration) return formatDuration(value);
  if (value instanceof CelTimestamp) return formatTimestamp(value);
  if (value instanceof Uint8Array) return decode(value);
  return String(value);
}

function decode(bytes: Uint8Array): Result {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return new CelError("invalid UTF-8 in bytes, cannot convert to string");
  }
}

function toInt(value: Value): Result {
  if (typeof value === "number") return doubleToInt(value);
  if (value instanceof CelUint) return int(value.value);
  if (value instanceof CelDuration) return value.nanos;
  return value instanceof CelTimestamp ? unixSeconds(value) : conversionError(value, INT);
}

function toUint(value: Value): Result {
  if (typeof value === "number") return doubleToUint(value);
  return typeof value === "bigint" ? uint(value) : conversionError(value, UINT);
}

function toDouble(value: Value): Result {
  if (typeof value === "bigint") return Number(value);
  return value instanceof CelUint ? Number(value.value) : conversionError(value, DOUBLE);
}

function readBool(text: string): Result | undefined {
  if (TRUE.has(text)) return true;
  return FALSE.has(text) ? false : undefined;
}

export const CONVERSIONS: readonly FunctionDecl[] = [
  conversion(BOOL, [fromText(BOOL, readBool)]),
  conversion(BYTES, [fromText(BYTES, (text) => new TextEncoder().encode(text))]),
  conversion(DOUBLE, [[INT, toDouble], fromText(DOUBLE, parseDouble), [UINT, toDouble]]),
  conversion(DURATION, [[INT, (value) => conversionError(value, DURATION)], fromText(DURATION, parseDuration)]),
  conversion(INT, [[DOUBLE, toInt], [DURATION, toInt], fromText(INT, parseInteger), [TIMESTAMP, toInt], [UINT, toInt]]),
  conversion(STRING, [
    [BOOL, toText],
    [BYTES, toText],
    [DOUBLE, toText],
    [DURATION, toText],
    [INT, toText],
    [TIMESTAMP, toText],
    [UINT, toText],
  ]),
  conversion(TIMESTAMP, [
    [INT, (value) => (typeof value === "bigint" ? timestampOfSeconds(value) : conversionError(value, TIMESTAMP))],
    fromText(TIMESTAMP, parseTimestamp),
  ]),
  conversion(UINT, [[DOUBLE, toUint], [INT, toUint], fromText(UINT, parseUnsigned)]),
];
