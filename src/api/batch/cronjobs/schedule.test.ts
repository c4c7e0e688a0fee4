import assert from "node:assert/strict";
import { test } from "node:test";
import { scheduleError, timeZoneErrors } from "./schedule.ts";

const schedules: readonly [schedule: string, problem: string | undefined][] = [
  ["*/5 * * * *", undefined],
  ["0 0 1 jan mon-fri", undefined],
  ["@daily", undefined],
  ["@every 1h30m", undefined],
  ["TZ=UTC 0 0 * * *", undefined],
  ["5/15 * * * *", undefined],
  ["* * * *", "expected exactly 5 fields, found 4: [* * * *]"],
  ["60 * * * *", "end of range (60) above maximum (59): 60"],
  ["* * 0 * *", "beginning of range (0) below minimum (1): 0"],
  ["9-5 * * * *", "beginning of range (9) beyond end of range (5): 9-5"],
  ["1-2-3 * * * *", "too many hyphens: 1-2-3"],
  ["*/0 * * * *", "step of range should be a positive number: */0"],
  ["*/1/2 * * * *", "too many slashes: */1/2"],
  ["x * * * *", 'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax'],
  ["@never", "unrecognized descriptor: @never"],
  ["@every soon", 'failed to parse duration @every soon: time: invalid duration "soon"'],
  ["TZ=Nowhere/Land * * * * *", "provided bad location Nowhere/Land: unknown time zone Nowhere/Land"],
];

for (const [schedule, problem] of schedules)
  test(`schedule ${schedule}`, () => assert.equal(scheduleError(schedule), problem));

const zones: readonly [name: string, problems: readonly string[]][] = [
  ["Europe/Berlin", []],
  ["Etc/UTC", []],
  ["", ["timeZone must be nil or non-empty string"]],
  ["../etc/passwd", ["unknown time zone ../etc/passwd"]],
  ["Local", ["timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"]],
  ["Mars/Olympus", ["unknown time zone Mars/Olympus"]],
];

for (const [name, problems] of zones)
  test(`time zone ${JSON.stringify(name)}`, () => assert.deepEqual(timeZoneErrors(name), problems));
