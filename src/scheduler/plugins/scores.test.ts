// Scores of each plugin on small clusters; numbers are those of upstream's plugin tests and formulas.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Node, Pod, ReplicaSet, Service } from "../../api/index.ts";
import type { Listers } from "../handle.ts";
import { nodeHandler, podHandler } from "../handlers.ts";
import { podInfo } from "../snapshot/pod-info.ts";
import { makeNode, makePod, makeWorld, onNode, readerOf, type TestWorld } from "../testing.ts";

const zone = "topology.kubernetes.io/zone";
const host = "kubernetes.io/hostname";

interface Case {
  readonly name: string;
  readonly plugin: string;
  readonly nodes: readonly Node[];
  readonly there?: readonly Pod[];
  readonly pod: Pod;
  readonly listers?: Partial<Listers>;
  /** By node; false: the plugin finds all nodes equal. */
  readonly scores: Readonly<Record<string, number>> | false;
}

function load(each: Case): TestWorld {
  const world = makeWorld({ listers: each.listers ?? {} });
  for (const node of each.nodes) nodeHandler(world.world).add!(node, true);
  for (const pod of each.there ?? []) podHandler(world.world).add!(pod, true);
  return world;
}

function scoresOf(each: Case): Record<string, number> | false {
  const { context, framework } = load(each);
  const plugin = context.plugins.find((one) => one.name === each.plugin)!;
  const nodes = framework.snapshot.nodes();
  const out = new Float64Array(nodes.length).fill(-7);
  if (!plugin.score!(podInfo(each.pod), nodes, out)) return false;
  return Object.fromEntries(nodes.map((node, index) => [node.name, out[index]!]));
}

const sized = (name: string, cpu: string, memory: string): Node => makeNode(name, { allocatable: { cpu, memory } });
const asking = (cpu: string, memory: string): Pod => makePod("p", { requests: { cpu, memory } });
const prefer = (...taints: readonly string[]) => ({
  spec: { taints: taints.map((key) => ({ key, value: "v", effect: "PreferNoSchedule" as const })) },
});
const labelled = (name: string, labels: Record<string, string>): Node => makeNode(name, { labels });
const app = (name: string, nodeName: string, value = "a"): Pod =>
  onNode(makePod(name, { labels: { app: value } }), nodeName);
const term = (topologyKey: string, value = "a") => ({ topologyKey, labelSelector: { matchLabels: { app: value } } });
const soft = (topologyKey: string, maxSkew = 1) => ({
  maxSkew,
  topologyKey,
  whenUnsatisfiable: "ScheduleAnyway" as const,
  labelSelector: { matchLabels: { app: "a" } },
});

const service: Service = {
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: "s", namespace: "default", uid: "s", resourceVersion: "1", creationTimestamp: "" },
  spec: { selector: { app: "a" } },
};
const replicaSet: ReplicaSet = {
  apiVersion: "apps/v1",
  kind: "ReplicaSet",
  metadata: { name: "rs", namespace: "default", uid: "rs", resourceVersion: "1", creationTimestamp: "" },
  spec: { selector: { matchLabels: { app: "a" } } },
};
const megabytes = (count: number): number => count * 1024 * 1024;
const withImage = (name: string, image: string, size: number): Node =>
  makeNode(name, { status: { images: [{ names: [image], sizeBytes: size }] } });

