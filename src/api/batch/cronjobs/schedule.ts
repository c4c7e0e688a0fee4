// Whether a cron schedule and a time zone can be read. Upstream: github.com/robfig/cron/v3 ParseStandard, validateTimeZone.
import { CronError, parseCron } from "../../lib/formats/cron.ts";

/** What is wrong with a schedule, as upstream says it; undefined when nothing is. */
export function scheduleError(schedule: string): string | undefined {
  try {
    parseCron(schedule, (location) => locationError(location) === undefined);
    return undefined;
  } catch (error) {
    if (error instanceof CronError) return error.message;
    throw error;
  }
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
