import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { core_v1 } from "../../api/index.ts";
import { deepFreeze } from "../../machinery/index.ts";
import { at, makePod, meta, type PodMaking } from "../lib/testing.ts";
import { decide, type Observed, shouldRun, statusOf } from "./decide.ts";
import { type DaemonSet, type Pod, templateFor } from "./template.ts";

type Node = core_v1.Node;

const makeSet = (spec: object = {}, podSpec: object = {}): DaemonSet =>
  ({
    apiVersion: "apps/v1",
    kind: "DaemonSet",
    metadata: meta("d"),
    spec: {
      selector: { matchLabels: { app: "d" } },
      template: { metadata: { labels: { app: "d" } }, spec: { containers: [{ name: "c", image: "i" }], ...podSpec } },
      updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } },
      ...spec,
    },
  }) as DaemonSet;

const node = (name: string, taints: readonly object[] = [], labels: Record<string, string> = {}): Node =>
  ({ apiVersion: "v1", kind: "Node", metadata: meta(name, { labels }), spec: { taints } }) as Node;

const pod = (name: string, nodeName: string, options: PodMaking & { hash?: string } = {}): Pod => {
  const { hash = "new", ...rest } = options;
  return makePod(name, { nodeName, labels: { app: "d", "controller-revision-hash": hash }, ...rest });
};

const nodes = [node("n1"), node("n2"), node("n3")];
const observe = (set: DaemonSet, pods: readonly Pod[], more: Partial<Observed> = {}): Observed =>
  deepFreeze({ set, nodes, pods, hash: "new", backoffMs: () => 0, nowMs: at(100), ...more });
const run = (set: DaemonSet, pods: readonly Pod[], more: Partial<Observed> = {}) => {
  const plan = decide(observe(set, pods, more));
  return { create: [...plan.create], delete: plan.delete.map((each) => each.metadata.name), againMs: plan.againMs };
};

const three = (options: PodMaking & { hash?: string } = {}): Pod[] =>
  nodes.map((each, index) => pod(`p${index + 1}`, each.metadata.name, options));
const old = { hash: "old" };
const surge = { updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } };

test("each node gets one pod, doubled ones go", () => {
  assert.deepEqual(run(makeSet(), []).create, ["n1", "n2", "n3"]);
  assert.deepEqual(run(makeSet(), three()).create, []);
  const younger = pod("q", "n1", { creationTimestamp: "2026-01-01T00:00:10Z" });
  assert.deepEqual(run(makeSet(), [...three(), younger]).delete, ["q"]);
});

test("a pod that ends is replaced, a failed one after its back-off", () => {
  const pods = [pod("p1", "n1", { phase: "Failed" }), ...three().slice(1)];
  assert.deepEqual(run(makeSet(), pods).delete, ["p1"]);
  const waiting = run(makeSet(), pods, { backoffMs: () => 700 });
  assert.deepEqual([waiting.delete, waiting.againMs], [[], 700]);
  assert.deepEqual(
    run(makeSet(), [pod("p1", "n1", { deletionTimestamp: "2026-01-01T00:00:00Z" }), ...three().slice(1)]).create,
    [],
  );
});

