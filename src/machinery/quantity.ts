// Quantities (`100m`, `1.5Gi`, `2e3`), exact. Upstream: k8s.io/apimachinery/pkg/api/resource: the canonical forms, the
// rounding up to nano units and the cap of binary quantities at 2^63-1 are upstream's.

export type QuantityFormat = "DecimalSI" | "BinarySI" | "DecimalExponent";

/** value = unscaled · 10^-scale, exact. */
export interface ParsedQuantity {
  readonly unscaled: bigint;
  readonly scale: number;
  readonly format: QuantityFormat;
}

/** Text that is no quantity; the message is upstream's. */
export class QuantityError extends Error {
  override readonly name = "QuantityError";
}

const formatWrong = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const suffixWrong = "unable to parse quantity's suffix";
const numericWrong = "unable to parse numeric part of quantity";

/** Fewer digits than this are held as an int64 by upstream, with consequences for the canonical form. */
const int64Digits = 18;
const nanoScale = 9;
const maxInt64 = 2n ** 63n - 1n;

const decimalExponents: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  "": 0,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};
const binaryExponents: Readonly<Record<string, number>> = { Ki: 10, Mi: 20, Gi: 30, Ti: 40, Pi: 50, Ei: 60 };
const decimalSuffixes = new Map(Object.entries(decimalExponents).map(([suffix, exponent]) => [exponent, suffix]));
const binarySuffixes = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

interface Suffix {
  readonly format: QuantityFormat;
  readonly exponent: number;
}

function parseSuffix(text: string): Suffix {
  const decimal = decimalExponents[text];
  if (decimal !== undefined) return { format: "DecimalSI", exponent: decimal };
  const binary = binaryExponents[text];
  if (binary !== undefined) return { format: "BinarySI", exponent: binary };
  if (/^[eE][+-]?[0-9]+$/.test(text)) {
    const exponent = Number(text.slice(1));
    if (Math.abs(exponent) < 2 ** 31) return { format: "DecimalExponent", exponent };
  }
  throw new QuantityError(suffixWrong);
}

/** The parts of a quantity as upstream's scanner sees them: leading zeros of the integer part are gone. */
interface Parts {
  readonly negative: boolean;
  readonly integer: string;
  readonly fraction: string;
  readonly suffix: string;
  /** Some digit was written at all. */
  readonly digits: boolean;
}

