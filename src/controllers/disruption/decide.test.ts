import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Pod, PodDisruptionBudget } from "../../api/index.ts";
import { at, makePod, meta } from "../lib/testing.ts";
import {
  disrupted,
  expectation,
  failedStatus,
  needsScale,
  nextStatus,
  selectorText,
  staleDisruptionMs,
} from "./decide.ts";

const budget = (spec: PodDisruptionBudget["spec"], status?: PodDisruptionBudget["status"]): PodDisruptionBudget => ({
  apiVersion: "policy/v1",
  kind: "PodDisruptionBudget",
  metadata: meta("b"),
  spec,
  ...(status === undefined ? {} : { status }),
});
const pods = (ready: number, notReady = 0): Pod[] =>
  Array.from({ length: ready + notReady }, (_, index) => makePod(`p${index}`, { ready: index < ready }));

const expectations: readonly [PodDisruptionBudget["spec"], number, number, boolean, number, number][] = [
  [{ minAvailable: 2 }, 3, 9, false, 3, 2],
  [{ minAvailable: "50%" }, 3, 5, true, 5, 3],
  [{ maxUnavailable: 1 }, 3, 5, true, 5, 4],
  [{ maxUnavailable: "30%" }, 3, 5, true, 5, 3],
  [{ maxUnavailable: 9 }, 3, 5, true, 5, 0],
  [{}, 3, 5, false, 0, 0],
];
for (const [spec, count, scale, scaled, expectedPods, desiredHealthy] of expectations)
  test(`${JSON.stringify(spec)} of ${count} pods, scale ${scale}`, () => {
    assert.equal(needsScale(budget(spec)), scaled);
    assert.deepEqual(expectation(budget(spec), pods(count), scale), { expectedPods, desiredHealthy });
  });

test("the status of a new budget, and that nothing is written twice", () => {
  const fresh = budget({ minAvailable: 1 });
  const observed = { expectedPods: 2, desiredHealthy: 1, pods: pods(2), disruptedPods: {}, nowMs: at(0) };
  const status = nextStatus(fresh, observed);
  assert.deepEqual(status, {
    observedGeneration: 1,
    disruptionsAllowed: 1,
    currentHealthy: 2,
    desiredHealthy: 1,
    expectedPods: 2,
    conditions: [
      {
        type: "DisruptionAllowed",
        status: "True",
        observedGeneration: 1,
        lastTransitionTime: "2026-01-01T00:00:00Z",
        reason: "SufficientPods",
        message: "",
      },
    ],
  });
  assert.equal(nextStatus(budget({ minAvailable: 1 }, status), { ...observed, nowMs: at(60) }), undefined);
  const less = nextStatus(budget({ minAvailable: 1 }, status), { ...observed, pods: pods(1, 1), nowMs: at(60) });
  assert.deepEqual(
    less?.conditions?.map(({ status, reason, lastTransitionTime }) => [status, reason, lastTransitionTime]),
    [["False", "InsufficientPods", "2026-01-01T00:01:00Z"]],
  );
});

test("without expected pods nothing may be disrupted", () => {
  const observed = { expectedPods: 0, desiredHealthy: 0, pods: pods(2), disruptedPods: {}, nowMs: at(0) };
  assert.equal(nextStatus(budget({}), observed)?.disruptionsAllowed, 0);
});

test("disruptions allowed are never more than what is spare", () => {
  const counts = fc.record({ ready: fc.nat(6), notReady: fc.nat(6), desired: fc.nat(8), granted: fc.nat(6) });
  fc.assert(
    fc.property(counts, ({ ready, notReady, desired, granted }) => {
      const all = pods(ready, notReady);
      const entries = all.slice(0, granted).map((pod) => [pod.metadata.name, "2026-01-01T00:00:00Z"]);
      const disruptedPods: Record<string, string> = Object.fromEntries(entries);
      const observed = { expectedPods: all.length, desiredHealthy: desired, pods: all, disruptedPods, nowMs: at(1) };
      const status = nextStatus(budget({}), observed)!;
      assert.equal(status.currentHealthy, Math.max(0, ready - granted));
      assert.equal(status.disruptionsAllowed, Math.max(0, status.currentHealthy! - desired));
    }),
  );
});

test("granted evictions count until the pod ends or two minutes are over", () => {
  const all = [...pods(2), makePod("going", { deletionTimestamp: "2026-01-01T00:00:00Z" })];
  const disruptedPods = {
    p0: "2026-01-01T00:01:00Z",
    p1: "2026-01-01T00:00:00Z",
    going: "2026-01-01T00:01:00Z",
    gone: "2026-01-01T00:01:00Z",
  };
  const found = disrupted(budget({}, { disruptedPods }), all, at(121));
  assert.deepEqual(found.disruptedPods, { p0: "2026-01-01T00:01:00Z" });
  assert.deepEqual(
    found.notDeleted.map((pod) => pod.metadata.name),
    ["p1"],
  );
  assert.equal(found.recheckMs, 59_000);
});

test("a budget that cannot be computed allows nothing and says why", () => {
  const status = failedStatus(budget({}, { disruptionsAllowed: 3, observedGeneration: 1 }), "no controllers", at(0))!;
  assert.equal(status.disruptionsAllowed, 0);
  assert.deepEqual(status.conditions, [
    {
      type: "DisruptionAllowed",
      status: "False",
      observedGeneration: 1,
      lastTransitionTime: "2026-01-01T00:00:00Z",
      reason: "SyncFailed",
      message: "no controllers",
    },
  ]);
  assert.equal(failedStatus(budget({}, status), "no controllers", at(60)), undefined);
});

test("selectors as Go prints them", () => {
  assert.equal(
    selectorText({
      matchLabels: { b: "2", a: "1" },
      matchExpressions: [{ key: "k", operator: "In", values: ["x", "y"] }],
    }),
    "&LabelSelector{MatchLabels:map[string]string{a: 1,b: 2,},MatchExpressions:[]LabelSelectorRequirement{LabelSelectorRequirement{Key:k,Operator:In,Values:[x y],},},}",
  );
});

test("a DisruptionTarget condition is stale after two minutes", () => {
  const target = (over: object = {}, options = {}): Pod => {
    const pod = makePod("p", options);
    const condition = { type: "DisruptionTarget", status: "True", lastTransitionTime: "2026-01-01T00:00:00Z", ...over };
    return { ...pod, status: { ...pod.status, conditions: [condition] } } as Pod;
  };
  const table: readonly [Pod, number | undefined][] = [
    [makePod("p"), undefined],
    [target(), 20_000],
    [target({ status: "False" }), undefined],
    [target({ reason: "TerminationByKubelet" }), undefined],
    [target({}, { phase: "Failed" }), undefined],
    [target({}, { deletionTimestamp: "2026-01-01T00:00:00Z" }), undefined],
  ];
  for (const [pod, expected] of table) assert.equal(staleDisruptionMs(pod, at(100)), expected);
  assert.equal(staleDisruptionMs(target(), at(500)), 0);
});
