// Cron schedules: five fields, descriptors, `@every`, and a `TZ=` prefix. Upstream: github.com/robfig/cron/v3 (ParseStandard).
import { utc, type Zone, zoneOf } from "./zone.ts";

export interface Schedule {
  /** The first time after `ms`, in ms since 1970; undefined when there is none within five years. */
  next(ms: number): number | undefined;
}

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
interface Field {
  readonly values: ReadonlySet<number>;
  readonly any: boolean;
}

type Fields = Readonly<Record<keyof typeof bounds, Field>>;

const descriptors: Readonly<Record<string, string>> = {
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
  "@monthly": "0 0 1 * *",
  "@weekly": "0 0 * * 0",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@hourly": "0 * * * *",
};

/** `zone`: for schedules that name none themselves. Throws Error with upstream's text. */
export function parseSchedule(text: string, zone: Zone = utc): Schedule {
  if (text === "") throw new Error("empty spec string");
  let spec = text;
  let where = zone;
  if (spec.startsWith("TZ=") || spec.startsWith("CRON_TZ=")) {
    const space = spec.indexOf(" ");
    const name = spec.slice(spec.indexOf("=") + 1, space < 0 ? undefined : space);
    const found = zoneOf(name);
    if (found === undefined) throw new Error(`provided bad location ${name}: unknown time zone ${name}`);
    where = found;
    spec = space < 0 ? "" : spec.slice(space).trim();
  }
  if (spec.startsWith("@every ")) return every(spec.slice("@every ".length), spec);
  if (spec.startsWith("@") && descriptors[spec] === undefined) throw new Error(`unrecognized descriptor: ${spec}`);
  return fieldSchedule(parseFields(descriptors[spec] ?? spec), where);
}

function parseFields(spec: string): Fields {
  const parts = spec
    .trim()
    .split(/\s+/)
    .filter((part) => part !== "");
  if (parts.length !== 5) throw new Error(`expected exactly 5 fields, found ${parts.length}: [${parts.join(" ")}]`);
  const [minute, hour, day, month, weekday] = parts as [string, string, string, string, string];
  return {
    minute: parseField(minute, bounds.minute),
    hour: parseField(hour, bounds.hour),
    day: parseField(day, bounds.day),
    month: parseField(month, bounds.month),
    weekday: parseField(weekday, bounds.weekday),
  };
}

function parseField(text: string, range: Bounds): Field {
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
    if (moreLimits.length > 0) throw new Error(`too many hyphens: ${text}`);
    end = high === undefined ? start : parseNumber(high, range);
  }
  if (moreSteps.length > 0) throw new Error(`too many slashes: ${text}`);
  let step = 1;
  if (stepText !== undefined) {
    step = parseInteger(stepText);
    // `n/step` means from n to the end.
    if (high === undefined && !star) end = range.max;
  }
  if (start < range.min) throw new Error(`beginning of range (${start}) below minimum (${range.min}): ${text}`);
  if (end > range.max) throw new Error(`end of range (${end}) above maximum (${range.max}): ${text}`);
  if (start > end) throw new Error(`beginning of range (${start}) beyond end of range (${end}): ${text}`);
  if (step === 0) throw new Error(`step of range should be a positive number: ${text}`);
  return { start, end, step, any: star && step === 1 };
}

const parseNumber = (text: string, range: Bounds): number => range.names?.[text.toLowerCase()] ?? parseInteger(text);

function parseInteger(text: string): number {
  if (!/^[+-]?\d+$/.test(text))
    throw new Error(`failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
  if (Number(text) < 0) throw new Error(`negative number (${Number(text)}) not allowed: ${text}`);
  return Number(text);
}

const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

function every(text: string, spec: string): Schedule {
  const pieces = [...text.matchAll(/(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g)];
  const sign = /^[+-]/.exec(text)?.[0] ?? "";
  if (pieces.length === 0 || sign + pieces.map((piece) => piece[0]).join("") !== text)
    throw new Error(`failed to parse duration ${spec}: time: invalid duration ${JSON.stringify(text)}`);
  const ms = pieces.reduce((sum, piece) => sum + Number(piece[1]) * unitMs[piece[2]!]!, 0) * (sign === "-" ? -1 : 1);
  const delayMs = Math.max(1000, Math.floor(ms / 1000) * 1000);
  return { next: (after) => Math.floor(after / 1000) * 1000 + delayMs };
}

/** Both day fields given: one of them is enough. */
function dayMatches({ day, weekday }: Fields, at: { day: number; weekday: number }): boolean {
  const byDay = day.values.has(at.day);
  const byWeekday = weekday.values.has(at.weekday);
  return day.any || weekday.any ? byDay && byWeekday : byDay || byWeekday;
}

function fieldSchedule(fields: Fields, zone: Zone): Schedule {
  return {
    next(after) {
      let ms = Math.floor(after / 1000) * 1000 + 1000;
      const lastYear = zone.at(ms).year + 5;
      for (;;) {
        const wall = zone.at(ms);
        if (wall.year > lastYear) return undefined;
        if (!fields.month.values.has(wall.month)) ms = startOfDay(zone, wall.year, { month: wall.month + 1, day: 1 });
        else if (!dayMatches(fields, wall)) ms = startOfDay(zone, wall.year, { month: wall.month, day: wall.day + 1 });
        else if (!fields.hour.values.has(wall.hour)) ms = nextHour(ms, zone);
        else if (!fields.minute.values.has(wall.minute)) ms = ms - wall.second * 1000 + 60_000;
        else if (wall.second !== 0) ms = ms - wall.second * 1000 + 60_000;
        else return ms;
      }
    },
  };
}

/** The first instant of a day, also where a clock change leaves out midnight. */
function startOfDay(zone: Zone, year: number, { month, day }: { month: number; day: number }): number {
  const start = zone.instant(year, month, { day });
  const { hour } = zone.at(start);
  if (hour === 0) return start;
  return hour > 12 ? start + (24 - hour) * 3_600_000 : start - hour * 3_600_000;
}

function nextHour(ms: number, zone: Zone): number {
  const { minute, second } = zone.at(ms);
  return ms - (minute * 60 + second) * 1000 + 3_600_000;
}
