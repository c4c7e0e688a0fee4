import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { deepFreeze } from "../../machinery/index.ts";
import { at, makePod, meta, type PodMaking } from "../lib/testing.ts";
import { isOwnerUpToDate, withOwners } from "./claims.ts";
import { type Action, decide, type Observed, type Plan } from "./decide.ts";
import { type Claim, ordinalOf, type Pod, type Revision, type StatefulSet } from "./identity.ts";

const revision = (name: string): Revision => ({
  name,
  template: { metadata: { labels: { app: "s" } }, spec: { containers: [{ name: "c", image: name }] } },
});

const makeSet = (spec: Partial<NonNullable<StatefulSet["spec"]>> = {}, status: object = {}): StatefulSet =>
  ({
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: meta("s"),
    spec: {
      replicas: 3,
      serviceName: "svc",
      selector: { matchLabels: { app: "s" } },
      updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 0 } },
      ...spec,
    },
    status,
  }) as StatefulSet;

const pod = (ordinal: number, options: PodMaking & { revision?: string } = {}): Pod => {
  const { revision: name = "r1", ...rest } = options;
  const labels = {
    app: "s",
    "controller-revision-hash": name,
    "statefulset.kubernetes.io/pod-name": `s-${ordinal}`,
    "apps.kubernetes.io/pod-index": String(ordinal),
  };
  return makePod(`s-${ordinal}`, { labels, nodeName: "n", ...rest });
};

const run = (set: StatefulSet, pods: readonly Pod[], more: Partial<Observed> = {}): Plan =>
  decide(
    deepFreeze({
      set,
      pods,
      revisions: { current: revision("r1"), update: revision("r1") },
      collisionCount: 0,
      claim: () => undefined,
      honoursMaxUnavailable: false,
      nowMs: at(100),
      ...more,
    }),
  );

const actions = (plan: Plan): string[] =>
  plan.phases.flat().map((action: Action) => `${action.do} ${action.pod.metadata.name}`);
const updating = { revisions: { current: revision("r1"), update: revision("r2") } };
const deleted = { deletionTimestamp: "2026-01-01T00:00:00Z" };
const parallel = { podManagementPolicy: "Parallel" } as const;

const cases: readonly [string, StatefulSet, readonly Pod[], Partial<Observed>, readonly string[]][] = [
  ["the first pod first", makeSet(), [], {}, ["create s-0"]],
  ["the next waits for the one before", makeSet(), [pod(0, { ready: false })], {}, []],
  ["then it comes", makeSet(), [pod(0)], {}, ["create s-1"]],
  ["minReadySeconds is waited for", makeSet({ minReadySeconds: 200 }), [pod(0)], {}, []],
  ["all at once when parallel", makeSet(parallel), [], {}, ["create s-0", "create s-1", "create s-2"]],
  ["a gap is filled first", makeSet(), [pod(0), pod(2)], {}, ["create s-1"]],
  ["a failed pod is replaced", makeSet(), [pod(0), pod(1, { phase: "Failed" })], {}, ["delete s-1"]],
  ["ordinals may start elsewhere", makeSet({ replicas: 2, ordinals: { start: 5 } }), [pod(5)], {}, ["create s-6"]],
  ["the last goes first", makeSet({ replicas: 1 }), [pod(0), pod(1), pod(2)], {}, ["delete s-2"]],
  ["one at a time", makeSet({ replicas: 1 }), [pod(0), pod(1), pod(2, deleted)], {}, []],
  [
    "an unwell pod holds scaling down, unless it is the one",
    makeSet({ replicas: 1 }),
    [pod(0), pod(1, { ready: false }), pod(2)],
    {},
    ["delete s-2"],
  ],
  [
    "parallel scaling down",
    makeSet({ replicas: 1, ...parallel }),
    [pod(0), pod(1), pod(2)],
    {},
    ["delete s-2", "delete s-1"],
  ],
  ["updates from the last", makeSet(), [pod(0), pod(1), pod(2)], updating, ["delete s-2"]],
  ["updates wait for the new pod", makeSet(), [pod(0), pod(1), pod(2, { revision: "r2", ready: false })], updating, []],
  [
    "updates stop at the partition",
    makeSet({ updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 2 } } }),
    [pod(0), pod(1), pod(2, { revision: "r2" })],
    updating,
    [],
  ],
  [
    "updates on deletion only",
    makeSet({ updateStrategy: { type: "OnDelete" } }),
    [pod(0), pod(1), pod(2)],
    updating,
    [],
  ],
  [
    "maxUnavailable where it is on",
    makeSet({ updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 0, maxUnavailable: 2 } } }),
    [pod(0), pod(1), pod(2)],
    { ...updating, honoursMaxUnavailable: true },
    ["delete s-2", "delete s-1"],
  ],
  [
    "a set that is being deleted does nothing",
    { ...makeSet(), metadata: meta("s", deleted) } as StatefulSet,
    [],
    {},
    [],
  ],
];
for (const [name, set, pods, more, expected] of cases)
  test(`statefulset: ${name}`, () => {
    assert.deepEqual(actions(run(set, pods, more)), expected);
  });

