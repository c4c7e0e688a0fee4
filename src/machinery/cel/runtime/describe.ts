/** What values are called and how messages print them. */
import {
  BOOL,
  BYTES,
  CelType,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  LIST,
  MAP,
  NULL,
  optionalOf,
  STRING,
  TIMESTAMP,
  TYPE,
  UINT,
} from "../types.ts";
import {
  CelDuration,
  CelError,
  CelList,
  CelMap,
  CelOptional,
  CelTimestamp,
  CelUint,
  type Result,
  type Value,
} from "../values.ts";
import { formatDouble, formatPlain } from "./numbers.ts";
import { formatTimestamp } from "./time.ts";

const OPTIONAL = optionalOf(DYN);

/** The run-time type of a value. */
export function typeOfValue(value: Value): CelType {
  if (value === null) return NULL;
  switch (typeof value) {
    case "boolean":
      return BOOL;
    case "bigint":
      return INT;
    case "number":
      return DOUBLE;
    case "string":
      return STRING;
    default:
      return typeOfObject(value);
  }
}

function typeOfObject(value: Exclude<Value, null | boolean | bigint | number | string>): CelType {
  if (value instanceof CelList) return LIST;
  if (value instanceof CelMap) return MAP;
  if (value instanceof CelUint) return UINT;
  if (value instanceof Uint8Array) return BYTES;
  if (value instanceof CelTimestamp) return TIMESTAMP;
  if (value instanceof CelDuration) return DURATION;
  if (value instanceof CelType) return TYPE;
  if (value instanceof CelOptional) return OPTIONAL;
  return value.type;
}

/** The number of code points of a string. */
export function codePoints(text: string): number {
  let count = text.length;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code < 0xd800 || code > 0xdbff) continue;
    const next = text.charCodeAt(index + 1);
    if (next >= 0xdc00 && next <= 0xdfff) {
      count--;
      index++;
    }
  }
  return count;
}

/** What cost counts a value as: elements, code points or bytes where it has them, otherwise 1. */
export function sizeOf(value: Result): number {
  if (typeof value === "string") return codePoints(value);
  if (value instanceof CelList || value instanceof CelMap) return value.size;
  if (value instanceof Uint8Array) return value.length;
  if (value instanceof CelOptional && value.value !== undefined) return sizeOf(value.value);
  return 1;
}

/** A duration as Go prints it: `1h30m0s`. */
function goDuration(nanos: bigint): string {
  const magnitude = nanos < 0n ? -nanos : nanos;
  const sign = nanos < 0n ? "-" : "";
  if (magnitude === 0n) return "0s";
  if (magnitude < 1000n) return `${sign}${magnitude}ns`;
  if (magnitude < 1_000_000n) return `${sign}${formatPlain(Number(magnitude) / 1e3)}\u00b5s`;
  if (magnitude < 1_000_000_000n) return `${sign}${formatPlain(Number(magnitude) / 1e6)}ms`;
  const seconds = magnitude / 1_000_000_000n;
  const fraction = (magnitude % 1_000_000_000n).toString().padStart(9, "0").replace(/0+$/, "");
  const tail = `${seconds % 60n}${fraction === "" ? "" : `.${fraction}`}s`;
  if (seconds < 60n) return `${sign}${tail}`;
  const minutes = seconds / 60n;
  if (minutes < 60n) return `${sign}${minutes}m${tail}`;
  return `${sign}${minutes / 60n}h${minutes % 60n}m${tail}`;
}

/** A value inside an error message, as Go's `%v` prints cel-go's values. */
export function describe(value: Result): string {
  if (value === null) return "null";
  if (typeof value === "number") return formatDouble(value);
  if (typeof value !== "object") return String(value);
  if (value instanceof CelError) return value.message;
  if (value instanceof CelUint) return String(value.value);
  if (value instanceof CelType) return value.name;
  if (value instanceof CelTimestamp) return formatTimestamp(value).replace("T", " ").replace(/Z$/, " +0000 UTC");
  if (value instanceof CelDuration) return goDuration(value.nanos);
  if (value instanceof Uint8Array) return `[${[...value].join(" ")}]`;
  if (value instanceof CelList) return `[${[...value].map(describe).join(", ")}]`;
  if (value instanceof CelMap)
    return `{${[...value.keys()].map((key) => `${describe(key)}: ${describe(value.find(key) ?? null)}`).join(", ")}}`;
  if (value instanceof CelOptional)
    return value.value === undefined ? "optional.none()" : `optional(${describe(value.value)})`;
  return value.type.name;
}
