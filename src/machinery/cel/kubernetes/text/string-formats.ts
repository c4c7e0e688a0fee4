/**
 * The named string formats that CEL values and the format library know, as go-openapi reads them.
 * Source: k8s.io/kube-openapi/pkg/validation/strfmt.
 */
import { quoteGo } from "../../../go-text.ts";

/** UUIDPattern; its length counts as the size of the expression. */
export const uuidPattern = "(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$";
/** DateTimePattern, of the part behind the T. */
export const dateTimePattern = "^([0-9]{2}):([0-9]{2}):([0-9]{2})(.[0-9]+)?(z|([+-][0-9]{2}:[0-9]{2}))$";

export const isUuid = (text: string): boolean =>
  /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i.test(text);

export const isBase64 = (text: string): boolean =>
  /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$/.test(text);

const daysBefore1970 = (year: number, month: number, day: number): number | undefined => {
  const date = new Date(Date.UTC(2000, month - 1, day));
  date.setUTCFullYear(year, month - 1, day);
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day && month >= 1 && month <= 12
    ? date.getTime() / 86_400_000
    : undefined;
};

/** Days since 1970-01-01 of `2006-01-02`; undefined for text that is no date. */
export function parseDate(text: string): number | undefined {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  return match === null ? undefined : daysBefore1970(Number(match[1]), Number(match[2]), Number(match[3]));
}

export function isDateTime(text: string): boolean {
  const [date = "", time, ..._rest] = text.toLowerCase().split("t");
  if (text.length < 4 || time === undefined || parseDate(date) === undefined) return false;
  const match = /^([0-9]{2}):([0-9]{2}):([0-9]{2})(.[0-9]+)?(z|([+-][0-9]{2}:[0-9]{2}))$/.exec(time);
  return match !== null && match[1]! <= "23" && match[2]! <= "59" && match[3]! <= "59";
}

const nanosPerSecond = 1_000_000_000n;

/** Nanoseconds since 1970 of an RFC 3339 time, or one without a zone, which counts as UTC; undefined for other text. */
export function parseDateTime(text: string): { nanos: bigint; offsetSeconds: number } | undefined {
  const match = /^(\d{4}-\d{2}-\d{2})T(\d{2}):(\d{2}):(\d{2})(?:[.,](\d+))?(Z|[+-]\d{2}:\d{2})?$/.exec(text);
  if (match === null) return text === "" ? { nanos: 0n, offsetSeconds: 0 } : undefined;
  const [, date = "", hour, minute, second, fraction = "", zone = "Z"] = match;
  const days = parseDate(date);
  const seconds = Number(hour) * 3600 + Number(minute) * 60 + Number(second);
  if (days === undefined || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  const offset = zoneSeconds(zone);
  if (offset === undefined) return undefined;
  const nanos = BigInt(fraction.slice(0, 9).padEnd(9, "0"));
  return { nanos: BigInt(days * 86_400 + seconds - offset) * nanosPerSecond + nanos, offsetSeconds: offset };
}

function zoneSeconds(zone: string): number | undefined {
  if (zone === "Z") return 0;
  const [hours, minutes] = [Number(zone.slice(1, 3)), Number(zone.slice(4, 6))];
  if (hours > 24 || minutes > 60) return undefined;
  return (zone[0] === "-" ? -1 : 1) * (hours * 3600 + minutes * 60);
}

const unitNanos: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: nanosPerSecond,
  m: 60n * nanosPerSecond,
  h: 3600n * nanosPerSecond,
};

/** Go's time.ParseDuration (`-1h30m1.5s`): nanoseconds, or undefined for text that is no duration. */
export function parseGoDuration(text: string): bigint | undefined {
  const match = /^([+-]?)((?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+|0)$/.exec(text);
  if (match === null) return undefined;
  let total = 0n;
  for (const [, whole = "", fraction = "", unit = ""] of match[2]!.matchAll(/(\d*)(?:\.(\d*))?([a-zµμ]+)/g)) {
    const scale = unitNanos[unit] ?? 0n;
    total += BigInt(whole || "0") * scale;
    if (fraction !== "") total += BigInt(Math.trunc(Number(fraction) * (Number(scale) / 10 ** fraction.length)));
  }
  if (match[1] === "-") total = -total;
  return total > 2n ** 63n - 1n || total < -(2n ** 63n) ? undefined : total;
}

const wordUnits: readonly (readonly [names: readonly string[], nanos: bigint])[] = [
  [["ns", "nano"], 1n],
  [["us", "µs", "micro"], 1_000n],
  [["ms", "milli"], 1_000_000n],
  [["s", "sec"], nanosPerSecond],
  [["m", "min"], 60n * nanosPerSecond],
  [["h", "hr", "hour"], 3600n * nanosPerSecond],
  [["d", "day"], 86_400n * nanosPerSecond],
  [["w", "wk", "week"], 604_800n * nanosPerSecond],
];

/** go-openapi's durations: Go's, and words such as `2 days 3 hours`. Nanoseconds, or undefined. */
export function parseWordyDuration(text: string): bigint | undefined {
  const plain = parseGoDuration(text);
  if (plain !== undefined) return plain;
  let total = 0n;
  let known = false;
  for (const [, factor = "", word = ""] of text.matchAll(/(\d+)\s*([A-Za-zµ]+)/g)) {
    const unit = word.toLowerCase();
    for (const [names, nanos] of wordUnits) {
      for (const [index, name] of names.entries()) {
        const last = index === names.length - 1;
        if (unit !== name && !(last && unit.startsWith(name))) continue;
        known = true;
        total += BigInt(factor) * nanos;
      }
    }
  }
  return known ? BigInt.asIntN(64, total) : undefined;
}

/** Bytes of the URL-safe base64 text, or Go's message about why it is none. */
export function decodeUrlBase64(text: string): Uint8Array | string {
  const clean = text.replace(/[\r\n]/g, "");
  const bad = /[^A-Za-z0-9_-]/.exec(clean.replace(/={1,2}$/, ""));
  const corrupt = (at: number): string => `illegal base64 data at input byte ${at}`;
  if (bad !== null) return corrupt(bad.index);
  if (clean.length % 4 !== 0) return corrupt(clean.length - (clean.length % 4 || 4));
  const binary = atob(clean.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

/** Go's time.Parse message for a text that does not fit the layout from its beginning. */
export const timeParseError = (text: string, layout: string, part: string): string =>
  `parsing time ${quoteGo(text)} as ${quoteGo(layout)}: cannot parse ${quoteGo(text)} as ${quoteGo(part)}`;
