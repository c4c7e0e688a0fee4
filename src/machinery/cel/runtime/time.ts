/**
 * Timestamps and durations as text and as calendar fields.
 * Source: Go's time.Parse with RFC 3339, time.ParseDuration and time zone names of the IANA database.
 */
import { CelDuration, CelError, CelTimestamp } from "../values.ts";
import { formatPlain } from "./numbers.ts";

const NANOS = 1_000_000_000n;
const MIN_SECONDS = -62135596800n;
const MAX_SECONDS = 253402300799n;
const MAX_DURATION = 9223372036854775807n;

const TIMESTAMP_OVERFLOW = new CelError("timestamp overflow");

/** Whole seconds since 1970, rounded down. */
export function unixSeconds(timestamp: CelTimestamp): bigint {
  const seconds = timestamp.nanos / NANOS;
  return timestamp.nanos % NANOS < 0n ? seconds - 1n : seconds;
}

/** A timestamp, or overflow outside of years 1 to 9999. */
export function timestampOf(nanos: bigint, offsetSeconds = 0): CelTimestamp | CelError {
  const timestamp = new CelTimestamp(nanos, offsetSeconds);
  const seconds = unixSeconds(timestamp);
  return seconds < MIN_SECONDS || seconds > MAX_SECONDS ? TIMESTAMP_OVERFLOW : timestamp;
}

export function timestampOfSeconds(seconds: bigint): CelTimestamp | CelError {
  return timestampOf(seconds * NANOS);
}

const RFC3339 = /^(\d{4})-(\d{2})-(\d{2})T(\d{1,2}):(\d{2}):(\d{2})(?:[.,](\d+))?(?:Z|([+-])(\d{2}):(\d{2}))$/;

function daysInMonth(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** Reads RFC 3339; undefined for text that is none, an error for a time out of range. */
export function parseTimestamp(text: string): CelTimestamp | CelError | undefined {
  const parts = RFC3339.exec(text);
  if (parts === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts.slice(1, 7).map(Number);
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return undefined;
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  const zoneHours = Number(parts[9] ?? 0);
  const zoneMinutes = Number(parts[10] ?? 0);
  if (zoneHours > 24 || zoneMinutes > 60) return undefined;
  const offset = (zoneHours * 60 + zoneMinutes) * 60 * (parts[8] === "-" ? -1 : 1);
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second);
  const fraction = BigInt((parts[7] ?? "").slice(0, 9).padEnd(9, "0"));
  return timestampOf((BigInt(date.getTime()) / 1000n - BigInt(offset)) * NANOS + fraction, offset);
}

function pad(value: number, width = 2): string {
  return String(value).padStart(width, "0");
}

/** A moment's calendar in a zone, as a Date whose UTC fields are the local ones. */
function localDate(timestamp: CelTimestamp, offsetSeconds: number): Date {
  return new Date((Number(unixSeconds(timestamp)) + offsetSeconds) * 1000);
}

function nanosOfSecond(timestamp: CelTimestamp): number {
  return Number(timestamp.nanos - unixSeconds(timestamp) * NANOS);
}

/** RFC 3339 with as many decimals as needed, in the zone it was written in unless another is given. */
export function formatTimestamp(timestamp: CelTimestamp, offsetSeconds = timestamp.offsetSeconds): string {
  const date = localDate(timestamp, offsetSeconds);
  const nanos = nanosOfSecond(timestamp);
  const fraction = nanos === 0 ? "" : `.${pad(nanos, 9).replace(/0+$/, "")}`;
  const day = `${pad(date.getUTCFullYear(), 4)}-${pad(date.getUTCMonth() + 1)}-${pad(date.getUTCDate())}`;
  const time = `${pad(date.getUTCHours())}:${pad(date.getUTCMinutes())}:${pad(date.getUTCSeconds())}${fraction}`;
  if (offsetSeconds === 0) return `${day}T${time}Z`;
  const minutes = Math.trunc(Math.abs(offsetSeconds) / 60);
  const sign = offsetSeconds < 0 ? "-" : "+";
  return `${day}T${time}${sign}${pad(Math.trunc(minutes / 60))}:${pad(minutes % 60)}`;
}

const UNIT_NANOS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1000n,
  "\u00b5s": 1000n,
  "\u03bcs": 1000n,
  ms: 1_000_000n,
  s: NANOS,
  m: 60n * NANOS,
  h: 3600n * NANOS,
};

const DURATION_PART = /(\d*)(?:\.(\d*))?(ns|us|\u00b5s|\u03bcs|ms|s|m|h)/y;

