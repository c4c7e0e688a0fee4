import assert from "node:assert/strict";
import { test } from "node:test";
import type { PodDisruptionBudget } from "../../../api/index.ts";
import { prepareFilters } from "../../filters.ts";
import { type Candidate, emptyDiagnosis } from "../../framework.ts";
import { nodeHandler, podHandler } from "../../handlers.ts";
import { type PodInfo, podInfo } from "../../snapshot/pod-info.ts";
import { makeNode, makePod, makeWorld, onNode } from "../../testing.ts";
import { candidateOf, openBudgets, pickCandidate, selectVictims, splitByBudget } from "./victims.ts";

interface There {
  readonly name: string;
  readonly cpu: number;
  readonly priority: number;
  /** Minutes since it started. */
  readonly age?: number;
  readonly app?: string;
}

const now = Date.parse("2026-01-01T12:00:00Z");
const started = (minutes: number): string => new Date(now - minutes * 60_000).toISOString();
const pod = ({ name, cpu, priority, age, app }: There) =>
  makePod(name, {
    requests: { cpu: String(cpu) },
    ...(app === undefined ? {} : { labels: { app } }),
    spec: { priority },
    ...(age === undefined ? {} : { status: { startTime: started(age) } }),
  });
const budget = (app: string, disruptionsAllowed: number, disrupted: string[] = []): PodDisruptionBudget => ({
  apiVersion: "policy/v1",
  kind: "PodDisruptionBudget",
  metadata: { name: app, namespace: "default", uid: app, resourceVersion: "1", creationTimestamp: "" },
  spec: { selector: { matchLabels: { app } } },
  status: { disruptionsAllowed, disruptedPods: Object.fromEntries(disrupted.map((name) => [name, started(0)])) },
});

function victimsOf(
  cpu: number,
  there: readonly There[],
  budgets: readonly PodDisruptionBudget[] = [],
): string | string[] {
  const world = makeWorld();
  nodeHandler(world.world).add!(makeNode("n", { allocatable: { cpu: "4" } }), true);
  for (const each of there) podHandler(world.world).add!(onNode(pod(each), "n"), true);
  const info = podInfo(pod({ name: "p", cpu, priority: 100 }));
  const { run } = prepareFilters(world.framework.filters, info, {
    diagnosis: emptyDiagnosis(),
    ownNode: undefined,
  }) as { run: Parameters<typeof selectVictims>[0]["run"] };
  const node = world.framework.snapshot.node("n")!;
  const before = node.pods.length;
  const found = selectVictims({ pod: info, run, budgets: openBudgets(budgets) }, node);
  assert.equal(node.pods.length, before, "trying changes nothing");
  return "code" in found ? found.reasons.join() : found.victims.map((victim) => victim.name);
}

test("victims of one node", () => {
  const cases: readonly [string, number, readonly There[], readonly PodDisruptionBudget[], string | string[]][] = [
    [
      "nobody of lower priority",
      2,
      [{ name: "a", cpu: 4, priority: 100 }],
      [],
      "No preemption victims found for incoming pod",
    ],
    [
      "not enough even without them",
      4,
      [
        { name: "a", cpu: 1, priority: 0 },
        { name: "b", cpu: 1, priority: 100 },
      ],
      [],
      "Insufficient cpu",
    ],
    [
      "the lowest priorities go",
      2,
      [
        { name: "a", cpu: 2, priority: 50 },
        { name: "b", cpu: 2, priority: 10 },
      ],
      [],
      ["b"],
    ],
    [
      "of equal ones the youngest goes",
      1,
      [
        { name: "old", cpu: 2, priority: 0, age: 60 },
        { name: "young", cpu: 2, priority: 0, age: 1 },
      ],
      [],
      ["young"],
    ],
    [
      "a small one is spared when the large one has to go anyway",
      2,
      [
        { name: "small", cpu: 1, priority: 0, age: 5 },
        { name: "large", cpu: 3, priority: 0, age: 1 },
      ],
      [],
      ["large"],
    ],
    [
      "budgets are kept when there is another way",
      2,
      [
        { name: "guarded", cpu: 2, priority: 0, app: "g" },
        { name: "free", cpu: 2, priority: 50 },
      ],
      [budget("g", 0)],
      ["free"],
    ],
    [
      "and broken when there is none",
      4,
      [
        { name: "guarded", cpu: 2, priority: 0, app: "g" },
        { name: "free", cpu: 2, priority: 50 },
      ],
      [budget("g", 0)],
      ["free", "guarded"],
    ],
  ];
  for (const [name, cpu, there, budgets, expected] of cases)
    assert.deepEqual(victimsOf(cpu, there, budgets), expected, name);
});

test("budgets are used up one by one; pods they disrupt already count no more", () => {
  const pods = ["a", "b", "c"].map((name) => podInfo(pod({ name, cpu: 1, priority: 0, app: "g" })));
  const names = (infos: readonly PodInfo[]) => infos.map((info) => info.name);
  const one = splitByBudget(pods, openBudgets([budget("g", 1)]));
  assert.deepEqual([names(one.others), names(one.violating)], [["a"], ["b", "c"]]);
  const disrupted = splitByBudget(pods, openBudgets([budget("g", 1, ["a"])]));
  assert.deepEqual([names(disrupted.others), names(disrupted.violating)], [["a", "b"], ["c"]]);
});

test("the node where the least is lost", () => {
  const candidate = (nodeName: string, violations: number, ...victims: (readonly [number, number])[]): Candidate =>
    candidateOf(
      nodeName,
      victims.map(([priority, age], index) => podInfo(pod({ name: `${nodeName}${index}`, cpu: 1, priority, age }))),
      violations,
    );
  const cases: readonly [string, readonly Candidate[], string][] = [
    ["fewest violated budgets", [candidate("a", 1, [0, 1]), candidate("b", 0, [9, 1])], "b"],
    ["lowest highest priority", [candidate("a", 0, [9, 1]), candidate("b", 0, [5, 1], [5, 1], [5, 1])], "b"],
    ["lowest sum of priorities", [candidate("a", 0, [9, 1], [3, 1]), candidate("b", 0, [9, 1], [2, 1])], "b"],
    ["fewest pods, even of negative priority", [candidate("a", 0, [-1, 1], [-1, 1]), candidate("b", 0, [-1, 1])], "b"],
    ["latest start of the most important", [candidate("a", 0, [5, 60]), candidate("b", 0, [5, 2])], "b"],
    ["the first of equals", [candidate("a", 0, [5, 2]), candidate("b", 0, [5, 2])], "a"],
  ];
  for (const [name, candidates, expected] of cases) assert.equal(pickCandidate(candidates)?.nodeName, expected, name);
});
