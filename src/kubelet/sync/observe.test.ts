import assert from "node:assert/strict";
import { test } from "node:test";
import { newestFirst } from "./observe.ts";

const cases: readonly [string, readonly (readonly [number, number])[], readonly number[]][] = [
  [
    "later is newer",
    [
      [0, 1_000],
      [0, 2_000],
    ],
    [2_000, 1_000],
  ],
  [
    "a later attempt is newer, though the clock was set back between",
    [
      [0, 3_600_000],
      [1, 1_000],
    ],
    [1_000, 3_600_000],
  ],
];

for (const [name, entries, expected] of cases)
  test(`newest first: ${name}`, () => {
    const sorted = entries.map(([attempt, createdAtMs]) => ({ attempt, createdAtMs })).sort(newestFirst);
    assert.deepEqual(
      sorted.map((each) => each.createdAtMs),
      expected,
    );
  });
