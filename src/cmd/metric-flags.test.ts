import assert from "node:assert/strict";
import { test } from "node:test";
import { Counter, MetricRegistry } from "../base/index.ts";
import { metricLimits } from "./metric-flags.ts";

const nothing = { "disabled-metrics": [], "allow-metric-labels": [] };

test("metrics are hidden by name, and labels keep the values that are allowed", () => {
  const limits = metricLimits({
    "disabled-metrics": ["hidden_total"],
    "allow-metric-labels": ["shown_total,verb=GET,LIST"],
  });
  const registry = new MetricRegistry(limits);
  registry.register(new Counter({ name: "hidden_total", help: "h" })).inc();
  const shown = registry.register(new Counter({ name: "shown_total", help: "s", labelNames: ["verb", "code"] }));
  shown.inc({ verb: "GET", code: "200" });
  shown.inc({ verb: "PUT", code: "200" });
  const text = registry.render();
  assert.doesNotMatch(text, /hidden_total/);
  assert.match(text, /shown_total\{verb="GET",code="200"\} 1\nshown_total\{verb="unexpected",code="200"\} 1\n/);
});

test("several pairs are quoted", () => {
  const { allowed } = metricLimits({ ...nothing, "allow-metric-labels": ['"a_total,x=1,2","b_total,y=3"'] });
  assert.deepEqual([...allowed!.keys()], ["a_total", "b_total"]);
  assert.deepEqual([...allowed!.get("a_total")!["x"]!], ["1", "2"]);
});

test("what can not be meant is refused", () => {
  const refused: readonly [object, RegExp][] = [
    [{ "disabled-metrics": ["a b"] }, /must be fully qualified metric names matching .* got "a b"/],
    [
      { "allow-metric-labels": ["x"] },
      /invalid argument "x" for "--allow-metric-labels" flag: x must be formatted as key=value/,
    ],
    [{ "allow-metric-labels": ["a=b"] }, /must have keys with format `metricName,labelName`/],
  ];
  for (const [values, message] of refused) assert.throws(() => metricLimits({ ...nothing, ...values }), message);
});