const cases: readonly Case[] = [
  {
    name: "nothing asked, nothing there: defaults of 100m and 200Mi count",
    plugin: "NodeResourcesFit",
    nodes: [sized("a", "4", "10Gi"), sized("b", "8", "10Gi")],
    pod: makePod("p"),
    scores: { a: 97, b: 98 },
  },
  {
    name: "free shares of what is asked: ((4000-3000)/4000 + (10000-5000)/10000) / 2",
    plugin: "NodeResourcesFit",
    nodes: [sized("a", "4", "10000"), sized("b", "6", "10000")],
    pod: asking("3", "5000"),
    scores: { a: 37, b: 50 },
  },
  {
    name: "pods that are there count",
    plugin: "NodeResourcesFit",
    nodes: [sized("a", "10", "20000"), sized("b", "10", "20000")],
    there: [
      onNode(makePod("x", { requests: { cpu: "3", memory: "5000" } }), "a"),
      onNode(makePod("y", { requests: { cpu: "3", memory: "10000" } }), "b"),
    ],
    pod: asking("0", "0"),
    scores: { a: 72, b: 60 },
  },
  {
    name: "more than there is scores nothing",
    plugin: "NodeResourcesFit",
    nodes: [sized("a", "4", "10000")],
    there: [onNode(makePod("x", { requests: { cpu: "3", memory: "1000" } }), "a")],
    pod: asking("2", "1000"),
    scores: { a: 40 },
  },
  {
    name: "balance: the pod evens out the use of cpu and memory",
    plugin: "NodeResourcesBalancedAllocation",
    nodes: [sized("a", "4", "10000"), sized("b", "6", "10000")],
    pod: asking("3", "5000"),
    scores: { a: 68, b: 75 },
  },
  {
    name: "pods without requests have no balance",
    plugin: "NodeResourcesBalancedAllocation",
    nodes: [sized("a", "4", "10000")],
    pod: makePod("p"),
    scores: false,
  },
  {
    name: "fewer intolerable taints are better",
    plugin: "TaintToleration",
    nodes: [makeNode("a", prefer("k1")), makeNode("b", prefer("k1", "k2")), makeNode("c", prefer())],
    pod: makePod("p", { spec: { tolerations: [{ key: "k1", operator: "Exists" }] } }),
    scores: { a: 100, b: 0, c: 100 },
  },
  {
    name: "a toleration of NoSchedule does not soften PreferNoSchedule",
    plugin: "TaintToleration",
    nodes: [makeNode("a", prefer("k1")), makeNode("b", prefer())],
    pod: makePod("p", { spec: { tolerations: [{ key: "k1", operator: "Exists", effect: "NoSchedule" }] } }),
    scores: { a: 0, b: 100 },
  },
  { name: "no soft taints", plugin: "TaintToleration", nodes: [makeNode("a")], pod: makePod("p"), scores: false },
  {
    name: "weights of matching terms add up",
    plugin: "NodeAffinity",
    nodes: [labelled("a", { foo: "bar" }), labelled("b", { foo: "bar", key: "value" }), labelled("c", {})],
    pod: makePod("p", {
      spec: {
        affinity: {
          nodeAffinity: {
            preferredDuringSchedulingIgnoredDuringExecution: [
              { weight: 2, preference: { matchExpressions: [{ key: "foo", operator: "In", values: ["bar"] }] } },
              { weight: 4, preference: { matchExpressions: [{ key: "key", operator: "In", values: ["value"] }] } },
              { weight: 5, preference: { matchExpressions: [{ key: "foo", operator: "In", values: ["other"] }] } },
            ],
          },
        },
      },
    }),
    scores: { a: 33, b: 100, c: 0 },
  },
  {
    name: "large images draw, weighed by how many nodes have them",
    plugin: "ImageLocality",
    nodes: [withImage("a", "big:latest", megabytes(1000)), withImage("b", "small:1", megabytes(20)), makeNode("c")],
    pod: makePod("p", { spec: { containers: [{ name: "c", image: "big" }] } }),
    // 1000 MB on one of three nodes: 333 MB; (333 - 23) / (1000 - 23)
    scores: { a: 31, b: 0, c: 0 },
  },
  {
    name: "images nobody has",
    plugin: "ImageLocality",
    nodes: [makeNode("a")],
    pod: makePod("p"),
    scores: false,
  },
  {
    name: "soft spreading over hosts: three, one and no matching pods",
    plugin: "PodTopologySpread",
    nodes: [makeNode("a"), makeNode("b"), makeNode("c")],
    there: [app("1", "a"), app("2", "a"), app("3", "a"), app("4", "b"), app("5", "c", "other")],
    pod: makePod("p", { labels: { app: "a" }, spec: { topologySpreadConstraints: [soft(host)] } }),
    // weight ln 5: 4.83, 1.61, 0 → 5, 2, 0
    scores: { a: 0, b: 60, c: 100 },
  },
  {
    name: "soft spreading over zones: nodes without the label get nothing",
    plugin: "PodTopologySpread",
    nodes: [labelled("a", { [zone]: "1" }), labelled("b", { [zone]: "2" }), makeNode("c")],
    there: [app("1", "a"), app("2", "c")],
    pod: makePod("p", { labels: { app: "a" }, spec: { topologySpreadConstraints: [soft(zone)] } }),
    scores: { a: 0, b: 100, c: 0 },
  },
  {
    name: "pods that are being deleted do not count",
    plugin: "PodTopologySpread",
    nodes: [makeNode("a"), makeNode("b")],
    there: [
      onNode(makePod("1", { labels: { app: "a" }, metadata: { deletionTimestamp: "2026-01-01T00:00:00Z" } }), "a"),
      app("2", "b"),
    ],
    pod: makePod("p", { labels: { app: "a" }, spec: { topologySpreadConstraints: [soft(host)] } }),
    scores: { a: 100, b: 0 },
  },
  {
    name: "pods of a Service spread by default",
    plugin: "PodTopologySpread",
    nodes: [makeNode("a"), makeNode("b")],
    there: [app("1", "a")],
    pod: makePod("p", { labels: { app: "a" } }),
    listers: { services: readerOf(() => [service]) },
    // hosts: ln 4 · 1 + 2 = 3.4 → 3 and 2
    scores: { a: 66, b: 100 },
  },
  {
    name: "pods of a ReplicaSet spread by default",
    plugin: "PodTopologySpread",
    nodes: [makeNode("a"), makeNode("b")],
    there: [app("1", "b")],
    pod: makePod("p", {
      labels: { app: "a" },
      metadata: {
        ownerReferences: [{ apiVersion: "apps/v1", kind: "ReplicaSet", name: "rs", uid: "rs", controller: true }],
      },
    }),
    listers: { replicaSets: readerOf(() => [replicaSet]) },
    scores: { a: 100, b: 66 },
  },
  {
    name: "pods of nobody do not spread",
    plugin: "PodTopologySpread",
    nodes: [makeNode("a")],
    pod: makePod("p", { labels: { app: "a" } }),
    scores: false,
  },
  {
    name: "preferred affinity to a zone",
    plugin: "InterPodAffinity",
    nodes: [
      labelled("a", { [zone]: "1" }),
      labelled("b", { [zone]: "1" }),
      labelled("c", { [zone]: "2" }),
      makeNode("d"),
    ],
    there: [app("1", "a")],
    pod: makePod("p", {
      spec: {
        affinity: {
          podAffinity: {
            preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 5, podAffinityTerm: term(zone) }],
          },
        },
      },
    }),
    scores: { a: 100, b: 100, c: 0, d: 0 },
  },
  {
    name: "preferred anti-affinity, and required affinity of a pod that is there",
    plugin: "InterPodAffinity",
    nodes: [labelled("a", { [zone]: "1" }), labelled("b", { [zone]: "2" }), labelled("c", { [zone]: "3" })],
    there: [
      app("1", "a"),
      onNode(
        makePod("2", {
          spec: { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term(zone, "p")] } } },
        }),
        "b",
      ),
    ],
    pod: makePod("p", {
      labels: { app: "p" },
      spec: {
        affinity: {
          podAntiAffinity: {
            preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 3, podAffinityTerm: term(zone) }],
          },
        },
      },
    }),
    // a: -3, b: +1, c: 0
    scores: { a: 0, b: 100, c: 75 },
  },
  {
    name: "nobody has a wish",
    plugin: "InterPodAffinity",
    nodes: [makeNode("a")],
    there: [app("1", "a")],
    pod: makePod("p"),
    scores: false,
  },
];

for (const each of cases)
  test(`${each.plugin} scores: ${each.name}`, () => {
    assert.deepEqual(scoresOf(each), each.scores);
  });
