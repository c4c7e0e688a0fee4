import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { deepFreeze } from "../../machinery/index.ts";
import { at, meta } from "../lib/testing.ts";
import { annotation, type Deployment, maxSurge, maxUnavailable, type ReplicaSet, replicasOf } from "./arithmetic.ts";
import { decide, type Plan } from "./decide.ts";

const template = (image: string) => ({
  metadata: { labels: { app: "a" } },
  spec: { containers: [{ name: "c", image }] },
});

function deployment(image: string, spec: Partial<Deployment["spec"]> = {}, rest: Partial<Deployment> = {}): Deployment {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: meta("web", { annotations: { [annotation.revision]: "1" } }),
    ...rest,
    spec: {
      replicas: 3,
      selector: { matchLabels: { app: "a" } },
      strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      template: template(image),
      progressDeadlineSeconds: 600,
      revisionHistoryLimit: 10,
      ...spec,
    },
  } as Deployment;
}

interface SetMaking {
  readonly replicas: number;
  readonly available?: number;
  readonly revision?: number | string;
  readonly desired?: number;
  readonly max?: number;
  readonly created?: number;
}

function set(name: string, image: string, making: SetMaking): ReplicaSet {
  const { replicas, available = replicas, revision = 1, desired = 3, max = desired + 1, created = 0 } = making;
  return {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: meta(name, {
      creationTimestamp: new Date(at(created)).toISOString(),
      annotations: {
        [annotation.revision]: String(revision),
        [annotation.desired]: String(desired),
        [annotation.max]: String(max),
      },
    }),
    spec: { replicas, selector: {}, template: template(image) },
    status: { replicas, readyReplicas: available, availableReplicas: available, observedGeneration: 1 },
  } as ReplicaSet;
}

const run = (
  d: Deployment,
  sets: readonly ReplicaSet[],
  more: { podsOf?: () => readonly never[]; nowMs?: number } = {},
): Plan =>
  decide(deepFreeze({ deployment: d, sets, podsOf: () => [], tellsTerminating: false, nowMs: at(100), ...more }));

/** Scalings of a plan: `name 3→2`. */
const scalings = (plan: Plan): string[] =>
  plan.steps.flatMap((step) =>
    step.do === "update" && step.replicas ? [`${step.name} ${step.replicas.from}→${step.replicas.to}`] : [],
  );
const told = (plan: Plan): string[] => plan.steps.flatMap((step) => (step.do === "tell" ? [step.message] : []));
const condition = (plan: Plan, type: string) => plan.status?.conditions?.find((each) => each.type === type);

test("a new deployment gets its first ReplicaSet", () => {
  const plan = run(deployment("a", {}, { metadata: meta("web") }), []);
  assert.equal(plan.steps.length, 1);
  const step = plan.steps[0]!;
  assert.ok(step.do === "create");
  const hash = step.set.metadata.labels?.["pod-template-hash"];
  assert.match(hash!, /^[bcdfghjklmnpqrstvwxz2456789]{7,10}$/);
  assert.equal(step.set.metadata.name, `web-${hash}`);
  assert.equal(step.set.spec?.replicas, 3);
  assert.deepEqual(step.set.spec?.selector.matchLabels, { app: "a", "pod-template-hash": hash });
  assert.deepEqual(step.set.metadata.annotations, {
    [annotation.revision]: "1",
    [annotation.desired]: "3",
    [annotation.max]: "4",
  });
  assert.equal(plan.revision, "1");
  assert.equal(condition(plan, "Progressing")?.reason, "NewReplicaSetCreated");
  assert.equal(condition(plan, "Progressing")?.message, `Created new replica set "web-${hash}"`);
  assert.equal(condition(plan, "Available")?.reason, "MinimumReplicasUnavailable");
  assert.equal(plan.status?.unavailableReplicas, 3);
});

test("names are cut so that the hash fits", () => {
  const long = "n".repeat(253);
  const step = run(deployment("a", {}, { metadata: meta(long) }), []).steps[0]!;
  assert.ok(step.do === "create" && step.set.metadata.name.length === 253);
});

