// Decisions on small random clusters against a slow reading of the rules, straight from the API's definitions.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Node, Pod, PodDisruptionBudget } from "../api/index.ts";
import { seededRng } from "../base/index.ts";
import { quantityMilliValue, quantityValue } from "../machinery/index.ts";
import { nodeHandler, podHandler } from "./handlers.ts";
import { feasibleNodesToFind, pickHighest, schedulePod } from "./schedule-pod.ts";
import { podInfo } from "./snapshot/pod-info.ts";
import { makeNode, makePod, makeWorld, onNode, readerOf, type TestWorld } from "./testing.ts";

const zone = "topology.kubernetes.io/zone";
const host = "kubernetes.io/hostname";

interface NodeSeed {
  readonly cpu: number;
  readonly pods: number;
  readonly zone: number;
  readonly tainted: boolean;
  readonly cordoned: boolean;
}
interface PodSeed {
  readonly cpu: number;
  readonly memory: number;
  readonly app: number;
  readonly port: number;
  readonly tolerant: boolean;
  readonly selector: number;
  readonly affinity: number;
  readonly spread: number;
  readonly priority: number;
}

const nodeSeed: fc.Arbitrary<NodeSeed> = fc.record({
  cpu: fc.integer({ min: 1, max: 4 }),
  pods: fc.integer({ min: 1, max: 5 }),
  zone: fc.nat(2),
  tainted: fc.boolean(),
  cordoned: fc.boolean(),
});
const podSeed: fc.Arbitrary<PodSeed> = fc.record({
  cpu: fc.nat(2),
  memory: fc.nat(2),
  app: fc.nat(1),
  port: fc.nat(4),
  tolerant: fc.boolean(),
  selector: fc.nat(3),
  affinity: fc.nat(4),
  spread: fc.nat(3),
  priority: fc.nat(2),
});

const nodeOf = (seed: NodeSeed, index: number): Node =>
  makeNode(`n${index}`, {
    labels: seed.zone === 2 ? {} : { [zone]: `z${seed.zone}` },
    allocatable: { cpu: String(seed.cpu), pods: String(seed.pods) },
    spec: {
      ...(seed.cordoned ? { unschedulable: true } : {}),
      ...(seed.tainted ? { taints: [{ key: "k", effect: "NoSchedule" as const }] } : {}),
    },
  });

const term = (topologyKey: string, app: number) => ({
  topologyKey,
  labelSelector: { matchLabels: { app: `a${app}` } },
});

function podOf(seed: PodSeed, name: string): Pod {
  const { affinity, app } = seed;
  const terms = { requiredDuringSchedulingIgnoredDuringExecution: [term(affinity % 2 ? host : zone, app)] };
  return makePod(name, {
    labels: { app: `a${app}` },
    spec: {
      priority: seed.priority,
      containers: [
        {
          name: "c",
          resources: { requests: { cpu: String(seed.cpu), memory: `${seed.memory}Gi` } },
          ...(seed.port === 0 ? { ports: [{ containerPort: 80, hostPort: 80 }] } : {}),
        },
      ],
      ...(seed.tolerant ? { tolerations: [{ operator: "Exists" as const }] } : {}),
      ...(seed.selector === 0 ? { nodeSelector: { [zone]: "z0" } } : {}),
      ...(affinity === 0 || affinity === 1 ? { affinity: { podAntiAffinity: terms } } : {}),
      ...(affinity === 2 ? { affinity: { podAffinity: terms } } : {}),
      ...(seed.spread < 2
        ? {
            topologySpreadConstraints: [
              {
                maxSkew: 1,
                topologyKey: seed.spread === 0 ? zone : host,
                whenUnsatisfiable: "DoNotSchedule" as const,
                labelSelector: { matchLabels: { app: `a${app}` } },
              },
            ],
          }
        : {}),
    },
  });
}

interface Placed {
  readonly pod: Pod;
  readonly node: Node;
}

const matches = (pod: Pod, labels: Record<string, string>): boolean =>
  Object.entries(labels).every(([key, value]) => pod.metadata.labels?.[key] === value);
const label = (node: Node, key: string): string | undefined => node.metadata.labels?.[key];
const requiredTerms = (pod: Pod, kind: "podAffinity" | "podAntiAffinity") =>
  pod.spec!.affinity?.[kind]?.requiredDuringSchedulingIgnoredDuringExecution ?? [];

function fitsResources(pod: Pod, node: Node, there: readonly Pod[]): boolean {
  const sum = (name: "cpu" | "memory", pods: readonly Pod[]): number =>
    pods.reduce((total, each) => {
      const quantity = each.spec!.containers[0]!.resources!.requests![name]!;
      return total + (name === "cpu" ? quantityMilliValue(quantity) : quantityValue(quantity));
    }, 0);
  const allocatable = node.status!.allocatable!;
  if (there.length + 1 > Number(allocatable["pods"])) return false;
  if (sum("cpu", [pod]) > 0 && sum("cpu", [pod, ...there]) > quantityMilliValue(allocatable["cpu"]!)) return false;
  return !(sum("memory", [pod]) > 0 && sum("memory", [pod, ...there]) > quantityValue(allocatable["memory"]!));
}

