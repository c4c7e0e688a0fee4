/** Values as text for `format`. Numbers with `%f` and `%e` look as they do in American English. */
import { quoteGo } from "../../go-text.ts";
import { typeOfValue } from "../runtime/describe.ts";
import { formatDouble, isNegative } from "../runtime/numbers.ts";
import { formatDuration, formatTimestamp } from "../runtime/time.ts";
import { CelType } from "../types.ts";
import { CelDuration, CelError, CelList, CelMap, CelTimestamp, CelUint, type Result, type Value } from "../values.ts";
import { type Clause, type FormatFailure, WRONG_TYPE } from "./format.ts";

const DEFAULT_PRECISION = 6;

type Text = string | FormatFailure;

/** The decimal digits of a finite number, exactly rounded half to even as Go does. */
function fixed(value: number, precision: number): string {
  const magnitude = Math.abs(value);
  if (precision <= 100 && magnitude < 1e21) return exactFixed(magnitude, precision);
  const whole = BigInt(Math.trunc(magnitude)).toString();
  return precision === 0 ? whole : `${whole}.${"0".repeat(precision)}`;
}

/** toFixed rounds half up on the exact value; Go rounds an exact half to even. */
function exactFixed(magnitude: number, precision: number): string {
  const text = magnitude.toFixed(precision);
  const scaled = magnitude * 10 ** precision;
  const isHalf = precision < 16 && scaled < 2 ** 52 && scaled - Math.trunc(scaled) === 0.5;
  if (!isHalf || scaled / 10 ** precision !== magnitude) return text;
  const even = Math.trunc(scaled) + (Math.trunc(scaled) % 2);
  const digits = String(even).padStart(precision + 1, "0");
  return precision === 0 ? digits : `${digits.slice(0, -precision)}.${digits.slice(-precision)}`;
}

function grouped(text: string): string {
  const [whole = "", fraction] = text.split(".");
  const groups = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return fraction === undefined ? groups : `${groups}.${fraction}`;
}

function special(value: number): string | undefined {
  if (Number.isNaN(value)) return "NaN";
  if (Number.isFinite(value)) return undefined;
  return value > 0 ? "\u221e" : "-\u221e";
}

const SUPERSCRIPT: Readonly<Record<string, string>> = {
  "-": "\u207b",
  "0": "\u2070",
  "1": "\u00b9",
  "2": "\u00b2",
  "3": "\u00b3",
  "4": "\u2074",
  "5": "\u2075",
  "6": "\u2076",
  "7": "\u2077",
  "8": "\u2078",
  "9": "\u2079",
};

function scientific(value: number): string {
  const named = special(value);
  if (named !== undefined) return named;
  const [mantissa = "0", exponent = "0"] = Math.abs(value).toExponential(DEFAULT_PRECISION).split("e");
  const power = Number(exponent);
  const digits = (power < 0 ? "-" : "") + String(Math.abs(power)).padStart(2, "0");
  const raised = [...digits].map((digit) => SUPERSCRIPT[digit] ?? digit).join("");
  return `${value < 0 ? "-" : ""}${mantissa}\u00d710${raised}`;
}

function padded(text: string, width: number): string {
  return " ".repeat(Math.max(0, width - [...text].length)) + text;
}

/** The number of a double, or of the strings that name the special ones. */
function doubleOf(value: Value): number | undefined {
  if (typeof value === "number") return value;
  if (value === "NaN") return Number.NaN;
  if (value === "Infinity") return Number.POSITIVE_INFINITY;
  return value === "-Infinity" ? Number.NEGATIVE_INFINITY : undefined;
}

function wrongType(clause: Clause, value: Value): FormatFailure {
  return { failure: WRONG_TYPE[clause.verb] + typeOfValue(value).name };
}

function formatNumber(value: Value, clause: Clause): Text {
  const double = doubleOf(value);
  if (double === undefined) return wrongType(clause, value);
  // Upstream's precision of %e is a width; the precision is always the default.
  if (clause.verb === "e") return padded(scientific(double), clause.precision ?? DEFAULT_PRECISION);
  const named = special(double);
  if (named !== undefined) return named;
  return (double < 0 ? "-" : "") + grouped(fixed(double, clause.precision ?? DEFAULT_PRECISION));
}

