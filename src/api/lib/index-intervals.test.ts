import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { firstOverlap, indexesError, indexesTotal } from "./index-intervals.ts";

const most = 60;
const sets = fc.uniqueArray(fc.nat({ max: most - 1 }), { maxLength: 25 });

/** The shortest text of a set of indexes. */
function textOf(indexes: readonly number[]): string {
  const sorted = [...indexes].sort((a, b) => a - b);
  const parts: string[] = [];
  for (let start = 0; start < sorted.length; ) {
    let end = start;
    while (sorted[end + 1] === (sorted[end] as number) + 1) end++;
    parts.push(start === end ? `${sorted[start]}` : `${sorted[start]}-${sorted[end]}`);
    start = end + 1;
  }
  return parts.join(",");
}

test("lists of indexes are read as they are written", () => {
  fc.assert(
    fc.property(sets, (indexes) => {
      const text = textOf(indexes);
      assert.equal(indexesError(text, most), undefined);
      assert.equal(indexesTotal(text), indexes.length);
    }),
  );
});

test("the first index of an overlap is the smallest that both lists hold", () => {
  fc.assert(
    fc.property(sets, sets, (a, b) => {
      const both = a.filter((index) => b.includes(index));
      const expected = both.length === 0 ? undefined : Math.min(...both);
      assert.equal(firstOverlap(textOf(a), textOf(b), most), expected);
    }),
  );
});

const wrong: readonly [text: string, problem: string][] = [
  ["x", 'cannot convert string to integer for index: "x"'],
  ["60", 'too large index: "60"'],
  ["3-2", "non-increasing order, previous: 3, current: 2"],
  ["5,4", "non-increasing order, previous: 5, current: 4"],
  [
    "1-2-3",
    "the fragment \"1-2-3\" violates the requirement that an index interval can have at most two parts separated by '-'",
  ],
];

for (const [text, problem] of wrong) test(`indexes ${text}`, () => assert.equal(indexesError(text, most), problem));
