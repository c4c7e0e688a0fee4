import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { canonicalMicroTime, canonicalTime, formatMicroTime, formatTime, parseTime } from "./time.ts";

test("times are rewritten in UTC, or refused in Go's words", () => {
  const layout = '"2006-01-02T15:04:05Z07:00"';
  const rows: [string, string][] = [
    ["2020-01-01T01:00:00+01:00", "2020-01-01T00:00:00Z"],
    ["2020-02-29T23:59:59.999Z", "2020-02-29T23:59:59Z"],
    ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"],
    ["x", `parsing time "x" as ${layout}: cannot parse "x" as "2006"`],
    ["2020-13-01T00:00:00Z", 'parsing time "2020-13-01T00:00:00Z": month out of range'],
    ["2021-02-29T00:00:00Z", 'parsing time "2021-02-29T00:00:00Z": day out of range'],
    ["2020-01-01T25:00:00Z", 'parsing time "2020-01-01T25:00:00Z": hour out of range'],
    ["2020-01-01", `parsing time "2020-01-01" as ${layout}: cannot parse "" as "T"`],
    ["2020-01-01T00:00:00", `parsing time "2020-01-01T00:00:00" as ${layout}: cannot parse "" as "Z07:00"`],
    ["2020-01-01T00:00:00Z\n", 'parsing time "2020-01-01T00:00:00Z\\x0a": extra text: "\\x0a"'],
    ["2020-01-01T00:00:00Zé", 'parsing time "2020-01-01T00:00:00Z\\xc3\\xa9": extra text: "\\xc3\\xa9"'],
    ["2020-01-01T00:00:00Zx", 'parsing time "2020-01-01T00:00:00Zx": extra text: "x"'],
  ];
  for (const [text, expected] of rows) {
    const answer = expected.startsWith("parsing") ? undefined : expected;
    if (answer === undefined) assert.throws(() => canonicalTime(text), { message: expected }, text);
    else assert.equal(canonicalTime(text), answer, text);
  }
  assert.equal(
    canonicalMicroTime("2020-01-01T01:00:00.123456789+01:00".replace("789", "")),
    "2020-01-01T00:00:00.123456Z",
  );
  assert.throws(() => canonicalMicroTime("2020-01-01T00:00:00Z"), { message: /cannot parse "Z" as "\.000000"/ });
});

test("formatting and parsing are inverse", () => {
  fc.assert(
    fc.property(fc.integer({ min: -62_135_596_800_000, max: 253_402_300_799_999 }), (ms) => {
      assert.equal(parseTime(formatTime(ms)), Math.floor(ms / 1000) * 1000);
      assert.equal(Math.round(parseTime(formatMicroTime(ms))), ms);
    }),
  );
  assert.ok(Number.isNaN(parseTime("yesterday")));
  assert.ok(Number.isNaN(parseTime(undefined)));
});
