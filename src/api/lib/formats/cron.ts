// The grammar of cron schedules: five fields, descriptors, `@every`, and a `TZ=` prefix. Upstream: github.com/robfig/cron/v3 (ParseStandard).
// What a schedule means in time is the CronJob controller's matter.
import { parseGoDuration } from "../../../machinery/index.ts";

interface Bounds {
  readonly min: number;
  readonly max: number;
  readonly names?: Readonly<Record<string, number>>;
}

const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const bounds = {
  minute: { min: 0, max: 59 },
  hour: { min: 0, max: 23 },
  day: { min: 1, max: 31 },
  month: { min: 1, max: 12, names: Object.fromEntries(months.map((name, index) => [name, index + 1])) },
  weekday: { min: 0, max: 6, names: Object.fromEntries(days.map((name, index) => [name, index])) },
} as const satisfies Record<string, Bounds>;

/** The values of a field that match. `any`: it was `*` or `?`. */
export interface CronField {
  readonly values: ReadonlySet<number>;
  readonly any: boolean;
}

export type CronFields = Readonly<Record<keyof typeof bounds, CronField>>;

const descriptors: Readonly<Record<string, string>> = {
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
  "@monthly": "0 0 1 * *",
  "@weekly": "0 0 * * 0",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@hourly": "0 * * * *",
};

/** A schedule that was read. */
export interface CronSchedule {
  /** Of a `TZ=` prefix. */
  readonly location: string | undefined;
  readonly rule:
    | { readonly every: { readonly delayMs: number } }
    | { readonly every?: undefined; readonly fields: CronFields };
}

/** Text that is no schedule; the message is upstream's. */
export class CronError extends Error {
  override readonly name = "CronError";
}

/** Throws CronError. `knows`: whether a location is one. */
export function parseCron(text: string, knows: (location: string) => boolean): CronSchedule {
  if (text === "") throw new CronError("empty spec string");
  let spec = text;
  let location: string | undefined;
  if (/^(CRON_)?TZ=/.test(spec)) {
    const space = spec.indexOf(" ");
    if (space < 0) throw new CronError("invalid schedule format: runtime error: slice bounds out of range [:-1]");
    location = spec.slice(spec.indexOf("=") + 1, space);
    if (!knows(location)) throw new CronError(`provided bad location ${location}: unknown time zone ${location}`);
    spec = spec.slice(space).trim();
  }
  if (spec.startsWith("@every ")) return { location, rule: { every: parseEvery(spec.slice("@every ".length), spec) } };
  if (spec.startsWith("@") && descriptors[spec] === undefined) throw new CronError(`unrecognized descriptor: ${spec}`);
  return { location, rule: { fields: parseFields(descriptors[spec] ?? spec) } };
}

function parseFields(spec: string): CronFields {
  const parts = spec
    .trim()
    .split(/\s+/)
    .filter((part) => part !== "");
  if (parts.length !== 5) throw new CronError(`expected exactly 5 fields, found ${parts.length}: [${parts.join(" ")}]`);
  const [minute, hour, day, month, weekday] = parts as [string, string, string, string, string];
  return {
    minute: parseField(minute, bounds.minute),
    hour: parseField(hour, bounds.hour),
    day: parseField(day, bounds.day),
    month: parseField(month, bounds.month),
    weekday: parseField(weekday, bounds.weekday),
  };
}

function parseField(text: string, range: Bounds): CronField {
  const values = new Set<number>();
  let any = false;
  for (const part of text.split(",").filter((each) => each !== "")) {
    const parsed = parseRange(part, range);
    any ||= parsed.any;
    for (let value = parsed.start; value <= parsed.end; value += parsed.step) values.add(value);
  }
  return { values, any };
}

function parseRange(text: string, range: Bounds): { start: number; end: number; step: number; any: boolean } {
  const [limits = "", stepText, ...moreSteps] = text.split("/");
  const [low = "", high, ...moreLimits] = limits.split("-");
  const star = low === "*" || low === "?";
  let start = range.min;
  let end = range.max;
  if (!star) {
    start = parseNumber(low, range);
    if (moreLimits.length > 0) throw new CronError(`too many hyphens: ${text}`);
    end = high === undefined ? start : parseNumber(high, range);
  }
  if (moreSteps.length > 0) throw new CronError(`too many slashes: ${text}`);
  let step = 1;
  if (stepText !== undefined) {
    step = parseInteger(stepText);
    // `n/step` means from n to the end.
    if (high === undefined && !star) end = range.max;
  }
  if (start < range.min) throw new CronError(`beginning of range (${start}) below minimum (${range.min}): ${text}`);
  if (end > range.max) throw new CronError(`end of range (${end}) above maximum (${range.max}): ${text}`);
  if (start > end) throw new CronError(`beginning of range (${start}) beyond end of range (${end}): ${text}`);
  if (step === 0) throw new CronError(`step of range should be a positive number: ${text}`);
  return { start, end, step, any: star && step === 1 };
}

const parseNumber = (text: string, range: Bounds): number => range.names?.[text.toLowerCase()] ?? parseInteger(text);

function parseInteger(text: string): number {
  if (!/^[+-]?\d+$/.test(text))
    throw new CronError(
      `failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`,
    );
  if (Number(text) < 0) throw new CronError(`negative number (${Number(text)}) not allowed: ${text}`);
  return Number(text);
}

/** At least a second, and whole ones. */
function parseEvery(text: string, spec: string): { readonly delayMs: number } {
  try {
    return { delayMs: Math.max(1000, Math.floor(parseGoDuration(text) / 1000) * 1000) };
  } catch (error) {
    throw new CronError(`failed to parse duration ${spec}: ${(error as Error).message}`);
  }
}