test("a pod has its identity, its claims and the revision of its ordinal", () => {
  const set = makeSet({
    updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 1 } },
    volumeClaimTemplates: [{ metadata: { name: "data" }, spec: {} }] as never,
  });
  const [first] = run(set, [], updating).phases.flat();
  assert.ok(first?.do === "create");
  assert.deepEqual(first.pod.metadata.labels, {
    app: "s",
    "statefulset.kubernetes.io/pod-name": "s-0",
    "apps.kubernetes.io/pod-index": "0",
    "controller-revision-hash": "r1",
  });
  assert.deepEqual([first.pod.spec.hostname, first.pod.spec.subdomain], ["s-0", "svc"]);
  assert.deepEqual(first.pod.spec.volumes, [{ name: "data", persistentVolumeClaim: { claimName: "data-s-0" } }]);
  const second = run(set, [pod(0)], updating)
    .phases.flat()
    .find((action) => action.do === "create");
  assert.ok(second?.do === "create" && second.pod.metadata.labels?.["controller-revision-hash"] === "r2");
});

test("status counts, and takes over the revision when the update is complete", () => {
  const all = [0, 1, 2].map((ordinal) => pod(ordinal, { revision: "r2" }));
  const { status } = run(makeSet(), all, updating);
  assert.deepEqual(status, {
    observedGeneration: 1,
    replicas: 3,
    readyReplicas: 3,
    availableReplicas: 3,
    currentReplicas: 3,
    updatedReplicas: 3,
    currentRevision: "r2",
    updateRevision: "r2",
    collisionCount: 0,
  });
  const partial = run(makeSet(), [pod(0), pod(1), pod(2)], updating).status;
  assert.deepEqual([partial.currentReplicas, partial.updatedReplicas, partial.currentRevision], [2, 0, "r1"]);
});

test("claims belong to whom the retention policy says", () => {
  const claim = { apiVersion: "v1", kind: "PersistentVolumeClaim", metadata: meta("data-s-1") } as Claim;
  const owners = (whenDeleted: string, whenScaled: string, replicas: number): string[] => {
    const set = makeSet({ replicas, persistentVolumeClaimRetentionPolicy: { whenDeleted, whenScaled } });
    const owned = withOwners(claim, set, pod(1));
    assert.ok(isOwnerUpToDate(owned, set, pod(1)));
    return (owned.metadata.ownerReferences ?? []).map((ref) => ref.kind);
  };
  assert.deepEqual(owners("Retain", "Retain", 3), []);
  assert.deepEqual(owners("Delete", "Retain", 1), ["StatefulSet"]);
  assert.deepEqual(owners("Retain", "Delete", 3), []);
  assert.deepEqual(owners("Retain", "Delete", 1), ["Pod"]);
  assert.deepEqual(owners("Delete", "Delete", 3), ["StatefulSet"]);
  assert.deepEqual(owners("Delete", "Delete", 1), ["Pod"]);
});

test("an ordered set comes to rest, and never has more than one pod on its way", () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ replicas: fc.nat(4), image: fc.constantFrom("r1", "r2", "r3") }), {
        minLength: 1,
        maxLength: 4,
      }),
      fc.array(fc.nat(9), { maxLength: 30 }),
      (goals, chances) => {
        let pods: Pod[] = [];
        let current = "r1";
        for (const [index, goal] of goals.entries()) {
          const set = makeSet({ replicas: goal.replicas }, { currentRevision: current });
          for (let round = 0; ; round++) {
            assert.ok(round < 200, "comes to rest");
            const revisions = { current: revision(current), update: revision(goal.image) };
            const plan = run(set, structuredClone(pods), { revisions });
            const todo = plan.phases.flat().filter((action) => action.do === "create" || action.do === "delete");
            assert.ok(todo.length <= 1);
            current = plan.status.currentRevision ?? current;
            const waiting = pods.filter(
              (each) =>
                each.metadata.deletionTimestamp !== undefined || each.status?.conditions?.[0]?.status === "False",
            );
            assert.ok(waiting.length <= 1 || index > 0);
            for (const action of todo) {
              const name = action.pod.metadata.name;
              if (action.do === "delete")
                pods = pods.map((each) =>
                  each.metadata.name === name
                    ? pod(ordinalOf(each), { ...deleted, revision: each.metadata.labels!["controller-revision-hash"]! })
                    : each,
                );
              else
                pods = [
                  ...pods,
                  pod(ordinalOf(action.pod), {
                    ready: false,
                    revision: action.pod.metadata.labels?.["controller-revision-hash"] ?? "",
                  }),
                ];
            }
            if (todo.length === 0 && waiting.length === 0) break;
            if (chances[round % Math.max(1, chances.length)] === 0 && round % 3 !== 0) continue;
            pods = pods
              .filter((each) => each.metadata.deletionTimestamp === undefined)
              .map((each) => pod(ordinalOf(each), { revision: each.metadata.labels!["controller-revision-hash"]! }));
          }
          assert.deepEqual(
            pods.map(ordinalOf).sort(),
            Array.from({ length: goal.replicas }, (_, ordinal) => ordinal),
          );
          assert.ok(pods.every((each) => each.metadata.labels!["controller-revision-hash"] === goal.image));
        }
      },
    ),
    { numRuns: 100 },
  );
});
