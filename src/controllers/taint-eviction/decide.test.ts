import assert from "node:assert/strict";
import { test } from "node:test";
import type { Taint, Toleration } from "../../api/index.ts";
import { toleration } from "./decide.ts";

const taint = (key: string, value?: string): Taint => ({
  key,
  effect: "NoExecute",
  ...(value === undefined ? {} : { value }),
});
const exists = (key: string | undefined, tolerationSeconds?: number): Toleration => ({
  operator: "Exists",
  ...(key === undefined ? {} : { key }),
  ...(tolerationSeconds === undefined ? {} : { tolerationSeconds }),
});

const table: readonly [string, readonly Toleration[], readonly Taint[], number | undefined][] = [
  ["no taint", [], [], undefined],
  ["not tolerated", [], [taint("a")], 0],
  ["another key", [exists("b")], [taint("a")], 0],
  ["one of two", [exists("a")], [taint("a"), taint("b")], 0],
  ["for ever", [exists("a")], [taint("a")], undefined],
  ["everything, for ever", [exists(undefined)], [taint("a"), taint("b")], undefined],
  ["for a while", [exists("a", 300)], [taint("a")], 300_000],
  ["the shortest", [exists("a", 300), exists("b", 20)], [taint("a"), taint("b")], 20_000],
  ["one for a while, one for ever", [exists("a", 300), exists("b")], [taint("a"), taint("b")], 300_000],
  ["no time at all", [exists("a", 0)], [taint("a")], 0],
  ["less than no time", [exists("a", -5)], [taint("a")], 0],
  ["the first that fits", [exists("a", 5), exists("a")], [taint("a")], 5000],
  ["the same value", [{ key: "a", operator: "Equal", value: "1" }], [taint("a", "1")], undefined],
  ["another value", [{ key: "a", value: "1" }], [taint("a", "2")], 0],
  ["no value", [{ key: "a" }], [taint("a")], undefined],
  ["a number above", [{ key: "a", operator: "Gt", value: "5" }], [taint("a", "6")], undefined],
  ["a number that is not above", [{ key: "a", operator: "Gt", value: "5" }], [taint("a", "5")], 0],
  ["another effect", [{ ...exists("a"), effect: "NoSchedule" }], [taint("a")], 0],
];
for (const [name, tolerations, taints, expected] of table)
  test(name, () => assert.equal(toleration(tolerations, taints), expected));
