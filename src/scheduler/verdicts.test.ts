import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Pod, PodDisruptionBudget } from "../api/index.ts";
import type { Candidate, Status } from "./framework.ts";
import { nodeHandler, podHandler } from "./handlers.ts";
import { openBudgets, selectVictims } from "./plugins/defaultpreemption/victims.ts";
import { type Framework, schedulePod } from "./schedule-pod.ts";
import { podInfo } from "./snapshot/pod-info.ts";
import { makeNode, makePod, makeWorld, onNode, type PodShape, type TestWorld } from "./testing.ts";
import { Verdicts } from "./verdicts.ts";

const nodeNames = ["n0", "n1"] as const;

/** Fit nowhere often, each for another reason. */
const shapes: readonly PodShape[] = [
  { requests: { cpu: "2" }, spec: { priority: 5 } },
  { requests: { cpu: "2" }, spec: { priority: 9 } },
  { requests: { cpu: "3" }, spec: { priority: 9, tolerations: [{ operator: "Exists" }] } },
  { requests: { cpu: "1" }, spec: { priority: 5, nodeSelector: { disk: "ssd" } } },
  {
    requests: { cpu: "1" },
    labels: { app: "a" },
    spec: {
      priority: 5,
      affinity: {
        podAntiAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [
            { topologyKey: "kubernetes.io/hostname", labelSelector: { matchLabels: { app: "a" } } },
          ],
        },
      },
    },
  },
];

const budget = (disruptionsAllowed: number): PodDisruptionBudget => ({
  apiVersion: "policy/v1",
  kind: "PodDisruptionBudget",
  metadata: { name: "b", namespace: "default", uid: "b", resourceVersion: "1", creationTimestamp: "" },
  spec: { selector: { matchLabels: { app: "a" } } },
  status: { disruptionsAllowed },
});

type Step =
  | { readonly kind: "node"; readonly node: string; readonly tainted: boolean; readonly ssd: boolean }
  | { readonly kind: "place"; readonly node: string; readonly priority: number; readonly app: boolean }
  | { readonly kind: "leave"; readonly pick: number }
  | { readonly kind: "nominate"; readonly pod: number; readonly node: string | undefined }
  | { readonly kind: "budget"; readonly allowed: number }
  | { readonly kind: "decide"; readonly pod: number };

/** Two pods of each shape. */
const pod = fc.nat({ max: 2 * shapes.length - 1 });
const node = fc.constantFrom(...nodeNames);
const steps = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant("node" as const), node, tainted: fc.boolean(), ssd: fc.boolean() }),
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant("place" as const),
        node,
        priority: fc.constantFrom(0, 7),
        app: fc.boolean(),
      }),
    },
    fc.record({ kind: fc.constant("leave" as const), pick: fc.nat({ max: 20 }) }),
    fc.record({ kind: fc.constant("nominate" as const), pod, node: fc.option(node, { nil: undefined }) }),
    fc.record({ kind: fc.constant("budget" as const), allowed: fc.nat({ max: 2 }) }),
    { weight: 6, arbitrary: fc.record({ kind: fc.constant("decide" as const), pod }) },
  ),
  { minLength: 10, maxLength: 60, size: "max" },
);

const told = (found: Candidate | Status): unknown =>
  "code" in found ? found.reasons : [found.rank, found.victims.map((victim) => victim.name)];

/** The decision with what earlier ones found out, and without: the same reasons, the same victims. */
function decideTwice(framework: Framework, pod: Pod, budgets: readonly PodDisruptionBudget[]): void {
  const search = { ...framework.search };
  const info = podInfo(pod);
  const recalled = schedulePod(framework, info);
  const anew = schedulePod({ ...framework, verdicts: new Verdicts(), search }, info);
  assert.equal(recalled.kind, anew.kind);
  if (recalled.kind !== "unfit" || anew.kind !== "unfit") return;
  const reasons = ({ diagnosis }: typeof anew) =>
    diagnosis.nodes.map((each, index) => [each.name, diagnosis.statuses[index]]);
  assert.deepEqual(reasons(recalled), reasons(anew));
  assert.deepEqual(recalled.diagnosis.unschedulablePlugins, anew.diagnosis.unschedulablePlugins);
  const trial = { pod: info, run: anew.run, budgets: openBudgets(budgets) };
  const tryOn = recalled.run.sheet?.trials(recalled.run, budgets, (each) =>
    selectVictims({ ...trial, run: recalled.run }, each),
  );
  for (const each of framework.snapshot.nodes())
    if (tryOn !== undefined) assert.deepEqual(told(tryOn(each)), told(selectVictims(trial, each)));
}

