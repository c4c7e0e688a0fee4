import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Node, Pod } from "../../api/index.ts";
import { compileSelector } from "../lib/selectors.ts";
import { makeNode, makePod, onNode } from "../testing.ts";
import { podInfo } from "./pod-info.ts";
import { Snapshot } from "./snapshot.ts";

const zone = "topology.kubernetes.io/zone";
const host = "kubernetes.io/hostname";
const selector = compileSelector({ matchLabels: { app: "a" } });
const terminatingSelector = compileSelector({ matchExpressions: [{ key: "app", operator: "Exists" }] });

/** Everything a plugin can see, in a form that does not depend on slots and domain numbers. */
function describe(snapshot: Snapshot): unknown {
  const columns = [zone, host].map((key) => snapshot.topology.column(key));
  const counters = [
    snapshot.counters.get({ namespaces: ["default"], selectors: [selector], terminating: false }),
    snapshot.counters.get({ namespaces: ["default", "other"], selectors: [terminatingSelector], terminating: true }),
  ];
  const domainName = (column: (typeof columns)[number], domain: number): string =>
    [...column.numbers].find(([, number]) => number === domain)?.[0] ?? "?";
  const byDomain = (column: (typeof columns)[number], counts: Iterable<[number, number]>): unknown =>
    [...counts]
      .filter(([, count]) => count !== 0)
      .map(([domain, count]) => `${domainName(column, domain)}=${count}`)
      .sort();
  const probe = podInfo(makePod("probe", { labels: { app: "a" } }));
  const kinds = ["requiredAffinity", "requiredAntiAffinity", "preferredAffinity", "preferredAntiAffinity"] as const;
  return {
    sizes: snapshot.sizes,
    marked: snapshot.marked,
    image: [...(snapshot.images.get("app:1")?.nodes ?? [])].sort(),
    nodes: [...snapshot.nodes()]
      .map((node) => ({
        name: node.name,
        labels: node.labels,
        taints: [node.hardTaints, node.softTaints],
        requested: [node.requestedCpu, node.requestedMemory, node.requestedEphemeralStorage],
        scalars: [...(node.requestedScalars ?? [])].sort(),
        nonZero: [node.nonZeroCpu, node.nonZeroMemory],
        pods: node.pods.map((pod) => pod.uid).sort(),
        ports: node.usedPorts.describe(),
        counted: counters.map((counter) => counter.onNode[node.slot]),
      }))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
    columns: columns.map((column) => ({
      lacking: column.lacking,
      domains: column.domains,
      nodesIn: byDomain(column, column.nodesIn.entries()),
      counted: counters.map((counter) => byDomain(column, counter.inDomains(column).entries())),
    })),
    totals: counters.map((counter) => counter.total),
    terms: kinds.map((kind) =>
      snapshot.terms
        .matching(kind, probe, undefined)
        .map((group) => `${group.term.key}*${group.weight}:${byDomain(group.column, group.inDomain)}`)
        .sort(),
    ),
  };
}

const term = { topologyKey: zone, labelSelector: { matchLabels: { app: "a" } } };
const affinities: NonNullable<Pod["spec"]>["affinity"][] = [
  undefined,
  { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ ...term, topologyKey: host }] } },
  { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } },
  { podAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 7, podAffinityTerm: term }] } },
];

type Step =
  | { readonly do: "node"; readonly name: string; readonly zone: string | undefined; readonly marks: number }
  | { readonly do: "remove node"; readonly name: string }
  | { readonly do: "pod" | "assume"; readonly id: number; readonly node: string; readonly shape: number }
  | { readonly do: "remove pod" | "forget"; readonly id: number };

const nodeNames = fc.constantFrom("n0", "n1", "n2", "n3");
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({
      do: fc.constant("node" as const),
      name: nodeNames,
      zone: fc.constantFrom(undefined, "a", "b"),
      marks: fc.nat(7),
    }),
    fc.record({ do: fc.constant("remove node" as const), name: nodeNames }),
    fc.record({
      do: fc.constantFrom("pod" as const, "assume" as const),
      id: fc.nat(9),
      node: nodeNames,
      shape: fc.nat(31),
    }),
    fc.record({ do: fc.constantFrom("remove pod" as const, "forget" as const), id: fc.nat(9) }),
  ),
  { maxLength: 40 },
);

function nodeOf(step: Extract<Step, { do: "node" }>): Node {
  return makeNode(step.name, {
    labels: step.zone === undefined ? {} : { [zone]: step.zone },
    spec: {
      ...(step.marks & 1 ? { unschedulable: true } : {}),
      taints: [
        ...(step.marks & 2 ? [{ key: "k", effect: "NoSchedule" as const }] : []),
        ...(step.marks & 4 ? [{ key: "k", effect: "PreferNoSchedule" as const }] : []),
      ],
    },
    status: { images: step.marks & 4 ? [{ names: ["app:1"], sizeBytes: 5 }] : [] },
  });
}