/** Go's time.ParseDuration: `1h2.5s`; undefined for other text and for spans past int64 nanoseconds. */
export function parseDuration(text: string): CelDuration | undefined {
  const sign = text[0] === "-" || text[0] === "+" ? text[0] : "";
  const body = text.slice(sign.length);
  if (body === "0") return new CelDuration(0n);
  if (body === "") return undefined;
  let nanos = 0n;
  DURATION_PART.lastIndex = 0;
  while (DURATION_PART.lastIndex < body.length) {
    const part = DURATION_PART.exec(body);
    if (part === null) return undefined;
    const [, whole = "", fraction = "", unit = ""] = part;
    if (whole === "" && fraction === "") return undefined;
    const scale = UNIT_NANOS[unit] ?? 0n;
    nanos += BigInt(whole || 0) * scale;
    if (fraction !== "") nanos += (BigInt(fraction) * scale) / 10n ** BigInt(fraction.length);
  }
  if (nanos > MAX_DURATION + (sign === "-" ? 1n : 0n)) return undefined;
  return new CelDuration(sign === "-" ? -nanos : nanos);
}

/** Seconds as Go's Duration.Seconds has them. */
function durationSeconds(duration: CelDuration): number {
  return Number(duration.nanos / NANOS) + Number(duration.nanos % NANOS) / 1e9;
}

/** Seconds with as many decimals as needed: `90.5s`. */
export function formatDuration(duration: CelDuration): string {
  return `${formatPlain(durationSeconds(duration))}s`;
}

const zones = new Map<string, Intl.DateTimeFormat | CelError>();

function zoneFormat(name: string): Intl.DateTimeFormat | CelError {
  const known = zones.get(name);
  if (known !== undefined) return known;
  let format: Intl.DateTimeFormat | CelError;
  try {
    format = new Intl.DateTimeFormat("en-US", { timeZone: name, timeZoneName: "longOffset" });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    format = new CelError(`unknown time zone ${name}`);
  }
  zones.set(name, format);
  return format;
}

function namedOffset(timestamp: CelTimestamp, name: string): number | CelError {
  if (name === "" || name === "UTC" || name === "Local") return 0;
  const format = zoneFormat(name);
  if (format instanceof CelError) return format;
  const parts = format.formatToParts(new Date(Number(unixSeconds(timestamp)) * 1000));
  const text = parts.find((part) => part.type === "timeZoneName")?.value ?? "GMT";
  const offset = /^GMT([+-])(\d{2}):(\d{2})(?::(\d{2}))?$/.exec(text);
  if (offset === null) return 0;
  const seconds = Number(offset[2]) * 3600 + Number(offset[3]) * 60 + Number(offset[4] ?? 0);
  return offset[1] === "-" ? -seconds : seconds;
}

function parseNumber(text: string): number | CelError {
  if (/^[+-]?\d+$/.test(text)) return Number(text);
  return new CelError(`strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
}

/** Seconds east of UTC of a zone name or of `-08:00`, at a moment. */
function zoneOffset(timestamp: CelTimestamp, zone: string): number | CelError {
  const colon = zone.indexOf(":");
  if (colon < 0) return namedOffset(timestamp, zone);
  const hours = parseNumber(zone.slice(0, colon));
  if (hours instanceof CelError) return hours;
  const minutes = parseNumber(zone.slice(colon + 1));
  if (minutes instanceof CelError) return minutes;
  return (zone[0] === "-" ? hours * 60 - minutes : hours * 60 + minutes) * 60;
}

/** What a calendar says of a moment; months, days of the month and of the year count from 0, `date` from 1. */
export type CalendarField =
  | "fullYear"
  | "month"
  | "dayOfYear"
  | "dayOfMonth"
  | "date"
  | "dayOfWeek"
  | "hours"
  | "minutes"
  | "seconds"
  | "milliseconds";

function dayOfYear(date: Date): number {
  const start = new Date(0);
  start.setUTCFullYear(date.getUTCFullYear(), 0, 1);
  return Math.floor((date.getTime() - start.getTime()) / 86_400_000);
}

/** One field of a moment's calendar in a zone. */
export function calendarField(timestamp: CelTimestamp, field: CalendarField, zone = "UTC"): bigint | CelError {
  const offset = zoneOffset(timestamp, zone);
  if (offset instanceof CelError) return offset;
  const date = localDate(timestamp, offset);
  switch (field) {
    case "fullYear":
      return BigInt(date.getUTCFullYear());
    case "month":
      return BigInt(date.getUTCMonth());
    case "dayOfYear":
      return BigInt(dayOfYear(date));
    case "dayOfMonth":
      return BigInt(date.getUTCDate() - 1);
    case "date":
      return BigInt(date.getUTCDate());
    case "dayOfWeek":
      return BigInt(date.getUTCDay());
    case "hours":
      return BigInt(date.getUTCHours());
    case "minutes":
      return BigInt(date.getUTCMinutes());
    case "seconds":
      return BigInt(date.getUTCSeconds());
    case "milliseconds":
      return BigInt(Math.floor(nanosOfSecond(timestamp) / 1_000_000));
  }
}
