import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { autoscaling_v2 } from "../../api/index.ts";
import { normalize, type Past, remember, type Wish } from "./normalize.ts";

type Behavior = autoscaling_v2.HorizontalPodAutoscalerBehavior;
const nowMs = 1_000_000;
const past = (rest: Partial<Past> = {}): Past => ({ recommendations: [], ups: [], downs: [], ...rest });
const wish = (rest: Partial<Wish>): Wish => ({
  ...{ desired: 3, current: 3, min: 1, max: 10, nowMs, downscaleStabilizationMs: 300_000 },
  ...rest,
});
const pods = (value: number, periodSeconds = 60) => ({ type: "Pods", value, periodSeconds });
const percent = (value: number, periodSeconds = 60) => ({ type: "Percent", value, periodSeconds });

interface Case {
  readonly what: string;
  readonly wish: Partial<Wish>;
  readonly past?: Partial<Past>;
  readonly behavior?: Behavior;
  readonly expected: readonly [replicas: number, able: string, limited: string];
}
const calm = { stabilizationWindowSeconds: 0, selectPolicy: "Max" };
const table: readonly Case[] = [
  { what: "as it is", wish: {}, expected: [3, "ReadyForNewScale", "False DesiredWithinRange"] },
  {
    what: "above the maximum",
    wish: { desired: 12, current: 6 },
    expected: [10, "ReadyForNewScale", "True TooManyReplicas"],
  },
  { what: "more than double", wish: { desired: 9 }, expected: [6, "ReadyForNewScale", "True ScaleUpLimit"] },
  {
    what: "four are always allowed",
    wish: { desired: 9, current: 1 },
    expected: [4, "ReadyForNewScale", "True ScaleUpLimit"],
  },
  { what: "below the minimum", wish: { desired: 1, min: 2 }, expected: [2, "ReadyForNewScale", "True TooFewReplicas"] },
  {
    what: "a higher recommendation of late",
    wish: { desired: 1, current: 5 },
    past: { recommendations: [{ replicas: 4, atMs: nowMs - 299_000 }] },
    expected: [4, "ScaleDownStabilized", "False DesiredWithinRange"],
  },
  {
    what: "a higher recommendation long ago",
    wish: { desired: 1, current: 5 },
    past: { recommendations: [{ replicas: 4, atMs: nowMs - 301_000 }] },
    expected: [1, "ReadyForNewScale", "False DesiredWithinRange"],
  },
  {
    what: "a lower recommendation within the window of scaling up",
    wish: { desired: 8, current: 3 },
    past: { recommendations: [{ replicas: 5, atMs: nowMs - 30_000 }] },
    behavior: { scaleUp: { ...calm, stabilizationWindowSeconds: 60, policies: [percent(900)] }, scaleDown: calm },
    expected: [5, "ScaleUpStabilized", "False DesiredWithinRange"],
  },
  {
    what: "pods a minute, some of them added already",
    wish: { desired: 9, current: 5 },
    past: { ups: [{ by: 2, atMs: nowMs - 30_000 }] },
    behavior: { scaleUp: { ...calm, policies: [pods(4)] }, scaleDown: calm },
    expected: [7, "ReadyForNewScale", "True ScaleUpLimit"],
  },
  {
    what: "the smaller of two policies",
    wish: { desired: 9, current: 4 },
    behavior: { scaleUp: { ...calm, selectPolicy: "Min", policies: [pods(4), percent(10)] }, scaleDown: calm },
    expected: [5, "ReadyForNewScale", "True ScaleUpLimit"],
  },
  {
    what: "no scaling down at all",
    wish: { desired: 1, current: 4 },
    behavior: { scaleUp: calm, scaleDown: { ...calm, selectPolicy: "Disabled", policies: [percent(100)] } },
    expected: [4, "ReadyForNewScale", "True ScaleDownLimit"],
  },
  {
    what: "a share a minute down, rounded down",
    wish: { desired: 1, current: 5 },
    behavior: { scaleUp: calm, scaleDown: { ...calm, policies: [percent(50)] } },
    expected: [2, "ReadyForNewScale", "True ScaleDownLimit"],
  },
];
for (const each of table)
  test(each.what, () => {
    const granted = normalize(wish(each.wish), past(each.past), each.behavior);
    const { status, reason } = granted.limited;
    assert.deepEqual([granted.replicas, granted.able.reason, `${status} ${reason}`], each.expected);
  });

test("changes are kept for the longest period of both directions", () => {
  const mine = past({ ups: [{ by: 1, atMs: nowMs - 90_000 }], downs: [{ by: 1, atMs: nowMs - 700_000 }] });
  const behavior = { scaleUp: { policies: [pods(1, 60)] }, scaleDown: { policies: [pods(1, 600)] } };
  remember(mine, { from: 3, to: 5, nowMs }, behavior);
  remember(mine, { from: 5, to: 4, nowMs }, behavior);
  assert.deepEqual(
    mine.ups.map((each) => each.by),
    [1, 2],
  );
  assert.deepEqual(
    mine.downs.map((each) => each.by),
    [1],
  );
  const other = past();
  remember(other, { from: 3, to: 5, nowMs }, undefined);
  assert.deepEqual(other.ups, []);
});

test("what is granted is within the bounds and never past the wish", () => {
  const numbers = fc.record({
    desired: fc.nat(50),
    current: fc.integer({ min: 1, max: 30 }),
    min: fc.integer({ min: 1, max: 10 }),
    extra: fc.nat(20),
  });
  fc.assert(
    fc.property(numbers, ({ desired, current, min, extra }) => {
      const max = min + extra;
      fc.pre(current >= min && current <= max);
      const { replicas } = normalize(wish({ desired, current, min, max }), past(), undefined);
      assert.ok(replicas >= min && replicas <= max);
      if (desired > current) assert.ok(replicas <= desired && replicas >= current);
      if (desired < current) assert.ok(replicas >= Math.max(desired, min) && replicas <= current);
    }),
  );
});
