/** Calendar fields of timestamps, in UTC or a named zone, and the lengths of durations. */
import type { FunctionDecl, OverloadDecl } from "../contract.ts";
import { type CalendarField, calendarField } from "../runtime/time.ts";
import { DURATION, INT, STRING, TIMESTAMP } from "../types.ts";
import type { CelDuration, CelTimestamp } from "../values.ts";

interface Getter {
  readonly name: string;
  readonly field: CalendarField;
  /** The overload id, without and with a zone. */
  readonly id: string;
  readonly zonedId?: string;
  /** Nanoseconds of the unit, where durations have it too. */
  readonly unit?: bigint;
}

const GETTERS: readonly Getter[] = [
  { name: "getFullYear", field: "fullYear", id: "timestamp_to_year" },
  { name: "getMonth", field: "month", id: "timestamp_to_month" },
  { name: "getDayOfYear", field: "dayOfYear", id: "timestamp_to_day_of_year" },
  { name: "getDayOfMonth", field: "dayOfMonth", id: "timestamp_to_day_of_month" },
  { name: "getDate", field: "date", id: "timestamp_to_day_of_month_1_based" },
  { name: "getDayOfWeek", field: "dayOfWeek", id: "timestamp_to_day_of_week" },
  { name: "getHours", field: "hours", id: "timestamp_to_hours", unit: 3_600_000_000_000n },
  { name: "getMinutes", field: "minutes", id: "timestamp_to_minutes", unit: 60_000_000_000n },
  {
    name: "getSeconds",
    field: "seconds",
    id: "timestamp_to_seconds",
    zonedId: "timestamp_to_seconds_tz",
    unit: 1_000_000_000n,
  },
  { name: "getMilliseconds", field: "milliseconds", id: "timestamp_to_milliseconds", unit: 1_000_000n },
];

function getter({ name, field, id, zonedId, unit }: Getter): FunctionDecl {
  const overloads: OverloadDecl[] = [
    {
      id,
      member: true,
      args: [TIMESTAMP],
      result: INT,
      evaluate: (timestamp: CelTimestamp) => calendarField(timestamp, field),
    },
    {
      id: zonedId ?? `${id}_with_tz`,
      member: true,
      args: [TIMESTAMP, STRING],
      result: INT,
      evaluate: (timestamp: CelTimestamp, zone: string) => calendarField(timestamp, field, zone),
    },
  ];
  if (unit !== undefined)
    overloads.push({
      id: id.replace("timestamp", "duration"),
      member: true,
      args: [DURATION],
      result: INT,
      evaluate: (duration: CelDuration) => duration.nanos / unit,
    });
  return { name, overloads };
}

export const TIME: readonly FunctionDecl[] = GETTERS.map(getter);
