// Times of the API as text and as milliseconds since 1970. Upstream: meta/v1 Time and MicroTime, Go's time.Parse.

/** RFC 3339 in UTC with whole seconds: metav1.Time. */
export function formatTime(ms: number): string {
  const second = Math.floor(ms / 1000);
  if (second !== formattedSecond) {
    formattedText = `${new Date(ms).toISOString().slice(0, 19)}Z`;
    formattedSecond = second;
  }
  return formattedText;
}

/** The last one made: a busy server writes the same second into many objects. */
let formattedSecond = Number.NaN;
let formattedText = "";

/** RFC 3339 with six decimals: metav1.MicroTime. */
export const formatMicroTime = (ms: number): string => {
  const micros = Math.floor((((ms % 1000) + 1000) % 1000) * 1000);
  return `${new Date(ms).toISOString().slice(0, 19)}.${String(micros).padStart(6, "0")}Z`;
};

/** Milliseconds since 1970 of an RFC 3339 time, with its fraction; NaN for text that is none. */
export function parseTime(text: string | undefined): number {
  if (text === undefined) return Number.NaN;
  const parsed = readTime(text, "seconds");
  return typeof parsed === "string" ? Number.NaN : parsed.wholeMs + Number(`0.${parsed.fraction}0`) * 1000;
}

/** Text that is no time; the message is Go's. */
export class TimeError extends Error {
  override readonly name = "TimeError";
}

/** Time as upstream re-encodes it: UTC, fractions of a second cut off. Throws TimeError. */
export function canonicalTime(text: string): string {
  if (alreadyCanonical.test(text)) return text;
  const parsed = readTime(text, "seconds");
  if (typeof parsed === "string") throw new TimeError(parsed);
  return formatTime(parsed.wholeMs);
}

/** UTC and whole seconds, on a day that every month has. */
const alreadyCanonical =
  /^[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z$/;

/** MicroTime as upstream re-encodes it: UTC, six decimals. Throws TimeError, also for text without a fraction. */
export function canonicalMicroTime(text: string): string {
  const parsed = readTime(text, "micros");
  if (typeof parsed === "string") throw new TimeError(parsed);
  return `${new Date(parsed.wholeMs).toISOString().slice(0, 19)}.${parsed.fraction.slice(0, 6).padEnd(6, "0")}Z`;
}

interface TimeParts {
  readonly wholeMs: number;
  readonly fraction: string;
}

const layouts = { seconds: "2006-01-02T15:04:05Z07:00", micros: "2006-01-02T15:04:05.000000Z07:00" } as const;

interface Step {
  /** How the layout writes this element. */
  readonly element: string;
  readonly pattern: RegExp;
  /** Name of the element in range errors, with the first value that is too big and the smallest. */
  readonly range?: readonly [name: string, below: number, from: number];
}

const commonSteps: readonly Step[] = [
  { element: "2006", pattern: /^\d{4}/ },
  { element: "-", pattern: /^-/ },
  { element: "01", pattern: /^\d\d/, range: ["month", 13, 1] },
  { element: "-", pattern: /^-/ },
  { element: "02", pattern: /^\d\d/ },
  { element: "T", pattern: /^T/ },
  { element: "15", pattern: /^\d\d?/, range: ["hour", 24, 0] },
  { element: ":", pattern: /^:/ },
  { element: "04", pattern: /^\d\d/, range: ["minute", 60, 0] },
  { element: ":", pattern: /^:/ },
  { element: "05", pattern: /^\d\d/, range: ["second", 60, 0] },
];
const stepsOf: Readonly<Record<keyof typeof layouts, readonly Step[]>> = {
  seconds: [
    ...commonSteps,
    { element: "", pattern: /^(?:[.,]\d+)?/ },
    { element: "Z07:00", pattern: /^(?:Z|[+-]\d\d:\d\d)/ },
  ],
  micros: [
    ...commonSteps,
    { element: ".000000", pattern: /^[.,]\d{6}/ },
    { element: "Z07:00", pattern: /^(?:Z|[+-]\d\d:\d\d)/ },
  ],
};

/** As Go's package time quotes: bytes that are not printable ASCII by their numbers. */
const quoteTime = (text: string): string =>
  `"${text
    .replace(/["\\]/g, "\\$&")
    .replace(/[^ -\u007f]/gu, (character) =>
      [...new TextEncoder().encode(character)].map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join(""),
    )}"`;

/** The parts, or Go's error text. */
function readTime(text: string, precision: keyof typeof layouts): TimeParts | string {
  const found: string[] = [];
  let rest = text;
  for (const { element, pattern, range } of stepsOf[precision]) {
    const match = pattern.exec(rest);
    if (match === null)
      return `parsing time ${quoteTime(text)} as ${quoteTime(layouts[precision])}: cannot parse ${quoteTime(rest)} as ${quoteTime(element)}`;
    rest = rest.slice(match[0].length);
    found.push(match[0]);
    if (range !== undefined && (Number(match[0]) >= range[1] || Number(match[0]) < range[2]))
      return `parsing time ${quoteTime(text)}: ${range[0]} out of range`;
  }
  if (rest !== "") return `parsing time ${quoteTime(text)}: extra text: ${quoteTime(rest)}`;
  const [year, month, day, hour, minute, second] = [0, 2, 4, 6, 8, 10].map((index) => Number(found[index]));
  const wholeMs = Date.UTC(year!, month! - 1, day!, hour!, minute!, second!) - zoneMs(found[12]!);
  if (day! < 1 || day! > daysIn(year!, month!)) return `parsing time ${quoteTime(text)}: day out of range`;
  return {
    wholeMs: year! < 100 ? Date.parse(`${text.slice(0, 19)}Z`) - zoneMs(found[12]!) : wholeMs,
    fraction: found[11]!.slice(1),
  };
}

const daysIn = (year: number, month: number): number => new Date(Date.UTC(year, month, 0)).getUTCDate();

function zoneMs(zone: string): number {
  if (zone === "Z") return 0;
  const ms = (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4))) * 60_000;
  return zone.startsWith("-") ? -ms : ms;
}