const rolling: readonly [string, Deployment, readonly ReplicaSet[], readonly string[]][] = [
  [
    "what a set tells beyond its wanted size is not available: rolled back while its status lags",
    deployment("a", { replicas: 4, strategy: { rollingUpdate: { maxSurge: 2, maxUnavailable: 1 } } }),
    [
      {
        ...set("again", "a", { replicas: 2, revision: 3, desired: 4, max: 6 }),
        status: { replicas: 3, readyReplicas: 3, availableReplicas: 3, observedGeneration: 1 },
      },
      set("old", "b", { replicas: 4, available: 2, revision: 2, desired: 4, max: 6, created: 1 }),
    ],
    ["old 4→2", "old 2→1"],
  ],
  [
    "what a set of size 0 still tells of is not available",
    deployment("c", { replicas: 5, strategy: { rollingUpdate: { maxSurge: 2, maxUnavailable: 1 } } }),
    [
      {
        ...set("oldest", "a", { replicas: 0, desired: 5, max: 7 }),
        status: { replicas: 1, readyReplicas: 1, availableReplicas: 1, observedGeneration: 1 },
      },
      set("old", "b", { replicas: 2, revision: 2, desired: 5, max: 7, created: 1 }),
      set("new", "c", { replicas: 5, available: 3, revision: 3, desired: 5, max: 7, created: 2 }),
    ],
    ["old 2→1"],
  ],
  [
    "surge first",
    deployment("b"),
    [set("old", "a", { replicas: 3 }), set("new", "b", { replicas: 0, revision: 2 })],
    ["new 0→1"],
  ],
  [
    "wait for the new pod",
    deployment("b"),
    [set("old", "a", { replicas: 3 }), set("new", "b", { replicas: 1, available: 0, revision: 2 })],
    [],
  ],
  [
    "then one old pod goes",
    deployment("b"),
    [set("old", "a", { replicas: 3 }), set("new", "b", { replicas: 1, revision: 2 })],
    ["old 3→2"],
  ],
  [
    "old pods that do not work go first",
    deployment("c", { strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } } }),
    [
      set("old", "a", { replicas: 2, created: 1 }),
      set("broken", "b", { replicas: 1, available: 0, revision: 2, created: 2 }),
      set("new", "c", { replicas: 0, revision: 3, created: 3 }),
    ],
    ["broken 1→0"],
  ],
  [
    "two percentages of one are at least one unavailable",
    deployment("b", {
      replicas: 1,
      strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 0, maxUnavailable: "25%" } },
    }),
    [
      set("old", "a", { replicas: 1, desired: 1, max: 1 }),
      set("new", "b", { replicas: 0, revision: 2, desired: 1, max: 1 }),
    ],
    ["old 1→0"],
  ],
  [
    "scaling in the middle of a rollout is proportional",
    deployment("b", {
      replicas: 10,
      strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } },
    }),
    [
      set("old", "a", { replicas: 3, desired: 5, max: 8 }),
      set("new", "b", { replicas: 5, revision: 2, desired: 5, max: 8 }),
    ],
    ["new 5→8", "old 3→5"],
  ],
  ["scaling without a rollout", deployment("a", { replicas: 5 }), [set("only", "a", { replicas: 3 })], ["only 3→5"]],
  [
    "scaling to zero in a rollout empties all",
    deployment("b", { replicas: 0 }),
    [set("old", "a", { replicas: 2 }), set("new", "b", { replicas: 2, revision: 2 })],
    ["new 2→0", "old 2→0"],
  ],
  [
    "paused: nothing rolls, scaling does",
    deployment("b", { paused: true, replicas: 4 }),
    [set("old", "a", { replicas: 3 })],
    ["old 3→4"],
  ],
  [
    "recreate: the old goes first",
    deployment("b", { strategy: { type: "Recreate" } }),
    [set("old", "a", { replicas: 3, max: 3 })],
    ["old 3→0"],
  ],
];

for (const [name, d, sets, expected] of rolling)
  test(`rollout: ${name}`, () => {
    const plan = run(d, sets);
    assert.deepEqual(scalings(plan).sort(), [...expected].sort());
    assert.ok(!plan.steps.some((step) => step.do === "create"));
  });

test("scaling is told with upstream's text", () => {
  const plan = run(deployment("b"), [set("old", "a", { replicas: 3 }), set("new", "b", { replicas: 0, revision: 2 })]);
  assert.deepEqual(told(plan), ["Scaled up replica set new from 0 to 1"]);
});

test("an old template becomes the newest revision again, with its history", () => {
  const d = deployment("a", {}, { metadata: meta("web", { annotations: { [annotation.revision]: "2", team: "x" } }) });
  const plan = run(d, [set("one", "a", { replicas: 0, revision: 1 }), set("two", "b", { replicas: 3, revision: 2 })]);
  const step = plan.steps.find((each) => each.do === "update" && each.name === "one");
  assert.ok(step?.do === "update");
  assert.equal(step.annotations[annotation.revision], "3");
  assert.equal(step.annotations[annotation.history], "1");
  assert.equal(step.annotations["team"], "x");
  assert.equal(plan.revision, "3");
});

