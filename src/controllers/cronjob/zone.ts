// Wall time in a time zone, by the zone data of the JavaScript engine.

export interface WallTime {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  /** 0 is Sunday. */
  readonly weekday: number;
}

export interface Zone {
  readonly name: string;
  at(ms: number): WallTime;
  /** Milliseconds east of UTC. */
  offsetMs(ms: number): number;
  /** The instant of a wall time; fields beyond their range carry over. Of a wall time that does not exist one near it. */
  instant(year: number, month: number, rest: { day: number; hour?: number; minute?: number; second?: number }): number;
}

const zones = new Map<string, Zone>();

/** Undefined for a name that is no time zone. "" is UTC. */
export function zoneOf(name: string): Zone | undefined {
  const known = zones.get(name);
  if (known !== undefined) return known;
  const zone = name === "" || name === "UTC" ? makeZone(name || "UTC", () => 0) : intlZone(name);
  if (zone !== undefined) zones.set(name, zone);
  return zone;
}

export const utc: Zone = zoneOf("UTC")!;

function intlZone(name: string): Zone | undefined {
  // Offsets are no zone names; the engine would take them.
  if (/^[+-]/.test(name) || name === "Local") return undefined;
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat("en-US", {
      timeZone: name,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
  return makeZone(name, (ms) => {
    const parts: Record<string, number> = {};
    for (const { type, value } of format.formatToParts(ms)) parts[type] = Number(value);
    const { year, month, day, hour, minute, second } = parts;
    return Date.UTC(year!, month! - 1, day, hour, minute, second) - Math.floor(ms / 1000) * 1000;
  });
}

function makeZone(name: string, offsetMs: (ms: number) => number): Zone {
  return {
    name,
    offsetMs,
    at(ms) {
      const local = new Date(ms + offsetMs(ms));
      return {
        year: local.getUTCFullYear(),
        month: local.getUTCMonth() + 1,
        day: local.getUTCDate(),
        hour: local.getUTCHours(),
        minute: local.getUTCMinutes(),
        second: local.getUTCSeconds(),
        weekday: local.getUTCDay(),
      };
    },
    instant(year, month, { day, hour = 0, minute = 0, second = 0 }) {
      const wall = Date.UTC(year, month - 1, day, hour, minute, second);
      const guess = offsetMs(wall);
      return wall - (offsetMs(wall - guess) === guess ? guess : offsetMs(wall - guess));
    },
  };
}

/** RFC 3339 with the zone's offset. */
export function formatInZone(ms: number, zone: Zone): string {
  const offsetMs = zone.offsetMs(ms);
  const text = new Date(ms + offsetMs).toISOString().slice(0, 19);
  if (offsetMs === 0) return `${text}Z`;
  const minutes = Math.abs(offsetMs) / 60_000;
  const pad = (value: number): string => String(Math.floor(value)).padStart(2, "0");
  return `${text}${offsetMs < 0 ? "-" : "+"}${pad(minutes / 60)}:${pad(minutes % 60)}`;
}
