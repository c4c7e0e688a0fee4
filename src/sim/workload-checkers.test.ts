import assert from "node:assert/strict";
import { test } from "node:test";
import type { Commit } from "./history.ts";
import {
  type Checker,
  createJobChecker,
  createOwnershipChecker,
  createStatefulSetChecker,
  orphansOf,
} from "./workload-checkers.ts";

const encoder = new TextEncoder();
const put = (key: string, value: object): Commit["operations"][number] => ({
  type: "put",
  key: `/registry/${key}`,
  value: encoder.encode(JSON.stringify(value)),
});
const remove = (key: string): Commit["operations"][number] => ({ type: "delete", key: `/registry/${key}` });
const going = { deletionTimestamp: "2026-01-01T00:00:00Z" };

function violationOf(checker: Checker, operations: readonly Commit["operations"][number][]): string | undefined {
  for (const [index, operation] of operations.entries())
    checker.heard({ revision: index + 1, operations: [operation] });
  return checker.violation;
}

const set = (metadata: object = {}, spec: object = {}) =>
  put("statefulsets/default/db", { metadata: { name: "db", uid: "set", ...metadata }, spec: { replicas: 3, ...spec } });
const member = (ordinal: number, { ready = true, ...metadata }: { ready?: boolean; deletionTimestamp?: string } = {}) =>
  put(`pods/default/db-${ordinal}`, {
    metadata: {
      name: `db-${ordinal}`,
      uid: `pod-${ordinal}`,
      ownerReferences: [{ uid: "set", controller: true }],
      ...metadata,
    },
    spec: { nodeName: "node-0" },
    status: { conditions: [{ type: "Ready", status: ready ? "True" : "False" }] },
  });
const lostNode = put("minions/node-0", {
  metadata: { name: "node-0" },
  status: { conditions: [{ type: "Ready", status: "Unknown" }] },
});

const statefulSets: readonly [string, readonly Commit["operations"][number][], string | undefined][] = [
  ["one after the other", [set(), member(0), member(1)], undefined],
  [
    "too early",
    [set(), member(0, { ready: false }), member(1)],
    "db-1 was created though the pod with ordinal 0 has never been ready",
  ],
  ["not in order, as asked", [set({}, { podManagementPolicy: "Parallel" }), member(1), member(0)], undefined],
  [
    "one leaves after the other",
    [set(), member(0), member(1), member(1, going), remove("pods/default/db-1"), member(0, going)],
    undefined,
  ],
  [
    "two leave at once",
    [set(), member(0), member(1), member(1, going), member(0, going)],
    "db-0 is being deleted while db-1 has not gone yet",
  ],
  ["the set goes too", [set(), member(0), member(1), set(going), member(1, going), member(0, going)], undefined],
  ["their machine is given up", [set(), member(0), member(1), lostNode, member(1, going), member(0, going)], undefined],
];
for (const [what, operations, expected] of statefulSets)
  test(`StatefulSet: ${what}`, () =>
    assert.equal(violationOf(createStatefulSetChecker({ namespace: "default", name: "db" }), operations), expected));

const job = (status: object, spec: object = {}) =>
  put("jobs/default/work", { metadata: { name: "work", uid: "job" }, spec: { completions: 2, ...spec }, status });
const worker = (name: string, phase: string) =>
  put(`pods/default/${name}`, {
    metadata: { name, uid: name, labels: { "batch.kubernetes.io/job-name": "work" } },
    status: { phase },
  });
const complete = [{ type: "Complete", status: "True" }];
const jobTable: readonly [string, readonly Commit["operations"][number][], RegExp | undefined][] = [
  [
    "counted as they end",
    [
      job({}),
      worker("a", "Succeeded"),
      job({ succeeded: 1 }),
      worker("b", "Succeeded"),
      job({ succeeded: 2, conditions: complete }),
    ],
    undefined,
  ],
  [
    "counted twice",
    [job({}), worker("a", "Succeeded"), job({ succeeded: 2 })],
    /^1 pods have succeeded, 2 are counted/,
  ],
  [
    "counted for both",
    [job({}), worker("a", "Succeeded"), job({ succeeded: 1, failed: 1 })],
    /^there were 1 pods, 2 are counted/,
  ],
  [
    "forgotten",
    [job({}), worker("a", "Succeeded"), job({ succeeded: 1 }), job({ succeeded: 0 })],
    /^1 succeeded before, 0 now/,
  ],
  [
    "complete too early",
    [job({}), worker("a", "Succeeded"), job({ succeeded: 1, conditions: complete })],
    /^complete with 1 of 2/,
  ],
  ["complete and not", [job({ conditions: complete }), job({})], /^the Job was Complete/],
];
for (const [what, operations, expected] of jobTable)
  test(`Job: ${what}`, () => {
    const violation = violationOf(createJobChecker({ namespace: "default", name: "work" }), operations);
    if (expected === undefined) assert.equal(violation, undefined);
    else assert.match(violation ?? "", expected);
  });

const thing = (name: string, owners: readonly string[], metadata: object = {}) =>
  put(`configmaps/default/${name}`, {
    metadata: { name, uid: name, ownerReferences: owners.map((each) => ({ uid: each, name: each })), ...metadata },
  });
const ownership: readonly [string, readonly Commit["operations"][number][], string | undefined][] = [
  [
    "after its owner",
    [thing("a", []), thing("b", ["a"]), thing("a", [], going), remove("configmaps/default/b")],
    undefined,
  ],
  [
    "before its owner",
    [thing("a", []), thing("b", ["a"]), remove("configmaps/default/b")],
    "b was deleted though its owner a is there",
  ],
  [
    "one of two owners",
    [
      thing("a", []),
      thing("c", []),
      thing("b", ["a", "c"]),
      remove("configmaps/default/a"),
      thing("b", ["a", "c"], going),
    ],
    "b was deleted though its owner c is there",
  ],
  ["nobody's", [thing("b", []), remove("configmaps/default/b")], "b was deleted though nobody owned it"],
];
for (const [what, operations, expected] of ownership)
  test(`ownership: ${what}`, () => {
    const checker = createOwnershipChecker({ namespace: "default" });
    checker.asked("a");
    assert.equal(violationOf(checker, operations), expected);
  });

test("orphans are those whose owners are all gone", () => {
  const checker = createOwnershipChecker({ namespace: "default" });
  violationOf(checker, [thing("a", []), thing("b", ["a", "x"]), thing("c", ["x"]), thing("d", [])]);
  assert.deepEqual(orphansOf(checker.all), ["c"]);
});
