import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod } from "../../api/index.ts";
import { at, makePod, type PodMaking } from "../lib/testing.ts";
import type { PodMetrics } from "./metrics.ts";
import { byAverageValue, byShare, byTotal, byUtilization, type Observed, requestOf } from "./replicas.ts";

const nowMs = at(3600);
const tolerances = { down: 0.1, up: 0.1 };

function pod(name: string, { cpu = "1", ...making }: PodMaking & { cpu?: string } = {}): Pod {
  const made = makePod(name, { readySince: "2026-01-01T00:00:10Z", ...making });
  const containers = made.spec!.containers.map((each) => ({ ...each, resources: { requests: { cpu } } }));
  return {
    ...made,
    spec: { ...made.spec!, containers },
    status: { ...made.status, startTime: "2026-01-01T00:00:00Z" },
  };
}

/** Pods p0, p1 …; a number is what one uses in thousandths, undefined one without metrics. */
function observed(
  used: readonly (number | undefined)[],
  rest: Partial<Observed> & { pods?: readonly Pod[] } = {},
): Observed {
  const metrics: PodMetrics = new Map();
  used.forEach((value, index) => {
    if (value !== undefined) metrics.set(`p${index}`, { atMs: nowMs, windowMs: 60_000, value });
  });
  return {
    pods: used.map((_, index) => pod(`p${index}`)),
    ...{ metrics, resource: "cpu", currentReplicas: used.length, tolerances },
    timing: { nowMs, cpuInitializationMs: 300_000, initialReadinessDelayMs: 30_000 },
    ...rest,
  };
}

const pending = { pods: [pod("p0"), pod("p1"), pod("p2", { phase: "Pending" })] };
const table: readonly [string, Observed, number, readonly [replicas: number, utilization: number]][] = [
  ["as wanted", observed([500, 500, 500]), 50, [3, 50]],
  ["within the tolerance", observed([540, 540, 540]), 50, [3, 54]],
  ["more", observed([300, 500, 700]), 30, [5, 50]],
  ["less", observed([100, 300, 500, 250, 250]), 50, [3, 28]],
  ["more, but one that is pending counts as idle", observed([800, 800, 900], pending), 50, [3, 80]],
  ["missing pods count as idle on the way up", observed([1000, 1000, undefined, undefined]), 60, [4, 100]],
  ["missing pods count as busy on the way down", observed([100, 100, undefined]), 50, [3, 10]],
  [
    "failed pods do not count",
    observed([800, 800, 800], { pods: [pod("p0"), pod("p1"), pod("p2", { phase: "Failed" })] }),
    50,
    [4, 80],
  ],
];
for (const [what, input, target, [replicas, utilization]] of table)
  test(`utilization: ${what}`, () => {
    const found = byUtilization(input, { target, container: "" });
    assert.deepEqual([found.replicas, found.utilization], [replicas, utilization]);
  });

test("a pod that has just begun and was not measured since it is ready counts as unready", () => {
  const young = pod("p1", { readySince: "2026-01-01T00:59:50Z" });
  const pods = [pod("p0"), { ...young, status: { ...young.status, startTime: "2026-01-01T00:59:40Z" } }];
  const found = byUtilization(observed([900, 900], { pods }), { target: 50, container: "" });
  // (900 + 0) of 2000 is 45 %: within the tolerance of 50 %.
  assert.equal(found.replicas, 2);
});

const failing: readonly [string, () => unknown, string][] = [
  [
    "no pods",
    () => byAverageValue(observed([], {}), 1),
    "no pods returned by selector while calculating replica count",
  ],
  [
    "no metrics",
    () => byAverageValue(observed([undefined]), 1),
    "did not receive metrics for targeted pods (pods might be unready)",
  ],
  ["no request", () => requestOf(makePod("p"), "cpu", ""), "missing request for cpu in container c of Pod p"],
  ["no container", () => requestOf(makePod("p"), "cpu", "x"), "container x not found in Pod p"],
  [
    "no pods for a total",
    () => byTotal({ pods: [], currentReplicas: 1, tolerances }, { usage: 9, target: 1 }),
    "unable to calculate ready pods: no pods returned by selector while calculating replica count",
  ],
];
for (const [what, work, message] of failing) test(what, () => assert.throws(work, { message }));

test("average values, totals and shares", () => {
  assert.deepEqual(byAverageValue(observed([20_000, 10_000, 30_000], { resource: "" }), 15_000), {
    replicas: 4,
    usage: 20_000,
  });
  const pods = [pod("a"), pod("b"), pod("c", { ready: false })];
  assert.deepEqual(byTotal({ pods, currentReplicas: 3, tolerances }, { usage: 6000, target: 2000 }), {
    replicas: 6,
    usage: 6000,
  });
  assert.deepEqual(byTotal({ pods: [], currentReplicas: 0, tolerances }, { usage: 3000, target: 2000 }), {
    replicas: 2,
    usage: 3000,
  });
  assert.deepEqual(byShare({ statusReplicas: 4, tolerances }, { usage: 8600, target: 2000 }), {
    replicas: 4,
    usage: 2150,
  });
  assert.deepEqual(byShare({ statusReplicas: 4, tolerances }, { usage: 12_600, target: 2000 }), {
    replicas: 7,
    usage: 3150,
  });
});

test("requests of the pod as a whole come first", () => {
  const made = pod("p");
  const whole = { ...made, spec: { ...made.spec!, resources: { requests: { cpu: "3" } } } };
  assert.equal(requestOf(whole, "cpu", ""), 3000);
  assert.equal(requestOf(whole, "cpu", "c"), 1000);
});
