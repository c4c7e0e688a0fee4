import assert from "node:assert/strict";
import { test } from "node:test";
import { comparesTo } from "./taints.ts";

const cases: readonly (readonly [operator: "Lt" | "Gt" | "Equal", value: string, taint: string, tolerates: boolean])[] =
  [
    ["Lt", "10", "5", true],
    ["Lt", "10", "10", false],
    ["Lt", "-1", "-2", true],
    ["Gt", "10", "11", true],
    ["Gt", "10", "5", false],
    ["Gt", "0", "0", false],
    ["Gt", "010", "11", false],
    ["Gt", "10", "+11", false],
    ["Gt", "10", "eleven", false],
    ["Gt", "9223372036854775806", "9223372036854775807", true],
    ["Gt", "0", "9223372036854775808", false],
    ["Equal", "5", "5", false],
  ];
for (const [operator, value, taint, tolerates] of cases)
  test(`${operator} ${value} ${tolerates ? "tolerates" : "does not tolerate"} ${taint}`, () =>
    assert.equal(
      comparesTo({ key: "k", operator, value }, { key: "k", value: taint, effect: "NoSchedule" }),
      tolerates,
    ));