function fitsAffinity(pod: Pod, node: Node, placed: readonly Placed[]): boolean {
  const together = (other: Node, key: string): boolean =>
    label(node, key) !== undefined && label(node, key) === label(other, key);
  for (const each of requiredTerms(pod, "podAntiAffinity"))
    if (
      placed.some(
        (other) => matches(other.pod, each.labelSelector!.matchLabels!) && together(other.node, each.topologyKey),
      )
    )
      return false;
  for (const other of placed)
    for (const each of requiredTerms(other.pod, "podAntiAffinity"))
      if (matches(pod, each.labelSelector!.matchLabels!) && together(other.node, each.topologyKey)) return false;
  for (const each of requiredTerms(pod, "podAffinity")) {
    if (label(node, each.topologyKey) === undefined) return false;
    const wanted = placed.filter(
      (other) =>
        matches(other.pod, each.labelSelector!.matchLabels!) && label(other.node, each.topologyKey) !== undefined,
    );
    const isFirst = wanted.length === 0 && matches(pod, each.labelSelector!.matchLabels!);
    if (!isFirst && !wanted.some((other) => together(other.node, each.topologyKey))) return false;
  }
  return true;
}

function fitsSpread(
  pod: Pod,
  node: Node,
  { nodes, placed }: { nodes: readonly Node[]; placed: readonly Placed[] },
): boolean {
  for (const each of pod.spec!.topologySpreadConstraints ?? []) {
    const value = label(node, each.topologyKey);
    if (value === undefined) return false;
    const selector = pod.spec!.nodeSelector ?? {};
    const counts = new Map<string, number>();
    for (const other of nodes) {
      const domain = label(other, each.topologyKey);
      if (domain === undefined || !Object.entries(selector).every(([key, want]) => label(other, key) === want))
        continue;
      const here = placed.filter((p) => p.node === other && matches(p.pod, each.labelSelector!.matchLabels!)).length;
      counts.set(domain, (counts.get(domain) ?? 0) + here);
    }
    const least = counts.size < 1 ? 0 : Math.min(...counts.values());
    const self = matches(pod, each.labelSelector!.matchLabels!) ? 1 : 0;
    if ((counts.get(value) ?? 0) + self - least > each.maxSkew) return false;
  }
  return true;
}

function fits(pod: Pod, node: Node, state: { nodes: readonly Node[]; placed: readonly Placed[] }): boolean {
  const there = state.placed.filter((each) => each.node === node).map((each) => each.pod);
  const tolerant = pod.spec!.tolerations !== undefined;
  if ((node.spec!.taints !== undefined || node.spec!.unschedulable === true) && !tolerant) return false;
  if (!Object.entries(pod.spec!.nodeSelector ?? {}).every(([key, value]) => label(node, key) === value)) return false;
  const wantsPort = (each: Pod): boolean => each.spec!.containers[0]!.ports !== undefined;
  if (wantsPort(pod) && there.some(wantsPort)) return false;
  return fitsResources(pod, node, there) && fitsAffinity(pod, node, state.placed) && fitsSpread(pod, node, state);
}

function load(nodes: readonly Node[], budgets: readonly PodDisruptionBudget[] = []): TestWorld {
  const world = makeWorld({ listers: { podDisruptionBudgets: readerOf(() => budgets) } });
  for (const node of nodes) nodeHandler(world.world).add!(node, true);
  return world;
}

test("a chosen node fits, and no node fits when none is chosen", () => {
  fc.assert(
    fc.property(
      fc.array(nodeSeed, { minLength: 1, maxLength: 6 }),
      fc.array(podSeed, { maxLength: 14 }),
      (nodeSeeds, podSeeds) => {
        const nodes = nodeSeeds.map(nodeOf);
        const world = load(nodes);
        const placed: Placed[] = [];
        podSeeds.forEach((seed, index) => {
          const pod = podOf(seed, `p${index}`);
          const fitting = nodes.filter((node) => fits(pod, node, { nodes, placed })).map((node) => node.metadata.name);
          const decision = schedulePod(world.framework, podInfo(pod));
          if (decision.kind === "unfit") assert.deepEqual(fitting, []);
          else {
            assert.equal(decision.kind, "node");
            if (decision.kind !== "node") return;
            assert.ok(fitting.includes(decision.nodeName), `${decision.nodeName} does not fit, ${fitting} do`);
            const node = nodes.find((each) => each.metadata.name === decision.nodeName)!;
            placed.push({ pod, node });
            podHandler(world.world).add!(onNode(pod, decision.nodeName), false);
          }
        });
        world.world.queue.close();
      },
    ),
    { numRuns: 300 },
  );
});