function play({ world, framework }: TestWorld, script: readonly Step[]): void {
  const [onNodes, onPods] = [nodeHandler(world), podHandler(world)];
  const there: Pod[] = [];
  const pods = [...shapes, ...shapes].map((each, index) => makePod(`p${index}`, each));
  let budgets: readonly PodDisruptionBudget[] = [];
  for (const step of script)
    switch (step.kind) {
      case "node": {
        const taints = step.tainted ? [{ key: "t", effect: "NoSchedule" as const }] : [];
        const labels = { "kubernetes.io/hostname": step.node, ...(step.ssd ? { disk: "ssd" } : {}) };
        onNodes.add!(makeNode(step.node, { allocatable: { cpu: "4" }, labels, spec: { taints } }), false);
        break;
      }
      case "place": {
        const { priority, app } = step;
        const labels: Record<string, string> = app ? { app: "a" } : {};
        const placed = makePod(`there-${there.length}`, { requests: { cpu: "2" }, labels, spec: { priority } });
        there.push(onNode(placed, step.node));
        onPods.add!(there.at(-1)!, false);
        break;
      }
      case "leave": {
        const [gone] = there.splice(step.pick, 1);
        if (gone !== undefined) onPods.delete!(gone);
        break;
      }
      case "nominate":
        if (step.node === undefined) world.queue.nominations.delete(pods[step.pod]!.metadata.uid);
        else world.queue.nominations.set(podInfo(pods[step.pod]!), step.node);
        break;
      case "budget":
        budgets = [budget(step.allowed)];
        break;
      case "decide":
        decideTwice(framework, pods[step.pod]!, budgets);
    }
}

test("what is recalled about a node is what would be found out again", () => {
  fc.assert(
    fc.property(steps, (script) => {
      const world = makeWorld();
      for (const name of nodeNames) nodeHandler(world.world).add!(makeNode(name, { allocatable: { cpu: "4" } }), true);
      play(world, script);
      world.world.queue.close();
    }),
    { numRuns: 300 },
  );
});

test("only nodes that changed are asked again; a pod that looks at other pods is not signed", () => {
  const { world, framework } = makeWorld();
  for (const name of nodeNames) nodeHandler(world).add!(makeNode(name, { allocatable: { cpu: "1" } }), true);
  const asked: string[] = [];
  const watched = {
    ...framework,
    filters: framework.filters.map((plugin) =>
      plugin.name !== "NodeResourcesFit"
        ? plugin
        : {
            ...plugin,
            filter: (pod: Parameters<NonNullable<typeof plugin.filter>>[0]) => {
              const step = plugin.filter!(pod);
              if (step.kind !== "check") return step;
              const check = (each: Parameters<typeof step.filter.check>[0]) => {
                asked.push(each.name);
                return step.filter.check(each);
              };
              return { ...step, filter: { ...step.filter, check } };
            },
          },
    ),
  };
  const decide = (name: string, each: PodShape): string[] => {
    asked.length = 0;
    assert.equal(schedulePod(watched, podInfo(makePod(name, each))).kind, "unfit");
    return asked.sort();
  };
  assert.deepEqual(decide("a", shapes[0]!), nodeNames, "the first of its kind");
  assert.deepEqual(decide("b", shapes[0]!), [], "the second");
  podHandler(world).add!(onNode(makePod("new"), "n1"), false);
  assert.deepEqual(decide("c", shapes[0]!), ["n1"], "a node with another pod");
  assert.deepEqual(decide("d", shapes[1]!), nodeNames, "another priority");
  const picky = { ...shapes[4]!, requests: { cpu: "3" } };
  assert.deepEqual([decide("e", picky), decide("f", picky)], [nodeNames, nodeNames], "anti-affinity");
  framework.verdicts.clear();
  assert.deepEqual(decide("g", shapes[0]!), nodeNames, "all is forgotten once no pod waits");
  world.queue.close();
});
