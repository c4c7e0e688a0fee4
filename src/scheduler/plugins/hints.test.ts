// Queueing hints: which changes make a pod worth another try that the plugin rejected (KEP-4247).
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Node, Pod } from "../../api/index.ts";
import type { KubeObject } from "../../machinery/index.ts";
import { assignedPodAdd, assignedPodDelete, nodeAdd, nodeChanges, nodeDelete, podChanges } from "../changes.ts";
import { type ClusterEvent, eventMatches } from "../framework.ts";
import { podInfo } from "../snapshot/pod-info.ts";
import { makeNode, makePod, makeWorld, onNode } from "../testing.ts";

const zone = "topology.kubernetes.io/zone";

/** Asks the plugin about every event that the change is. */
function helps(
  plugin: string,
  pod: Pod,
  change: { before?: KubeObject; after?: KubeObject; events: readonly ClusterEvent[] },
): boolean {
  const registrations = makeWorld().context.plugins.find((each) => each.name === plugin)!.events ?? [];
  return change.events.some((event) =>
    registrations.some(
      (each) =>
        eventMatches(each, event) && (each.hint === undefined || each.hint(podInfo(pod), change.before, change.after)),
    ),
  );
}

const added = (after: Node) => ({ after, events: [nodeAdd] });
const removed = (before: Node) => ({ before, events: [nodeDelete] });
const changed = (before: Node, after: Node) => ({ before, after, events: nodeChanges(before, after) });
const bound = (after: Pod) => ({ after, events: [assignedPodAdd] });
const gone = (before: Pod) => ({ before, events: [assignedPodDelete] });
const updated = (before: Pod, after: Pod) => ({ before, after, events: podChanges(before, after) });

const node = (more: Parameters<typeof makeNode>[1] = {}): Node => makeNode("n", more);
const tainted = node({ spec: { taints: [{ key: "k", effect: "NoSchedule" }] } });
const cordoned = node({ spec: { unschedulable: true } });
const plain = makePod("p");
const big = makePod("p", { requests: { cpu: "6" } });
const ssd = makePod("p", { spec: { nodeSelector: { disk: "ssd" } } });
const ported = makePod("p", { spec: { containers: [{ name: "c", ports: [{ containerPort: 1, hostPort: 80 }] }] } });
const tolerant: Pod = { ...plain, spec: { ...plain.spec!, tolerations: [{ operator: "Exists" }] } };
const term = (app: string) => ({ topologyKey: zone, labelSelector: { matchLabels: { app } } });
const wants = makePod("p", {
  spec: { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term("a")] } } },
});
const avoids = makePod("p", {
  spec: { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term("a")] } } },
});
const spreads = makePod("p", {
  labels: { app: "a" },
  spec: {
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: zone,
        whenUnsatisfiable: "DoNotSchedule",
        labelSelector: { matchLabels: { app: "a" } },
      },
    ],
  },
});
const app = (name: string): Pod => onNode(makePod("other", { labels: { app: name } }), "n");
const relabelled = (pod: Pod, name: string): Pod => ({ ...pod, metadata: { ...pod.metadata, labels: { app: name } } });
const sized = (cpu: string): Pod => onNode(makePod("other", { requests: { cpu } }), "n");