const placements: readonly [string, DaemonSet, Node, boolean, boolean][] = [
  ["an ordinary node", makeSet(), node("n"), true, true],
  [
    "unschedulable",
    makeSet(),
    node("n", [{ key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" }]),
    true,
    true,
  ],
  ["a taint that keeps new pods away", makeSet(), node("n", [{ key: "k", effect: "NoSchedule" }]), false, true],
  ["a taint that drives pods away", makeSet(), node("n", [{ key: "k", effect: "NoExecute" }]), false, false],
  [
    "a tolerated taint",
    makeSet({}, { tolerations: [{ operator: "Exists" }] }),
    node("n", [{ key: "k", effect: "NoExecute" }]),
    true,
    true,
  ],
  ["a node selector", makeSet({}, { nodeSelector: { a: "b" } }), node("n"), false, false],
  ["a node selector that fits", makeSet({}, { nodeSelector: { a: "b" } }), node("n", [], { a: "b" }), true, true],
  ["another node's name", makeSet({}, { nodeName: "m" }), node("n"), false, false],
  [
    "no network yet",
    makeSet(),
    node("n", [{ key: "node.kubernetes.io/network-unavailable", effect: "NoSchedule" }]),
    false,
    true,
  ],
  [
    "no network needed",
    makeSet({}, { hostNetwork: true }),
    node("n", [{ key: "node.kubernetes.io/network-unavailable", effect: "NoSchedule" }]),
    true,
    true,
  ],
];
for (const [name, set, where, runs, stay] of placements)
  test(`placement: ${name}`, () => {
    assert.deepEqual(shouldRun(set, where), { run: runs, stay });
  });

test("updates go as far as maxUnavailable allows, broken pods go at once", () => {
  assert.deepEqual(run(makeSet(), three(old)).delete, ["p1"]);
  const [one, two, last] = three(old) as [Pod, Pod, Pod];
  assert.deepEqual(run(makeSet(), [pod("p1", "n1", { ready: false }), two, last]).delete, []);
  assert.deepEqual(run(makeSet(), [one, two, pod("p3", "n3", { ...old, ready: false })]).delete, ["p3"]);
  assert.deepEqual(run(makeSet({ updateStrategy: { type: "OnDelete" } }), three(old)).delete, []);
});

test("with surge the new pod comes first", () => {
  const set = makeSet(surge);
  assert.deepEqual(run(set, three(old)).create, ["n1"]);
  assert.deepEqual(run(set, [...three(old), pod("q1", "n1", { ready: false })]), {
    create: [],
    delete: [],
    againMs: undefined,
  });
  assert.deepEqual(run(set, [...three(old), pod("q1", "n1")]).delete, ["p1"]);
});

test("the pod is bound to its node by affinity, and tolerates what daemons do", () => {
  const set = {
    ...makeSet(),
    metadata: meta("d", { annotations: { "deprecated.daemonset.template.generation": "4" } }),
  };
  const template = templateFor(set as DaemonSet, "h", "n1");
  assert.deepEqual(template.metadata?.labels, {
    app: "d",
    "pod-template-generation": "4",
    "controller-revision-hash": "h",
  });
  assert.equal(template.spec?.tolerations?.length, 6);
  assert.deepEqual(template.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution, {
    nodeSelectorTerms: [{ matchFields: [{ key: "metadata.name", operator: "In", values: ["n1"] }] }],
  });
});

test("status counts nodes, not pods", () => {
  const cordoned = [...nodes.slice(0, 2), node("n3", [{ key: "k", effect: "NoSchedule" }])];
  const pods = [pod("p1", "n1", old), pod("p2", "n2", { ready: false }), pod("p3", "n3")];
  assert.deepEqual(statusOf(observe(makeSet(), pods, { nodes: cordoned })), {
    desiredNumberScheduled: 2,
    currentNumberScheduled: 2,
    numberMisscheduled: 1,
    numberReady: 1,
    updatedNumberScheduled: 1,
    numberAvailable: 1,
    numberUnavailable: 1,
  });
});

test("an update ends everywhere and keeps to its limits", () => {
  fc.assert(
    fc.property(
      fc.boolean(),
      fc.integer({ min: 1, max: 3 }),
      fc.infiniteStream(fc.boolean()),
      (surging, limit, luck) => {
        const rollingUpdate = surging ? { maxSurge: limit, maxUnavailable: 0 } : { maxSurge: 0, maxUnavailable: limit };
        const set = makeSet({ updateStrategy: { type: "RollingUpdate", rollingUpdate } });
        let pods = three(old);
        let made = 0;
        for (let round = 0; round < 200; round++) {
          const plan = run(set, structuredClone(pods));
          pods = pods.filter((each) => !plan.delete.includes(each.metadata.name));
          pods.push(...plan.create.map((name) => pod(`new${made++}`, name, { ready: false })));
          const up = new Set(
            pods.filter((each) => each.status?.conditions?.[0]?.status === "True").map((each) => each.spec?.nodeName),
          );
          assert.ok(up.size >= (surging ? 3 : 3 - limit), `${up.size} nodes have a ready pod`);
          assert.ok(pods.length <= 3 + (surging ? limit : 0));
          pods = pods.map((each) =>
            luck.next().value
              ? pod(each.metadata.name, each.spec!.nodeName!, {
                  hash: each.metadata.labels!["controller-revision-hash"]!,
                })
              : each,
          );
        }
        assert.deepEqual(
          pods.map((each) => `${each.spec?.nodeName} ${each.metadata.labels?.["controller-revision-hash"]}`).sort(),
          ["n1 new", "n2 new", "n3 new"],
        );
      },
    ),
    { numRuns: 60 },
  );
});
