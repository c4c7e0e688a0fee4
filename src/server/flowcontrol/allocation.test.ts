import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { allocate, borrow } from "./allocation.ts";

test("seats are shared in proportion to targets, within the bounds", () => {
  const items = fc.array(
    fc
      .tuple(fc.nat(50), fc.nat(50), fc.nat(50))
      .map(([lower, more, wide]) => ({ lower, target: lower + more, upper: lower + wide })),
    { minLength: 1, maxLength: 9 },
  );
  fc.assert(
    fc.property(items, fc.double({ min: 0, max: 1, noNaN: true }), (given, part) => {
      const lowest = given.reduce((sum, { lower }) => sum + lower, 0);
      const highest = given.reduce((sum, { upper }) => sum + upper, 0);
      const sum = Math.round(lowest + (highest - lowest) * part);
      const { seats, fairFraction } = allocate(sum, given);
      assert.ok(Math.abs(seats.reduce((all, each) => all + each, 0) - sum) < 1e-3);
      seats.forEach((each, index) => {
        const { lower, upper, target } = given[index]!;
        assert.ok(each >= lower - 1e-6 && each <= upper + 1e-6);
        if (each > lower + 1e-3 && each < upper - 1e-3 && target > 0)
          assert.ok(Math.abs(each - target * fairFraction) < 1e-3);
      });
    }),
    { numRuns: 200 },
  );
});

test("a busy level borrows what idle ones lend", () => {
  const level = { exempt: false, nominal: 100, minimum: 50, maximum: 700, current: 75 };
  const { current } = borrow([
    { ...level, highWatermark: 400, smoothed: 300 },
    { ...level, highWatermark: 0, smoothed: 0 },
    { ...level, highWatermark: 0, smoothed: 0 },
  ]);
  assert.deepEqual(current, [200, 50, 50]);
});