const cases: readonly [plugin: string, what: string, pod: Pod, change: Parameters<typeof helps>[2], answer: boolean][] =
  [
    ["NodeUnschedulable", "a node is uncordoned", plain, changed(cordoned, node()), true],
    ["NodeUnschedulable", "a node is cordoned", plain, changed(node(), cordoned), false],
    ["NodeUnschedulable", "a cordoned node is added", plain, added(cordoned), false],
    ["NodeUnschedulable", "the pod gets a toleration", plain, updated(plain, tolerant), true],
    ["TaintToleration", "a taint is taken away", plain, changed(tainted, node()), true],
    ["TaintToleration", "a taint is put on", plain, changed(node(), tainted), false],
    ["TaintToleration", "a tainted node is added", plain, added(tainted), false],
    ["TaintToleration", "a node is added", plain, added(node()), true],
    ["TaintToleration", "the pod gets a toleration", plain, updated(plain, tolerant), true],
    ["NodeAffinity", "a node gets the label", ssd, changed(node(), node({ labels: { disk: "ssd" } })), true],
    ["NodeAffinity", "a node gets another label", ssd, changed(node(), node({ labels: { disk: "hdd" } })), false],
    ["NodeAffinity", "a node with the label is added", ssd, added(node({ labels: { disk: "ssd" } })), true],
    ["NodeAffinity", "a pod goes", ssd, gone(app("a")), false],
    ["NodePorts", "a pod with the port goes", ported, gone(onNode(ported, "n")), true],
    ["NodePorts", "a pod without ports goes", ported, gone(app("a")), false],
    ["NodePorts", "a pending pod with the port goes", ported, gone(ported), false],
    ["NodeResourcesFit", "a bound pod goes", big, gone(app("a")), true],
    ["NodeResourcesFit", "a pending pod goes", big, gone(makePod("other")), false],
    ["NodeResourcesFit", "a large enough node is added", big, added(node({ allocatable: { cpu: "8" } })), true],
    ["NodeResourcesFit", "a node that is too small is added", big, added(node()), false],
    ["NodeResourcesFit", "a node grows enough", big, changed(node(), node({ allocatable: { cpu: "8" } })), true],
    ["NodeResourcesFit", "a node grows too little", big, changed(node(), node({ allocatable: { cpu: "5" } })), false],
    [
      "NodeResourcesFit",
      "a node grows in something else",
      big,
      changed(node({ allocatable: { cpu: "8" } }), node({ allocatable: { cpu: "8", memory: "64Gi" } })),
      false,
    ],
    [
      "NodeResourcesFit",
      "a bound pod shrinks",
      big,
      updated(sized("2"), { ...sized("1"), metadata: sized("1").metadata }),
      true,
    ],
    ["NodeResourcesFit", "a heartbeat", big, changed(node(), node()), false],
    ["PodTopologySpread", "a pod that counts goes", spreads, gone(app("a")), true],
    ["PodTopologySpread", "another pod goes", spreads, gone(app("b")), false],
    ["PodTopologySpread", "a pod that counts comes", spreads, bound(app("a")), true],
    ["PodTopologySpread", "a pod no longer counts", spreads, updated(app("a"), relabelled(app("a"), "b")), true],
    ["PodTopologySpread", "a node of a zone is added", spreads, added(node({ labels: { [zone]: "z" } })), true],
    ["PodTopologySpread", "a node of no zone is added", spreads, added(node()), false],
    ["PodTopologySpread", "a node of a zone goes", spreads, removed(node({ labels: { [zone]: "z" } })), true],
    ["InterPodAffinity", "a wanted pod comes", wants, bound(app("a")), true],
    ["InterPodAffinity", "another pod comes", wants, bound(app("b")), false],
    ["InterPodAffinity", "a pod becomes wanted", wants, updated(app("b"), relabelled(app("b"), "a")), true],
    ["InterPodAffinity", "an avoided pod goes", avoids, gone(app("a")), true],
    ["InterPodAffinity", "another pod goes", avoids, gone(app("b")), false],
    ["InterPodAffinity", "a pod that avoids it goes", relabelled(plain, "a"), gone(onNode(avoids, "n")), true],
    ["InterPodAffinity", "a node of a zone is added", wants, added(node({ labels: { [zone]: "z" } })), true],
    ["InterPodAffinity", "a node of no zone is added", wants, added(node()), false],
    ["NodeName", "a node is added", plain, added(node()), true],
    ["NodeName", "a node changes", plain, changed(node(), tainted), false],
    ["DefaultPreemption", "a pod goes", plain, gone(app("a")), false],
  ];

for (const [plugin, what, pod, change, answer] of cases)
  test(`${plugin}: ${what}: ${answer ? "try again" : "wait on"}`, () => {
    assert.equal(helps(plugin, pod, change), answer);
  });