test("conditions follow progress, completion and the deadline", () => {
  const progressing = (reason: string, since: number) => ({
    type: "Progressing",
    status: "True",
    reason,
    lastUpdateTime: new Date(at(since)).toISOString(),
    lastTransitionTime: new Date(at(since)).toISOString(),
  });
  const status = (counts: object, reason = "NewReplicaSetCreated", since = 0) => ({
    ...counts,
    conditions: [progressing(reason, since)],
  });
  const one = [set("web-1", "a", { replicas: 3 })];
  const complete = run(deployment("a", {}, { status: status({}) }), one);
  assert.equal(condition(complete, "Progressing")?.reason, "NewReplicaSetAvailable");
  assert.equal(condition(complete, "Progressing")?.message, 'ReplicaSet "web-1" has successfully progressed.');
  const some = [set("web-1", "a", { replicas: 3, available: 2 })];
  const going = run(
    deployment("a", {}, { status: status({ replicas: 3, updatedReplicas: 3, availableReplicas: 1 }) }),
    some,
  );
  assert.equal(condition(going, "Progressing")?.message, 'ReplicaSet "web-1" is progressing.');
  const counts = { replicas: 3, updatedReplicas: 3, readyReplicas: 2, availableReplicas: 2 };
  const late = run(deployment("a", {}, { status: status(counts) }), some, { nowMs: at(601) });
  assert.equal(condition(late, "Progressing")?.reason, "ProgressDeadlineExceeded");
  assert.equal(condition(late, "Progressing")?.message, 'ReplicaSet "web-1" has timed out progressing.');
  assert.equal(condition(late, "Progressing")?.status, "False");
  const soon = run(deployment("a", {}, { status: status(counts) }), some, { nowMs: at(600) });
  assert.equal(condition(soon, "Progressing")?.reason, "NewReplicaSetCreated");
  const paused = run(deployment("a", { paused: true }, { status: status(counts) }), some);
  assert.equal(condition(paused, "Progressing")?.reason, "DeploymentPaused");
});

test("a failing ReplicaSet is told of", () => {
  const failing = set("web-1", "a", { replicas: 3, available: 0 });
  const conditions = [{ type: "ReplicaFailure", status: "True", reason: "FailedCreate", message: "quota" }];
  const plan = run(deployment("a"), [{ ...failing, status: { ...failing.status!, conditions } }]);
  assert.equal(condition(plan, "ReplicaFailure")?.message, "quota");
});

test("history beyond the limit is deleted once the rollout is complete", () => {
  const status = { replicas: 3, updatedReplicas: 3, availableReplicas: 3, observedGeneration: 1 };
  const sets = [1, 2, 3].map((revision) => set(`r${revision}`, `i${revision}`, { replicas: 0, revision }));
  const plan = run(deployment("a", { revisionHistoryLimit: 1 }, { status }), [
    ...sets,
    set("now", "a", { replicas: 3, revision: 4 }),
  ]);
  assert.deepEqual(
    plan.steps.flatMap((step) => (step.do === "delete" ? [step.set.metadata.name] : [])),
    ["r1", "r2"],
  );
});

test("the deprecated rollback annotation is served", () => {
  const annotations = { [annotation.revision]: "2", [annotation.rollbackTo]: "1" };
  const d = deployment("b", {}, { metadata: meta("web", { annotations }) });
  const sets = [set("one", "a", { replicas: 0, revision: 1 }), set("two", "b", { replicas: 3, revision: 2 })];
  const plan = run(d, sets);
  assert.deepEqual(told(plan), ['Rolled back deployment "web" to revision 1']);
  const step = plan.steps.find((each) => each.do === "rollback");
  assert.ok(step?.do === "rollback" && step.template?.spec?.containers[0]?.image === "a");
  assert.ok(!(annotation.rollbackTo in step.annotations));
  const missing = run(
    deployment("b", {}, { metadata: meta("web", { annotations: { [annotation.rollbackTo]: "9" } }) }),
    sets,
  );
  assert.deepEqual(told(missing), ["Unable to find the revision to rollback to."]);
});

