// Whether a cron schedule and a time zone can be read. Upstream: github.com/robfig/cron/v3 ParseStandard, validateTimeZone.

interface Bounds {
  readonly min: number;
  readonly max: number;
  readonly names?: readonly string[];
}

const fieldBounds: readonly Bounds[] = [
  { min: 0, max: 59 },
  { min: 0, max: 23 },
  { min: 1, max: 31 },
  { min: 1, max: 12, names: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"] },
  { min: 0, max: 6, names: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] },
];

const descriptors = new Set(["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"]);

class ScheduleError extends Error {}

const fail = (text: string): never => {
  throw new ScheduleError(text);
};

/** What is wrong with a schedule, as upstream says it; undefined when nothing is. */
export function scheduleError(schedule: string): string | undefined {
  try {
    checkSchedule(schedule);
    return undefined;
  } catch (error) {
    if (error instanceof ScheduleError) return error.message;
    throw error;
  }
}

function checkSchedule(schedule: string): void {
  let spec = schedule;
  if (/^(CRON_)?TZ=/.test(spec)) {
    const space = spec.indexOf(" ");
    if (space < 0) fail("invalid schedule format: runtime error: slice bounds out of range [:-1]");
    const zone = spec.slice(spec.indexOf("=") + 1, space);
    const problem = locationError(zone);
    if (problem !== undefined) fail(`provided bad location ${zone}: ${problem}`);
    spec = spec.slice(space).trim();
  }
  if (spec.startsWith("@")) {
    checkDescriptor(spec);
    return;
  }
  const parts = spec.split(/\s+/).filter((part) => part !== "");
  if (parts.length !== fieldBounds.length)
    fail(`expected exactly ${fieldBounds.length} fields, found ${parts.length}: [${parts.join(" ")}]`);
  for (const [index, bounds] of fieldBounds.entries())
    for (const range of (parts[index] as string).split(",")) if (range !== "") checkRange(range, bounds);
}

function checkDescriptor(spec: string): void {
  if (descriptors.has(spec)) return;
  if (!spec.startsWith("@every ")) fail(`unrecognized descriptor: ${spec}`);
  const duration = spec.slice("@every ".length);
  if (!/^[+-]?(0|((\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h))+)$/.test(duration))
    fail(`failed to parse duration ${spec}: time: invalid duration ${JSON.stringify(duration)}`);
}

function checkRange(text: string, bounds: Bounds): void {
  const [limits = "", stepText, ...moreSteps] = text.split("/");
  const [low = "", high, ...moreLimits] = limits.split("-");
  let [start, end] = [bounds.min, bounds.max];
  if (low !== "*" && low !== "?") {
    start = numberOf(low, bounds);
    if (moreLimits.length > 0) fail(`too many hyphens: ${text}`);
    end = high === undefined ? start : numberOf(high, bounds);
  }
  if (moreSteps.length > 0) fail(`too many slashes: ${text}`);
  const step = stepText === undefined ? 1 : integer(stepText);
  // `n/step` means from n to the end.
  if (stepText !== undefined && high === undefined) end = bounds.max;
  if (start < bounds.min) fail(`beginning of range (${start}) below minimum (${bounds.min}): ${text}`);
  if (end > bounds.max) fail(`end of range (${end}) above maximum (${bounds.max}): ${text}`);
  if (start > end) fail(`beginning of range (${start}) beyond end of range (${end}): ${text}`);
  if (step === 0) fail(`step of range should be a positive number: ${text}`);
}

function numberOf(text: string, { names, min }: Bounds): number {
  const index = names?.indexOf(text.toLowerCase()) ?? -1;
  return index >= 0 ? index + min : integer(text);
}

function integer(text: string): number {
  if (!/^[+-]?\d+$/.test(text))
    fail(`failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
  if (Number(text) < 0) fail(`negative number (${Number(text)}) not allowed: ${text}`);
  return Number(text);
}

/** As Go loads locations: from the zone database of the engine here. */
function locationError(name: string): string | undefined {
  if (name === "" || name === "UTC" || name === "Local") return undefined;
  try {
    // Offsets are no zone names; the engine would take them.
    if (!/^[+-]/.test(name) && new Intl.DateTimeFormat("en-US", { timeZone: name })) return undefined;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  return `unknown time zone ${name}`;
}

/** Upstream's findings of spec.timeZone. */
export function timeZoneErrors(name: string): string[] {
  if (name === "") return ["timeZone must be nil or non-empty string"];
  const isNamePart = (part: string): boolean =>
    part !== "." && part !== ".." && !part.startsWith("-") && /^[A-Za-z.\-_0-9+]{1,14}$/.test(part);
  if (!name.split("/").every(isNamePart)) return [`unknown time zone ${name}`];
  const problem = locationError(name);
  return [
    ...(name.toLowerCase() === "local"
      ? ["timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"]
      : []),
    ...(problem === undefined ? [] : [problem]),
  ];
}
