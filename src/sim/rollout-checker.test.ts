import assert from "node:assert/strict";
import { test } from "node:test";
import { createRolloutChecker } from "./rollout-checker.ts";

const encoder = new TextEncoder();
const put = (key: string, value: object) => ({
  type: "put" as const,
  key,
  value: encoder.encode(JSON.stringify(value)),
});
const remove = (key: string) => ({ type: "delete" as const, key });

const deployment = (replicas: number, available = replicas, generation = 1) =>
  put("/registry/deployments/default/web", {
    metadata: { generation },
    spec: { replicas, strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } } },
    status: { observedGeneration: 1, replicas: available, updatedReplicas: available, availableReplicas: available },
  });
const podKey = (name: string): string => `/registry/pods/default/${name}`;
const pod = (name: string, state: { ready?: boolean; deleting?: boolean } = {}) =>
  put(podKey(name), {
    metadata: { uid: `uid-${name}`, ...(state.deleting ? { deletionTimestamp: "2026-01-01T00:00:00Z" } : {}) },
    spec: { nodeName: "node-0" },
    status: { conditions: [{ type: "Ready", status: state.ready === false ? "False" : "True" }] },
  });
const node = (status: string) =>
  put("/registry/minions/node-0", {
    metadata: { name: "node-0" },
    status: { conditions: [{ type: "Ready", status }] },
  });

const templated = (name: string, template: string, deleting = false) =>
  put(podKey(name), {
    metadata: {
      uid: `uid-${name}`,
      labels: { "pod-template-hash": template },
      ...(deleting ? { deletionTimestamp: "2026-01-01T00:00:00Z" } : {}),
    },
    spec: { nodeName: "node-0" },
    status: { conditions: [{ type: "Ready", status: "True" }] },
  });
const spec = (more: object, generation = 1) =>
  put("/registry/deployments/default/web", {
    metadata: { generation },
    spec: { replicas: 1, ...more },
    status: { observedGeneration: 1, replicas: 1, updatedReplicas: 1, availableReplicas: 1 },
  });
const recreate = { strategy: { type: "Recreate" } };
const replicaSet = { ...put("/registry/replicasets/default/web-2", {}), expectRevision: 0 };

const complete = [pod("a"), pod("b"), pod("c"), deployment(3)];

type Step = ReturnType<typeof put> | ReturnType<typeof remove> | { readonly hit: string };

const cases: readonly [string, readonly Step[], RegExp | undefined][] = [
  [
    "nothing is promised before the first complete rollout",
    [pod("a"), deployment(3, 1), remove(podKey("a"))],
    undefined,
  ],
  ["one of three may go", [...complete, pod("a", { deleting: true })], undefined],
  [
    "two of three may not",
    [...complete, pod("a", { deleting: true }), pod("b", { ready: false })],
    /default\/b is not ready any more: 1 pods available, at least 2 promised/,
  ],
  ["removal counts as deletion", [...complete, remove(podKey("a")), remove(podKey("b"))], /default\/b was removed/],
  [
    "a smaller size promises less, a larger one not more until it is reached",
    [...complete, deployment(2, 3, 2), remove(podKey("a")), remove(podKey("b"))],
    undefined,
  ],
  [
    "what a fault took is not held against anybody",
    [...complete, { hit: "uid-a" }, pod("a", { ready: false }), pod("b", { deleting: true })],
    undefined,
  ],
  [
    "what is taken on top of a fault is",
    [...complete, { hit: "uid-a" }, pod("a", { ready: false }), pod("b", { deleting: true }), remove(podKey("c"))],
    /and 1 lost to faults/,
  ],
  [
    "once all is well again the promise is whole",
    [
      ...complete,
      { hit: "uid-a" },
      pod("a", { ready: false }),
      pod("a"),
      pod("b", { deleting: true }),
      pod("a", { ready: false }),
    ],
    /1 pods available, at least 2 promised/,
  ],
  [
    "pods of a node that was given up are lost to a fault",
    [...complete, node("Unknown"), pod("a", { ready: false }), pod("b", { ready: false }), pod("c", { ready: false })],
    undefined,
  ],
  [
    "Recreate: the new wait for the old to go",
    [templated("a", "1"), spec(recreate), spec(recreate, 2), templated("b", "2")],
    /default\/b was created while default\/a of the template before is not being deleted/,
  ],
  [
    "Recreate: once the old are being deleted the new may come",
    [templated("a", "1"), spec(recreate), spec(recreate, 2), templated("a", "1", true), templated("b", "2")],
    undefined,
  ],
  [
    "Recreate: what a rolling update left is not judged",
    [templated("a", "1"), spec({}), spec(recreate, 2), templated("b", "2")],
    undefined,
  ],
  ["paused: nothing new comes", [spec({ paused: true }), replicaSet], /web-2 was created though the rollout is paused/],
  ["paused: not before that is known", [spec({ paused: true }, 2), replicaSet], undefined],
];

for (const [name, steps, expected] of cases)
  test(name, () => {
    const checker = createRolloutChecker({ namespace: "default", name: "web" });
    steps.forEach((step, index) => {
      if ("hit" in step) checker.hit([step.hit]);
      else checker.heard({ revision: index, operations: [step] });
    });
    if (expected === undefined) assert.equal(checker.violation, undefined);
    else assert.match(checker.violation ?? "nothing", expected);
  });
