import assert from "node:assert/strict";
import { test } from "node:test";
import { compileGoPattern, patternCost } from "./index.ts";

const costs: readonly (readonly [pattern: string, least: number, most: number])[] = [
  ["", 0, 0],
  ["a*b", 3, 3],
  ["\\(\\[\\]\\d", 4, 8],
  ["^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", 5, 30],
  ["[]a]b", 3, 5],
  ["a{2,5}", 5, 5],
  ["a{3,}", 3, 3],
  ["a{,3}", 5, 5],
  ["(a{30}){30}", 900, 1000],
  ["\\pL", 10, 100],
  ["(?i)[a-z]", 1, 20],
  ["(?i)[b-\\x{10fff0}]", 1000, 2000],
  ["(?i)[b-\u{10fff0}]", 1000, 2000],
  ["(?i)[^\\x00-\\177b-\u{10fff0}]", 1000, 2000],
];
for (const [pattern, least, most] of costs)
  test(`what ${pattern} costs`, () => {
    const cost = patternCost(pattern);
    assert.ok(cost >= least && cost <= most, String(cost));
  });

test("patterns that cost too much are not compiled", () => {
  for (const pattern of [
    "a*".repeat(100_000),
    "(?i)[b-\\x{10fff0}]".repeat(100),
    "(".repeat(20_000),
    "\\pL".repeat(10_000),
  ])
    assert.throws(() => compileGoPattern(pattern), /^Error: error parsing regexp: expression too large$/);
});

test("what Go refuses for its repetitions is refused with Go's words", () => {
  assert.throws(() => compileGoPattern("(a{1,100}){1,100}"), /invalid repeat count|invalid repetition/);
});

test("a pattern is compiled once", () => {
  assert.equal(compileGoPattern("(?P<n>a)(?P<n>b)"), compileGoPattern("(?P<n>a)(?P<n>b)"));
});
