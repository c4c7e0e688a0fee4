import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseSchedule } from "./schedule.ts";
import { formatInZone, utc, zoneOf } from "./zone.ts";

const ms = (text: string): number => Date.parse(text);

/** From, schedule, the next time. Times as in the tests of robfig/cron. */
const nexts: readonly [string, string, string | undefined][] = [
  ["2012-07-09T14:45:00Z", "0/15 * * * *", "2012-07-09T15:00:00Z"],
  ["2012-07-09T14:59:59Z", "0/15 * * * *", "2012-07-09T15:00:00Z"],
  ["2012-07-09T15:45:00Z", "20-35/15 * * * *", "2012-07-09T16:20:00Z"],
  ["2012-07-09T23:46:00Z", "*/15 * * * *", "2012-07-10T00:00:00Z"],
  ["2012-07-09T23:35:00Z", "0 0 9 Apr-Oct ?", "2012-08-09T00:00:00Z"],
  ["2012-07-09T23:35:00Z", "0 0 */5 Apr,Aug,Oct Mon", "2012-08-01T00:00:00Z"],
  ["2012-07-09T23:35:00Z", "0 0 */5 Oct Mon", "2012-10-01T00:00:00Z"],
  ["2012-07-09T23:35:00Z", "0 0 * Feb Mon", "2013-02-04T00:00:00Z"],
  ["2012-07-09T23:35:00Z", "0 0 29 Feb ?", "2016-02-29T00:00:00Z"],
  ["2012-07-09T23:35:00Z", "0 0 30 Feb ?", undefined],
  ["2012-07-09T23:35:00Z", "0 0 31 Apr ?", undefined],
  ["2012-07-15T00:00:00Z", "0 0 1,15 * Sun", "2012-07-22T00:00:00Z"],
  ["2012-07-15T00:00:00Z", "* * * * sun", "2012-07-15T00:01:00Z"],
  ["2012-07-09T14:45:10Z", "@hourly", "2012-07-09T15:00:00Z"],
  ["2012-07-09T14:45:10Z", "@weekly", "2012-07-15T00:00:00Z"],
  ["2012-07-09T14:45:10Z", "@yearly", "2013-01-01T00:00:00Z"],
  ["2012-07-09T14:45:10Z", "@every 1h30m", "2012-07-09T16:15:10Z"],
  ["2012-07-09T14:45:10Z", "@every 100ms", "2012-07-09T14:45:11Z"],
  ["2012-03-11T04:00:00Z", "TZ=America/New_York 30 2 11 Mar ?", "2013-03-11T06:30:00Z"],
  ["2012-03-11T05:00:00Z", "TZ=America/New_York 0 * * * ?", "2012-03-11T06:00:00Z"],
  ["2012-03-11T06:00:00Z", "TZ=America/New_York 0 * * * ?", "2012-03-11T07:00:00Z"],
  ["2012-11-04T04:00:00Z", "CRON_TZ=America/New_York 0 * * * ?", "2012-11-04T05:00:00Z"],
  ["2012-11-04T05:00:00Z", "TZ=America/New_York 0 * * * ?", "2012-11-04T06:00:00Z"],
  ["2018-10-17T09:00:00Z", "TZ=America/Sao_Paulo 0 0 4 Nov ?", "2019-11-04T03:00:00Z"],
];

for (const [from, spec, expected] of nexts)
  test(`after ${from}: ${spec}`, () => {
    const next = parseSchedule(spec).next(ms(from));
    if (expected === undefined) assert.equal(next, undefined);
    else assert.equal(next === undefined ? undefined : new Date(next).toISOString(), expected.replace("Z", ".000Z"));
  });

const wrong: readonly [string, string][] = [
  ["", "empty spec string"],
  ["* * * *", "expected exactly 5 fields, found 4: [* * * *]"],
  ["5 j * * *", 'failed to parse int from j: strconv.Atoi: parsing "j": invalid syntax'],
  ["@nope", "unrecognized descriptor: @nope"],
  ["@every x", 'failed to parse duration @every x: time: invalid duration "x"'],
  ["60 * * * *", "end of range (60) above maximum (59): 60"],
  ["* * 0 * *", "beginning of range (0) below minimum (1): 0"],
  ["5-3 * * * *", "beginning of range (5) beyond end of range (3): 5-3"],
  ["*/0 * * * *", "step of range should be a positive number: */0"],
  ["1-2-3 * * * *", "too many hyphens: 1-2-3"],
  ["1/2/3 * * * *", "too many slashes: 1/2/3"],
  ["TZ=Nowhere/X * * * * *", "provided bad location Nowhere/X: unknown time zone Nowhere/X"],
];
for (const [spec, message] of wrong)
  test(`${JSON.stringify(spec)} is refused`, () => {
    assert.throws(() => parseSchedule(spec), { message });
  });

test("the next time is later, matches, and nothing between was left out", () => {
  const field = (min: number, max: number) =>
    fc.oneof(fc.constant("*"), fc.integer({ min, max }).map(String), fc.constantFrom("*/7", "*/2"));
  fc.assert(
    fc.property(field(0, 59), field(0, 23), fc.integer({ min: 0, max: 2_000_000_000 }), (minute, hour, second) => {
      const schedule = parseSchedule(`${minute} ${hour} * * *`);
      const from = second * 1000;
      const next = schedule.next(from)!;
      const matches = (at: number): boolean => schedule.next(at - 1000) === at;
      assert.ok(next > from && matches(next) && next % 60_000 === 0);
      for (let at = Math.ceil((from + 1) / 60_000) * 60_000; at < next; at += 60_000) {
        const date = new Date(at);
        const hit = (spec: string, value: number): boolean =>
          spec === "*" || (spec.startsWith("*/") ? value % Number(spec.slice(2)) === 0 : value === Number(spec));
        assert.ok(!(hit(minute, date.getUTCMinutes()) && hit(hour, date.getUTCHours())), date.toISOString());
      }
    }),
    { numRuns: 50 },
  );
});

test("times are written with the zone's offset", () => {
  assert.equal(formatInZone(ms("2026-01-01T00:00:00Z"), utc), "2026-01-01T00:00:00Z");
  assert.equal(formatInZone(ms("2026-07-01T00:00:00Z"), zoneOf("Europe/Berlin")!), "2026-07-01T02:00:00+02:00");
  assert.equal(formatInZone(ms("2026-07-01T00:00:00Z"), zoneOf("America/St_Johns")!), "2026-06-30T21:30:00-02:30");
  assert.equal(zoneOf("Not/AZone"), undefined);
  assert.equal(zoneOf("+02:00"), undefined);
});