/** Carries a plan out in a world where pods of a set become available one after the other, in any order. */
function world(d: Deployment) {
  let current = d;
  let sets: ReplicaSet[] = [];
  return {
    get sets() {
      return sets;
    },
    get deployment() {
      return current;
    },
    change: (spec: Partial<Deployment["spec"]>) => {
      current = {
        ...current,
        metadata: { ...current.metadata, generation: (current.metadata.generation ?? 1) + 1 },
        spec: { ...current.spec, ...spec },
      };
    },
    reconcile(nowMs: number): boolean {
      const plan = decide(
        deepFreeze(structuredClone({ deployment: current, sets, tellsTerminating: false, nowMs })) as never,
      );
      for (const step of plan.steps) {
        if (step.do === "create")
          sets.push({
            ...step.set,
            metadata: meta(step.set.metadata.name, step.set.metadata),
            status: { replicas: 0 },
          } as ReplicaSet);
        else if (step.do === "delete") sets = sets.filter((each) => each.metadata.name !== step.set.metadata.name);
        else if (step.do === "update")
          sets = sets.map((each) =>
            each.metadata.name === step.name
              ? ({
                  ...each,
                  metadata: {
                    ...each.metadata,
                    annotations: { ...step.annotations },
                    generation: (each.metadata.generation ?? 1) + (step.replicas ? 1 : 0),
                  },
                  spec: { ...each.spec, replicas: step.replicas?.to ?? each.spec?.replicas },
                } as ReplicaSet)
              : each,
          );
      }
      const annotations =
        plan.revision === undefined
          ? current.metadata.annotations
          : { ...current.metadata.annotations, [annotation.revision]: plan.revision };
      if (plan.status !== undefined || plan.revision !== undefined)
        current = {
          ...current,
          metadata: { ...current.metadata, ...(annotations ? { annotations } : {}) },
          status: plan.status ?? current.status ?? {},
        };
      return plan.steps.length > 0 || plan.status !== undefined || plan.revision !== undefined;
    },
    /** Kubelet and ReplicaSet controller of one set move one step. */
    step(index: number): void {
      const chosen = sets[index % Math.max(1, sets.length)];
      if (chosen === undefined) return;
      const wanted = replicasOf(chosen);
      const { replicas = 0, availableReplicas = 0 } = chosen.status ?? {};
      const next =
        replicas !== wanted
          ? { replicas: wanted, availableReplicas: Math.min(availableReplicas, wanted) }
          : { replicas, availableReplicas: Math.min(replicas, availableReplicas + 1) };
      sets = sets.map((each) =>
        each === chosen
          ? {
              ...each,
              status: {
                ...next,
                readyReplicas: next.availableReplicas,
                observedGeneration: each.metadata.generation ?? 1,
              },
            }
          : each,
      );
    },
  };
}

const available = (sets: readonly ReplicaSet[]): number =>
  sets.reduce((sum, each) => sum + Math.min(each.status?.availableReplicas ?? 0, replicasOf(each)), 0);
const size = fc.oneof(fc.integer({ min: 0, max: 4 }), fc.constantFrom("0%", "25%", "50%", "100%"));

test("every rollout ends, and never goes below minAvailable or above the surge", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 8 }),
      size,
      size,
      fc.array(fc.record({ image: fc.constantFrom("a", "b", "c"), moves: fc.array(fc.nat(3), { maxLength: 12 }) }), {
        minLength: 1,
        maxLength: 4,
      }),
      (replicas, surge, unavailable, rollouts) => {
        const strategy = {
          type: "RollingUpdate",
          rollingUpdate: { maxSurge: surge, maxUnavailable: unavailable },
        } as const;
        const house = world(deployment("z", { replicas, strategy }, { metadata: meta("web") }));
        const settle = (): void => {
          for (let round = 0; round < 400; round++) {
            const changed = house.reconcile(at(round));
            const before = JSON.stringify(house.sets);
            for (let index = 0; index < house.sets.length; index++) house.step(index);
            if (!changed && JSON.stringify(house.sets) === before) return;
          }
          assert.fail(
            `no rest: ${JSON.stringify(house.sets.map((each) => [each.metadata.name, each.spec?.replicas, each.status]))}`,
          );
        };
        settle();
        const least = replicas - maxUnavailable(house.deployment);
        const most = replicas + maxSurge(house.deployment);
        for (const { image, moves } of rollouts) {
          house.change({ template: template(image) });
          for (const move of moves) {
            house.reconcile(at(0));
            assert.ok(available(house.sets) >= least, `${available(house.sets)} available, at least ${least}`);
            assert.ok(house.sets.reduce((sum, each) => sum + replicasOf(each), 0) <= most, "no more than the surge");
            house.step(move);
          }
        }
        settle();
        const active = house.sets.filter((each) => replicasOf(each) > 0);
        assert.equal(active.length, 1);
        assert.equal(replicasOf(active[0]!), replicas);
        assert.equal(active[0]!.spec?.template?.spec?.containers[0]?.image, rollouts.at(-1)!.image);
        assert.equal(
          house.deployment.status?.conditions?.find((each) => each.type === "Progressing")?.reason,
          "NewReplicaSetAvailable",
        );
        assert.equal(
          house.deployment.metadata.annotations?.[annotation.revision],
          active[0]!.metadata.annotations?.[annotation.revision],
        );
      },
    ),
    { numRuns: 150 },
  );
});