function podOf(id: number, shape: number): Pod {
  return makePod(`p${id}`, {
    namespace: shape & 16 ? "other" : "default",
    labels: { app: shape & 4 ? "a" : "b" },
    requests: shape & 8 ? { cpu: "1", memory: "1Gi", "example.com/gpu": "2" } : {},
    spec: { affinity: affinities[shape & 3]! },
    metadata: { uid: `u${id}`, ...(shape & 8 ? { deletionTimestamp: "2026-01-01T00:00:00Z" } : {}) },
  });
}

test("after any changes the snapshot equals one built anew", () => {
  fc.assert(
    fc.property(steps, (sequence) => {
      const snapshot = new Snapshot();
      describe(snapshot); // registers counters and columns from the start, so that they are kept up to date
      const nodes = new Map<string, Node>();
      const pods = new Map<string, { pod: Pod; node: string; assumed: boolean }>();
      for (const step of sequence) {
        if (step.do === "node") {
          const node = nodeOf(step);
          nodes.set(step.name, node);
          snapshot.setNode(node);
        } else if (step.do === "remove node") {
          nodes.delete(step.name);
          snapshot.removeNode(step.name);
        } else if (step.do === "pod") {
          const pod = podOf(step.id, step.shape);
          pods.set(pod.metadata.uid, { pod, node: step.node, assumed: false });
          snapshot.setPod(onNode(pod, step.node));
        } else if (step.do === "assume") {
          const pod = podOf(step.id, step.shape);
          if (pods.has(pod.metadata.uid)) assert.throws(() => snapshot.assume(podInfo(pod), step.node));
          else {
            pods.set(pod.metadata.uid, { pod, node: step.node, assumed: true });
            snapshot.assume(podInfo(pod), step.node);
          }
        } else {
          const uid = `u${step.id}`;
          const isAssumed = pods.get(uid)?.assumed === true;
          assert.equal(snapshot.isAssumed(uid), isAssumed);
          if (step.do === "remove pod") snapshot.removePod(uid);
          else assert.equal(snapshot.forget(uid), isAssumed);
          if (step.do === "remove pod" || isAssumed) pods.delete(uid);
        }
      }
      const anew = new Snapshot();
      for (const node of nodes.values()) anew.setNode(node);
      for (const { pod, node, assumed } of pods.values())
        if (assumed) anew.assume(podInfo(pod), node);
        else anew.setPod(onNode(pod, node));
      assert.deepEqual(describe(snapshot), describe(anew));
    }),
    { numRuns: 150 },
  );
});

test("zones take turns in the order of nodes", () => {
  const snapshot = new Snapshot();
  const put = (name: string, value: string): void => snapshot.setNode(makeNode(name, { labels: { [zone]: value } }));
  put("a1", "a");
  put("a2", "a");
  put("a3", "a");
  put("b1", "b");
  put("c1", "c");
  put("c2", "c");
  const names = () => snapshot.nodes().map((node) => node.name);
  assert.deepEqual(names(), ["a1", "b1", "c1", "a2", "c2", "a3"]);
  snapshot.removeNode("b1");
  put("a2", "c");
  assert.deepEqual(names(), ["a1", "c1", "a3", "c2", "a2"]);
});

test("a pod that is seen on another node than assumed moves there", () => {
  const snapshot = new Snapshot();
  snapshot.setNode(makeNode("n1"));
  snapshot.setNode(makeNode("n2"));
  const pod = makePod("p", { requests: { cpu: "1" } });
  snapshot.assume(podInfo(pod), "n1");
  assert.equal(snapshot.node("n1")!.requestedCpu, 1000);
  snapshot.setPod(onNode(pod, "n2"));
  assert.equal(snapshot.node("n1")!.requestedCpu, 0);
  assert.equal(snapshot.node("n2")!.requestedCpu, 1000);
  assert.equal(snapshot.forget(pod.metadata.uid), false);
});

test("more nodes than the arrays were made for", () => {
  const snapshot = new Snapshot();
  const counter = () => snapshot.counters.get({ namespaces: ["default"], selectors: [selector], terminating: false });
  counter();
  const column = snapshot.topology.column(host);
  for (let index = 0; index < 300; index++) {
    snapshot.setNode(makeNode(`n${index}`));
    snapshot.setPod(onNode(makePod(`p${index}`, { labels: { app: "a" } }), `n${index}`));
  }
  assert.equal(counter().total, 300);
  assert.equal(column.domains, 300);
  assert.ok(snapshot.nodes().every((node) => counter().onNode[node.slot] === 1));
});
