import assert from "node:assert/strict";
import { test } from "node:test";
import { nextStep, ttlSecondsOf } from "./decide.ts";

const table: readonly [step: number, nodes: number, ttlSeconds: number][] = [
  [0, 1, 0],
  [0, 100, 0],
  [0, 101, 15],
  [1, 95, 15],
  [1, 89, 0],
  [0, 700, 30],
  [1, 500, 15],
  [2, 449, 15],
  [0, 5000, 300],
  [4, 1799, 60],
  [4, 0, 0],
];
for (const [step, nodes, expected] of table)
  test(`${nodes} nodes after step ${step}`, () => assert.equal(ttlSecondsOf(nextStep(step, nodes)), expected));