const grammar = /^([+-]?)0*([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)$/;

function split(text: string): Parts {
  if (text === "") throw new QuantityError(formatWrong);
  const match = grammar.exec(text);
  if (match === null) throw new QuantityError(formatWrong);
  return {
    negative: match[1] === "-",
    integer: match[2] === "" ? "0" : match[2]!,
    fraction: match[3] ?? "",
    suffix: match[4]!,
    digits: /^[+-]?\.?[0-9]/.test(text),
  };
}

interface Entry {
  readonly parsed: ParsedQuantity;
  readonly canonical: string;
  /** Whole units and thousandths, rounded up; computed when first asked for. */
  value: number | undefined;
  milli: number | undefined;
}

/** Longer texts are no quantities: what upstream makes of a million digits takes it minutes, too. */
const longestText = 1024;

/** Parsed quantities by text. Few distinct texts occur in a cluster; the bound keeps hostile input from filling memory. */
const cache = new Map<string, Entry>();
const mostCached = 4096;

function entryOf(quantity: string | number): Entry {
  const text = typeof quantity === "number" ? String(quantity) : quantity;
  const found = cache.get(text);
  if (found !== undefined) return found;
  if (text.length > longestText) throw new QuantityError(formatWrong);
  const entry = parseEntry(text);
  if (cache.size >= mostCached) cache.clear();
  cache.set(text, entry);
  return entry;
}

function parseEntry(text: string): Entry {
  const parts = split(text);
  const suffix = parseSuffix(parts.suffix);
  const digits = parts.integer + parts.fraction;
  const short = isShort(parts, suffix);
  const parsed = short ? exact(parts, suffix) : rounded(parts, suffix);
  return {
    parsed,
    canonical: short && keepsText(parts, suffix, digits) ? text : formatQuantity(parsed),
    value: undefined,
    milli: undefined,
  };
}

/** Upstream's fast path: few digits, nothing below nano. */
function isShort({ integer, fraction }: Parts, { format, exponent }: Suffix): boolean {
  if (format === "BinarySI")
    return fraction === "" && 15 - integer.length - Math.trunc(Math.fround((exponent * 3) / 10)) - 1 >= 0;
  return int64Digits - integer.length - fraction.length >= 0 && exponent - fraction.length >= -nanoScale;
}

/** Upstream keeps the text of the short quantities that it takes for canonical already. */
function keepsText({ integer, fraction }: Parts, { format, exponent }: Suffix, digits: string): boolean {
  if (format === "BinarySI") return exponent % 10 === 0 && (BigInt(integer) & 7n) !== 0n;
  return (exponent - fraction.length) % 3 === 0 && !digits.endsWith("000") && digits[0] !== "0";
}

function exact({ negative, integer, fraction }: Parts, { format, exponent }: Suffix): ParsedQuantity {
  const magnitude = BigInt(integer + fraction);
  const unscaled = negative ? -magnitude : magnitude;
  if (format === "BinarySI") return { unscaled: unscaled << BigInt(exponent), scale: 0, format };
  return { unscaled, scale: fraction.length - exponent, format };
}

/** Rounded away from zero to nano units; binary quantities are capped, and those below 1 become decimal. */
function rounded(parts: Parts, suffix: Suffix): ParsedQuantity {
  if (!parts.digits || (suffix.format !== "BinarySI" && suffix.exponent > 1_000_000))
    throw new QuantityError(numericWrong);
  const value = exact({ ...parts, negative: false }, suffix);
  let { unscaled } = value;
  let scale = value.scale;
  let format: QuantityFormat = value.format;
  if (suffix.format === "BinarySI") scale = parts.fraction.length;
  if (scale > nanoScale) {
    unscaled =
      unscaled === 0n
        ? 0n
        : scale - nanoScale > String(unscaled).length
          ? 1n
          : ceilDiv(unscaled, 10n ** BigInt(scale - nanoScale));
    scale = nanoScale;
  }
  if (format === "BinarySI") {
    const one = 10n ** BigInt(Math.max(scale, 0));
    if (unscaled > maxInt64 * one) {
      unscaled = maxInt64;
      scale = 0;
    } else if (unscaled < one && unscaled > 0n) format = "DecimalSI";
  }
  return { unscaled: parts.negative ? -unscaled : unscaled, scale, format };
}

const ceilDiv = (value: bigint, by: bigint): bigint => (value + by - 1n) / by;

/** Throws QuantityError with upstream's text (`quantities must match the regular expression '…'`) for text that is none. */
export function parseQuantity(text: string | number): ParsedQuantity {
  return entryOf(text).parsed;
}

/** Whether upstream holds the quantity as an int64 and a scale rather than as a big decimal, which shows in CEL's asInteger. */
export function hasInt64Form(text: string): boolean {
  const parts = split(text);
  return isShort(parts, parseSuffix(parts.suffix));
}

/** The canonical form upstream stores: `1000m` → `1`, `1024Ki` → `1Mi`. */
export function canonicalQuantity(text: string | number): string {
  return entryOf(text).canonical;
}

export function formatQuantity({ unscaled, scale, format }: ParsedQuantity): string {
  if (unscaled === 0n) return "0";
  if (format === "BinarySI") {
    const whole = wholeUnits(unscaled, scale);
    if (whole !== undefined && (whole <= -1024n || whole >= 1024n)) return formatBinary(whole);
  }
  let amount = unscaled;
  let exponent = -scale;
  while (amount % 10n === 0n) {
    amount /= 10n;
    exponent++;
  }
  while (exponent % 3 !== 0) {
    amount *= 10n;
    exponent--;
  }
  if (format === "DecimalExponent") return exponent === 0 ? String(amount) : `${amount}e${exponent}`;
  return `${amount}${decimalSuffixes.get(exponent) ?? ""}`;
}

function formatBinary(whole: bigint): string {
  let amount = whole;
  let power = 0;
  while (amount % 1024n === 0n && power < binarySuffixes.length - 1) {
    amount /= 1024n;
    power++;
  }
  return `${amount}${binarySuffixes[power]}`;
}

/** The value as an integer, undefined when it has a fraction. */
function wholeUnits(unscaled: bigint, scale: number): bigint | undefined {
  if (scale <= 0) return unscaled * 10n ** BigInt(-scale);
  const unit = 10n ** BigInt(scale);
  return unscaled % unit === 0n ? unscaled / unit : undefined;
}

/** value · 10^digits, rounded away from zero, as upstream's ScaledValue. */
function scaledUp({ unscaled, scale }: ParsedQuantity, digits: number): bigint {
  const shift = digits - scale;
  if (shift >= 0) return shift > 400 ? saturated(unscaled) : unscaled * 10n ** BigInt(shift);
  const magnitude = unscaled < 0n ? -unscaled : unscaled;
  const up = ceilDiv(magnitude, 10n ** BigInt(-shift));
  return unscaled < 0n ? -up : up;
}
const saturated = (value: bigint): bigint => (value > 0n ? maxInt64 : value < 0n ? -maxInt64 : 0n);

/** Whole units, rounded up, as a number (cached by text; exact below 2^53). */
export function quantityValue(text: string | number): number {
  const entry = entryOf(text);
  return (entry.value ??= Number(scaledUp(entry.parsed, 0)));
}

/** Thousandths, rounded up: CPU arithmetic. */
export function quantityMilliValue(text: string | number): number {
  const entry = entryOf(text);
  return (entry.milli ??= Number(scaledUp(entry.parsed, 3)));
}

/** The sum in the format of `a`, or of `b` when `a` is zero. */
export function addQuantities(a: string, b: string): string {
  return formatQuantity(sum(parseQuantity(a), parseQuantity(b)));
}

export function subtractQuantities(a: string, b: string): string {
  const right = parseQuantity(b);
  return formatQuantity(sum(parseQuantity(a), { ...right, unscaled: -right.unscaled }));
}

function sum(a: ParsedQuantity, b: ParsedQuantity): ParsedQuantity {
  const format = a.unscaled === 0n ? b.format : a.format;
  if (a.unscaled === 0n) return { ...b, format };
  if (b.unscaled === 0n) return { ...a, format };
  // Beyond this distance the smaller one is lost in any format, and writing out the zeros would take for ever.
  if (Math.abs(a.scale - b.scale) > 10_000) return { ...(magnitudeDigits(a) > magnitudeDigits(b) ? a : b), format };
  const scale = Math.max(a.scale, b.scale);
  return { unscaled: atScale(a, scale) + atScale(b, scale), scale, format };
}

const atScale = (value: ParsedQuantity, scale: number): bigint =>
  value.scale === scale ? value.unscaled : value.unscaled * 10n ** BigInt(scale - value.scale);

/** Negative, zero or positive. */
export function compareQuantities(a: string | number, b: string | number): number {
  return compareParsed(parseQuantity(a), parseQuantity(b));
}

function compareParsed(a: ParsedQuantity, b: ParsedQuantity): number {
  const [signA, signB] = [sign(a.unscaled), sign(b.unscaled)];
  if (signA !== signB || signA === 0) return signA - signB;
  // Magnitudes that differ much are told apart by their number of digits, so that 1e999999 costs nothing.
  const [digitsA, digitsB] = [magnitudeDigits(a), magnitudeDigits(b)];
  if (digitsA !== digitsB) return digitsA > digitsB ? signA : -signA;
  const scale = Math.max(a.scale, b.scale);
  return sign(atScale(a, scale) - atScale(b, scale));
}

const sign = (value: bigint): number => (value > 0n ? 1 : value < 0n ? -1 : 0);
const magnitudeDigits = ({ unscaled, scale }: ParsedQuantity): number =>
  String(unscaled < 0n ? -unscaled : unscaled).length - scale;