function integerOf(value: Value): bigint | undefined {
  if (typeof value === "bigint") return value;
  return value instanceof CelUint ? value.value : undefined;
}

const RADIX: Readonly<Record<string, number>> = { d: 10, b: 2, o: 8, x: 16, X: 16 };

function hexOfBytes(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function formatInteger(value: Value, clause: Clause): Text {
  const { verb } = clause;
  const integer = integerOf(value);
  if (integer !== undefined) return integer.toString(RADIX[verb]);
  if (verb === "b" && typeof value === "boolean") return value ? "1" : "0";
  const isHex = verb === "x" || verb === "X";
  if (isHex && typeof value === "string") return hexOfBytes(new TextEncoder().encode(value));
  if (isHex && value instanceof Uint8Array) return hexOfBytes(value);
  return wrongType(clause, value);
}

/** One value under one clause. */
export function formatValue(value: Value, clause: Clause): Text {
  if (clause.verb === "s") return formatString(value);
  if (clause.verb === "f" || clause.verb === "e") return formatNumber(value, clause);
  const text = formatInteger(value, clause);
  return clause.verb === "X" && typeof text === "string" ? text.toUpperCase() : text;
}

function decode(bytes: Uint8Array): Text {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return { failure: 'could not convert argument "invalid UTF-8 in bytes, cannot convert to string" to string' };
  }
}

/** `%s`. */
function formatString(value: Value): Text {
  if (value === null) return "null";
  if (typeof value === "number") return formatDouble(value);
  if (typeof value !== "object") return String(value);
  if (value instanceof CelUint) return String(value.value);
  if (value instanceof CelList) return formatList(value);
  if (value instanceof CelMap) return formatMap(value);
  if (value instanceof CelTimestamp) return formatTimestamp(value);
  if (value instanceof CelDuration) return formatDuration(value);
  if (value instanceof Uint8Array) return decode(value);
  if (value instanceof CelType) return value.name;
  return { failure: WRONG_TYPE.s + typeOfValue(value).name };
}

/** A value inside an aggregate: strings are quoted, times are calls, doubles have six decimals. */
function formatElement(value: Value): Text {
  if (typeof value === "string") return quoteGo(value);
  if (typeof value === "number") return formatPart(value);
  if (value instanceof CelTimestamp) return `timestamp(${quoteGo(formatTimestamp(value))})`;
  if (value instanceof CelDuration) return `duration(${quoteGo(formatDuration(value))})`;
  if (value instanceof Uint8Array) {
    const text = decode(value);
    return typeof text === "string" ? `b${quoteGo(text)}` : text;
  }
  const text = formatString(value);
  return typeof text === "string" ? text : { failure: `no formatting function for ${typeOfValue(value).name}` };
}

function formatPart(value: number): string {
  if (Number.isNaN(value)) return '"NaN"';
  if (!Number.isFinite(value)) return value > 0 ? '"+Inf"' : '"-Inf"';
  return (isNegative(value) ? "-" : "") + fixed(value, DEFAULT_PRECISION);
}

function formatResult(value: Result): Text {
  return value instanceof CelError ? { failure: value.message } : formatElement(value);
}

function formatList(list: CelList): Text {
  const parts: string[] = [];
  for (const element of list) {
    const text = formatResult(element);
    if (typeof text !== "string") return text;
    parts.push(text);
  }
  return `[${parts.join(", ")}]`;
}

function formatMap(map: CelMap): Text {
  const parts: (readonly [string, string])[] = [];
  for (const key of map.keys()) {
    if (key === null || (typeof key === "object" && !(key instanceof CelUint)) || typeof key === "number")
      return { failure: `no formatting function for map key of type ${typeOfValue(key).name}` };
    const keyText = formatElement(key);
    const text = formatResult(map.find(key) ?? null);
    if (typeof keyText !== "string") return keyText;
    if (typeof text !== "string") return text;
    parts.push([keyText, text]);
  }
  parts.sort(([a], [b]) => (a < b ? -1 : Number(a > b)));
  return `{${parts.map(([key, text]) => `${key}:${text}`).join(", ")}}`;
}
