import assert from "node:assert/strict";
import { test } from "node:test";
import type { core_v1 } from "../../../api/index.ts";
import { VirtualClock } from "../../../base/index.ts";
import { slowStart } from "../batches.ts";
import { createExpectations, isNewer } from "../expectations.ts";
import { safeEncode, templateHash } from "../hash.ts";
import { compactStatus } from "../status.ts";
import { at, makePod } from "../testing.ts";
import { isAvailable, nextAvailabilityMs, sortForDeletion } from "./pods.ts";

/** The first of each pair is given up before the second. */
const pairs: readonly [string, core_v1.Pod, core_v1.Pod][] = [
  ["unassigned", makePod("a", { phase: "Pending" }), makePod("b", { phase: "Pending", nodeName: "n" })],
  ["pending", makePod("a", { phase: "Pending", nodeName: "n" }), makePod("b", { nodeName: "n" })],
  ["not ready", makePod("a", { ready: false }), makePod("b")],
  [
    "lower deletion cost",
    makePod("b", { annotations: { "controller.kubernetes.io/pod-deletion-cost": "-1" } }),
    makePod("a"),
  ],
  ["ready for a shorter time", makePod("b", { readySince: "2026-01-01T00:16:00Z" }), makePod("a")],
  ["more restarts", makePod("b", { restarts: 3 }), makePod("a", { restarts: 1 })],
  ["younger", makePod("b", { creationTimestamp: "2026-01-01T00:16:00Z" }), makePod("a")],
];
for (const [name, first, second] of pairs)
  test(`deletion order: ${name}`, () => {
    const sorted = sortForDeletion([second, first], { nowMs: at(1000) });
    assert.deepEqual(sorted, [first, second]);
  });

test("deletion order: more pods on the node", () => {
  const [a, b] = [makePod("a", { nodeName: "full" }), makePod("b", { nodeName: "empty" })];
  assert.deepEqual(sortForDeletion([b, a], { rank: (pod) => (pod.spec?.nodeName === "full" ? 3 : 1) }), [a, b]);
});

test("a pod is available after it has been ready for long enough", () => {
  const pod = makePod("a");
  assert.ok(isAvailable(pod, 0, at(-100)));
  assert.ok(!isAvailable(pod, 10, at(9)));
  assert.ok(isAvailable(pod, 10, at(10)));
  assert.equal(nextAvailabilityMs([pod, makePod("b", { ready: false })], 10, at(4)), 6000);
  assert.equal(nextAvailabilityMs([pod], 10, at(10)), undefined);
});

test("what is bound to fail fails once", async () => {
  const seen: number[] = [];
  const failing = await slowStart(100, async (index) => {
    seen.push(index);
    throw new Error("quota");
  });
  assert.deepEqual([seen, failing.successes, (failing.error as Error).message], [[0], 0, "quota"]);
  seen.length = 0;
  const half = await slowStart(10, async (index) => {
    seen.push(index);
    if (index === 4) throw new Error("no");
  });
  assert.deepEqual([seen.length, half.successes], [7, 6]);
  assert.equal((await slowStart(10, async () => {})).successes, 10);
});

test("own writes are awaited until the cache shows them", async () => {
  const clock = new VirtualClock();
  const cache = new Map<string, core_v1.Pod>();
  let version = "9";
  const informer = {
    byKey: (key: string) => cache.get(key),
    get resourceVersion() {
      return version;
    },
  };
  const expectations = createExpectations(clock, informer);
  const pod = makePod("p", { resourceVersion: "10" });
  expectations.created("o", pod);
  assert.ok(!expectations.satisfied("o"));
  assert.ok(expectations.satisfied("other"));
  cache.set("ns/p", pod);
  assert.ok(expectations.satisfied("o"));
  expectations.deleted("o", pod);
  assert.ok(!expectations.satisfied("o"));
  cache.set("ns/p", makePod("p", { deletionTimestamp: "2026-01-01T00:00:00Z" }));
  assert.ok(expectations.satisfied("o"));
  expectations.created("o", makePod("q", { resourceVersion: "12" }));
  assert.ok(!expectations.satisfied("o"));
  version = "100";
  assert.ok(expectations.satisfied("o"), "seen and gone again");
  expectations.created("o", makePod("r", { resourceVersion: "200" }));
  await clock.advance(5 * 60_000);
  assert.ok(expectations.satisfied("o"), "given up");
  assert.ok(isNewer("10", "9") && !isNewer("9", "10") && !isNewer("7", "7"));
});

test("hashes are stable, use the alphabet of names, and ignore what is empty", () => {
  const hash = templateHash({ b: 1, a: { c: [] } }, undefined);
  assert.equal(hash, templateHash({ a: { c: [] }, b: 1 }, undefined));
  assert.equal(templateHash({ b: 1 }, undefined), templateHash({ b: 1, a: undefined, c: [] }, undefined));
  assert.notEqual(hash, templateHash({ b: 1, a: { c: [] } }, 1));
  assert.match(hash, /^[bcdfghjklmnpqrstvwxz2456789]+$/);
  assert.equal(safeEncode("1"), "5");
});

test("a status leaves out what is zero, except what is named", () => {
  assert.deepEqual(compactStatus({ a: 0, b: 0, c: "", d: [], e: {}, f: 1 }, ["b"]), { b: 0, e: {}, f: 1 });
});