test("preemption evicts only lower priorities, and the pod fits afterwards", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(nodeSeed, { minLength: 1, maxLength: 4 }),
      fc.array(podSeed, { minLength: 2, maxLength: 10 }),
      fc.nat(2),
      async (nodeSeeds, podSeeds, allowed) => {
        const nodes = nodeSeeds.map(nodeOf);
        const budget: PodDisruptionBudget = {
          apiVersion: "policy/v1",
          kind: "PodDisruptionBudget",
          metadata: { name: "b", namespace: "default", uid: "b", resourceVersion: "1", creationTimestamp: "" },
          spec: { selector: { matchLabels: { app: "a0" } } },
          status: { disruptionsAllowed: allowed },
        };
        const world = load(nodes, [budget]);
        let placed: Placed[] = [];
        const wanted = podOf({ ...podSeeds[0]!, priority: 2 }, "wanted");
        podSeeds.slice(1).forEach((seed, index) => {
          const pod = podOf(seed, `p${index}`);
          const node = nodes.find((each) => fits(pod, each, { nodes, placed }));
          if (node === undefined) return;
          placed.push({ pod, node });
          world.pods.set(`default/${pod.metadata.name}`, pod);
          podHandler(world.world).add!(onNode(pod, node.metadata.name), true);
        });
        world.pods.set("default/wanted", wanted);
        const info = podInfo(wanted);
        const decision = schedulePod(world.framework, info);
        if (decision.kind === "unfit") {
          const preemption = world.context.plugins.find((plugin) => plugin.name === "DefaultPreemption")!;
          const result = preemption.postFilter!(info, decision.run, decision.diagnosis);
          await new Promise((resolve) => setImmediate(resolve));
          const gone = new Set(world.deleted);
          const victims = placed.filter(({ pod }) => gone.has(`default/${pod.metadata.name}`));
          assert.ok(victims.every(({ pod }) => pod.spec!.priority! < 2));
          assert.ok(victims.every(({ node }) => node.metadata.name === result.nominatedNodeName));
          if (result.status === undefined) {
            assert.ok(victims.length > 0);
            const node = nodes.find((each) => each.metadata.name === result.nominatedNodeName)!;
            placed = placed.filter((each) => !victims.includes(each));
            assert.ok(fits(wanted, node, { nodes, placed }), "the pod fits once the victims are gone");
            for (const { pod, node: from } of victims)
              assert.ok(
                !fits(wanted, node, { nodes, placed: [...placed, { pod, node: from }] }),
                "no victim is spared for nothing",
              );
          } else assert.equal(victims.length, 0);
        }
        world.world.queue.close();
      },
    ),
    { numRuns: 200 },
  );
});

test("how many feasible nodes are enough", () => {
  for (const [nodes, percentage, enough] of [
    [10, 0, 10],
    [99, 5, 99],
    [100, 0, 100],
    [1000, 0, 420],
    [5000, 0, 500],
    [6000, 0, 300],
    [10000, 0, 500],
    [1000, 40, 400],
    [1000, 5, 100],
  ] as const)
    assert.equal(feasibleNodesToFind(nodes, percentage), enough, `${nodes} nodes, ${percentage} %`);
});

test("searches go round, so that every node gets its turn", () => {
  const world = load(Array.from({ length: 1000 }, (_, index) => makeNode(`n${index}`)));
  const { framework } = world;
  schedulePod(framework, podInfo(makePod("a")));
  assert.equal(framework.search.next, 420);
  schedulePod(framework, podInfo(makePod("b")));
  schedulePod(framework, podInfo(makePod("c")));
  assert.equal(framework.search.next, (3 * 420) % 1000);
});

test("a nominated node that fits is taken though others score higher", () => {
  const world = load([makeNode("small"), makeNode("large", { allocatable: { cpu: "64", memory: "256Gi" } })]);
  const pod = makePod("p", { requests: { cpu: "1" }, status: { nominatedNodeName: "small" } });
  const decision = schedulePod(world.framework, podInfo(pod));
  assert.equal(decision.kind === "node" && decision.nodeName, "small");
  const other = schedulePod(world.framework, podInfo(makePod("q", { requests: { cpu: "1" } })));
  assert.equal(other.kind === "node" && other.nodeName, "large");
});

test("pods reckon with nominated pods of equal or higher priority", () => {
  const world = load([makeNode("n1", { allocatable: { cpu: "2" } })]);
  const waiting = makePod("waiting", { requests: { cpu: "2" }, spec: { priority: 5 } });
  world.pods.set("default/waiting", waiting);
  world.world.queue.nominate(podInfo(waiting), "n1");
  const decide = (priority: number) =>
    schedulePod(world.framework, podInfo(makePod("p", { requests: { cpu: "1" }, spec: { priority } }))).kind;
  assert.equal(decide(5), "unfit");
  assert.equal(decide(6), "node");
});

test("equal scores are equally likely", () => {
  const rng = seededRng(7);
  const counts = [0, 0, 0, 0];
  for (let round = 0; round < 4000; round++) counts[pickHighest(Float64Array.of(3, 9, 9, 9), 4, rng)]!++;
  assert.equal(counts[0], 0);
  for (const count of counts.slice(1)) assert.ok(count > 1200 && count < 1470, String(count));
});
