/** Integers that know their bounds, and numbers as Go writes and reads them. */
import { CelError, CelUint, type Result } from "../values.ts";

export const INT_OVERFLOW = new CelError("integer overflow");
const UINT_OVERFLOW = new CelError("unsigned integer overflow");
const DIVISION_BY_ZERO = new CelError("division by zero");
const MODULUS_BY_ZERO = new CelError("modulus by zero");

const MAX_INT = 9223372036854775807n;
const MIN_INT = -9223372036854775808n;
const MAX_UINT = 18446744073709551615n;

/** The integer, or overflow. */
export function int(value: bigint): bigint | CelError {
  return value > MAX_INT || value < MIN_INT ? INT_OVERFLOW : value;
}

export function uint(value: bigint): CelUint | CelError {
  return value > MAX_UINT || value < 0n ? UINT_OVERFLOW : new CelUint(value);
}

export function doubleToInt(value: number): bigint | CelError {
  if (!(value > -(2 ** 63) && value < 2 ** 63)) return INT_OVERFLOW;
  return BigInt(Math.trunc(value));
}

export function doubleToUint(value: number): CelUint | CelError {
  if (!(value >= 0 && value < 2 ** 64)) return UINT_OVERFLOW;
  return new CelUint(BigInt(Math.trunc(value)));
}

/** Go's strconv.ParseInt in base ten. */
export function parseInteger(text: string): bigint | undefined {
  if (!/^[+-]?\d+$/.test(text)) return undefined;
  const value = BigInt(text[0] === "+" ? text.slice(1) : text);
  return value > MAX_INT || value < MIN_INT ? undefined : value;
}

/** Go's strconv.ParseUint in base ten. */
export function parseUnsigned(text: string): CelUint | undefined {
  if (!/^\d+$/.test(text)) return undefined;
  const value = uint(BigInt(text));
  return value instanceof CelUint ? value : undefined;
}

const SPECIAL: Readonly<Record<string, number>> = {
  inf: Number.POSITIVE_INFINITY,
  infinity: Number.POSITIVE_INFINITY,
  nan: Number.NaN,
};

function hexFloat(text: string): number | undefined {
  const parts = /^([+-]?)0x([0-9a-f]*)(?:\.([0-9a-f]*))?p([+-]?\d+)$/i.exec(text);
  if (parts === null) return undefined;
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = parts;
  if (whole + fraction === "") return undefined;
  const mantissa = Number(BigInt(`0x${whole}${fraction}`));
  const value = mantissa * 2 ** (Number(exponent) - 4 * fraction.length);
  return sign === "-" ? -value : value;
}

/** Go's strconv.ParseFloat; undefined also for numbers too large. */
export function parseDouble(text: string): number | undefined {
  const special = SPECIAL[text.replace(/^[+-]/, "").toLowerCase()];
  if (special !== undefined) return text[0] === "-" ? -special : special;
  const digitsOnly = text.replace(/(?<=\d)_(?=\d)/g, "");
  const isDecimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(digitsOnly);
  const value = isDecimal ? Number(digitsOnly) : hexFloat(text);
  return value !== undefined && Number.isFinite(value) ? value : undefined;
}

/** The digits and the exponent of the first one: 1234.5 is 12345 and 3. */
function digits(value: number): { readonly text: string; readonly exponent: number } {
  const [mantissa = "0", exponent = "0"] = value.toExponential().split("e");
  return { text: mantissa.replace(".", ""), exponent: Number(exponent) };
}

function special(value: number): string | undefined {
  if (Number.isNaN(value)) return "NaN";
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  return value === Number.NEGATIVE_INFINITY ? "-Inf" : undefined;
}

/** Go's `%e` with the shortest digits: 1.5e+06. */
function formatExponent(magnitude: number): string {
  const { text, exponent } = digits(magnitude);
  const sign = exponent < 0 ? "-" : "+";
  const mantissa = text.length === 1 ? text : `${text[0]}.${text.slice(1)}`;
  return `${mantissa}e${sign}${String(Math.abs(exponent)).padStart(2, "0")}`;
}

/** Negative zero is. */
export function isNegative(value: number): boolean {
  return value < 0 || Object.is(value, -0);
}

/** Go's `%g`: the shortest digits, with an exponent below 1e-4 and from 1e6. */
export function formatDouble(value: number): string {
  const named = special(value);
  if (named !== undefined) return named;
  const magnitude = Math.abs(value);
  const { exponent } = digits(magnitude);
  const text = magnitude !== 0 && (exponent < -4 || exponent >= 6) ? formatExponent(magnitude) : plain(magnitude);
  return isNegative(value) ? `-${text}` : text;
}

function plain(magnitude: number): string {
  const { text, exponent } = digits(magnitude);
  if (exponent < 0) return `0.${"0".repeat(-exponent - 1)}${text}`;
  if (text.length <= exponent + 1) return text.padEnd(exponent + 1, "0");
  return `${text.slice(0, exponent + 1)}.${text.slice(exponent + 1)}`;
}

/** Go's `%f` with as many decimals as needed. */
export function formatPlain(value: number): string {
  const named = special(value);
  if (named !== undefined) return named;
  const text = value === 0 ? "0" : plain(Math.abs(value));
  return isNegative(value) ? `-${text}` : text;
}

/** Whole quotient and remainder as Go has them, or the error. */
export function divide(a: bigint, b: bigint): Result {
  return b === 0n ? DIVISION_BY_ZERO : int(a / b);
}

export function modulo(a: bigint, b: bigint): Result {
  if (b === 0n) return MODULUS_BY_ZERO;
  if (a === MIN_INT && b === -1n) return INT_OVERFLOW;
  return a % b;
}
