// When a cron schedule is due. Its grammar is the API's (api/lib/cron.ts). Upstream: github.com/robfig/cron/v3 (SpecSchedule.Next).
import { type CronFields, parseCron } from "../../api/index.ts";
import { utc, type Zone, zoneOf } from "./zone.ts";

export interface Schedule {
  /** The first time after `ms`, in ms since 1970; undefined when there is none within five years. */
  next(ms: number): number | undefined;
}

/** `zone`: for schedules that name none themselves. Throws CronError with upstream's text. */
export function parseSchedule(text: string, zone: Zone = utc): Schedule {
  const { location, rule } = parseCron(text, (name) => zoneOf(name) !== undefined);
  if (rule.every !== undefined) {
    const { delayMs } = rule.every;
    return { next: (after) => Math.floor(after / 1000) * 1000 + delayMs };
  }
  return fieldSchedule(rule.fields, location === undefined ? zone : zoneOf(location)!);
}

/** Both day fields given: one of them is enough. */
function dayMatches({ day, weekday }: CronFields, at: { day: number; weekday: number }): boolean {
  const byDay = day.values.has(at.day);
  const byWeekday = weekday.values.has(at.weekday);
  return day.any || weekday.any ? byDay && byWeekday : byDay || byWeekday;
}

function fieldSchedule(fields: CronFields, zone: Zone): Schedule {
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
