// Which nodes each filter lets through, with the reason for the others.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Namespace, Node, PersistentVolume, PersistentVolumeClaim, Pod, Toleration } from "../../api/index.ts";
import type { Listers } from "../handle.ts";
import { nodeHandler, podHandler } from "../handlers.ts";
import { podInfo } from "../snapshot/pod-info.ts";
import { makeNamespace, makeNode, makePod, makeWorld, onNode, type PodShape, readerOf } from "../testing.ts";

const zone = "topology.kubernetes.io/zone";
const host = "kubernetes.io/hostname";

interface Case {
  readonly name: string;
  readonly plugin: string;
  readonly nodes: readonly Node[];
  readonly there?: readonly Pod[];
  readonly pod: Pod;
  readonly listers?: Partial<Listers>;
  /** By node: "" fits, otherwise the reasons. A string: rejected before looking at nodes; "skip": nothing to say. */
  readonly says: Readonly<Record<string, string>> | string;
}

function verdict(each: Case): Record<string, string> | string {
  const world = makeWorld({ listers: each.listers ?? {} });
  for (const node of each.nodes) nodeHandler(world.world).add!(node, true);
  for (const pod of each.there ?? []) podHandler(world.world).add!(pod, true);
  const step = world.context.plugins.find((one) => one.name === each.plugin)!.filter!(podInfo(each.pod));
  if (step.kind === "skip") return "skip";
  if (step.kind === "reject") return step.status.reasons.join(", ");
  const { filter } = step;
  return Object.fromEntries(
    world.framework.snapshot.nodes().map((node) => [node.name, filter.check(node)?.reasons.join(", ") ?? ""]),
  );
}

const mismatch = "node(s) didn't match Pod's node affinity/selector";
const untolerated = "node(s) had untolerated taint(s)";
const skewed = "node(s) didn't match pod topology spread constraints";
const withTaint = (effect: "NoSchedule" | "NoExecute" | "PreferNoSchedule"): Node =>
  makeNode("n", { spec: { taints: [{ key: "k", value: "v", effect }] } });
const tolerating = (...tolerations: Toleration[]): Pod => makePod("p", { spec: { tolerations } });
const label = (labels: Record<string, string>): Node => makeNode("n", { labels });
type Requirement = {
  key: string;
  operator: "In" | "NotIn" | "Exists" | "DoesNotExist" | "Gt" | "Lt";
  values?: string[];
};
const affine = (...terms: { matchExpressions?: Requirement[]; matchFields?: Requirement[] }[]): Pod =>
  makePod("p", {
    spec: {
      affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } } },
    },
  });
const port = (hostPort: number, hostIP?: string, protocol?: "TCP" | "UDP"): PodShape => ({
  spec: {
    containers: [
      {
        name: "c",
        ports: [{ containerPort: 1, hostPort, ...(hostIP ? { hostIP } : {}), ...(protocol ? { protocol } : {}) }],
      },
    ],
  },
});
const taken = "node(s) didn't have free ports for the requested pod ports";
const app = (name: string, nodeName: string, more: PodShape = {}): Pod =>
  onNode(makePod(name, { labels: { app: "a" }, ...more }), nodeName);
const term = (topologyKey: string, more: object = {}) => ({
  topologyKey,
  labelSelector: { matchLabels: { app: "a" } },
  ...more,
});
const together = (...terms: ReturnType<typeof term>[]) => ({
  affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: terms } },
});
const apart = (...terms: ReturnType<typeof term>[]) => ({
  affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: terms } },
});
const spread = (topologyKey: string, more: object = {}) => ({
  topologySpreadConstraints: [
    {
      maxSkew: 1,
      topologyKey,
      whenUnsatisfiable: "DoNotSchedule" as const,
      labelSelector: { matchLabels: { app: "a" } },
      ...more,
    },
  ],
});
const zones = (...values: (string | undefined)[]): Node[] =>
  values.map((value, index) => makeNode(`n${index}`, { labels: value === undefined ? {} : { [zone]: value } }));
const namespaces: Partial<Listers> = {
  namespaces: readerOf((): Namespace[] => [makeNamespace("default"), makeNamespace("team", { team: "x" })]),
};
const claim: PersistentVolumeClaim = {
  apiVersion: "v1",
  kind: "PersistentVolumeClaim",
  metadata: {
    name: "c",
    namespace: "default",
    uid: "c",
    resourceVersion: "1",
    creationTimestamp: "",
    annotations: { "pv.kubernetes.io/bind-completed": "yes" },
  },
  spec: { volumeName: "v" },
};
const volume = (nodeName?: string): PersistentVolume => ({
  apiVersion: "v1",
  kind: "PersistentVolume",
  metadata: { name: "v", uid: "v", resourceVersion: "1", creationTimestamp: "" },
  spec:
    nodeName === undefined
      ? {}
      : {
          nodeAffinity: {
            required: {
              nodeSelectorTerms: [{ matchExpressions: [{ key: host, operator: "In", values: [nodeName] }] }],
            },
          },
        },
});
const withClaim = makePod("p", { spec: { volumes: [{ name: "v", persistentVolumeClaim: { claimName: "c" } }] } });
const singleClaim: PersistentVolumeClaim = {
  ...claim,
  spec: { ...claim.spec, accessModes: ["ReadWriteOncePod"] },
};
const singleInUse =
  "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod";
const withDisk = (name: string, readOnly: boolean): Pod =>
  makePod(name, { spec: { volumes: [{ name: "v", gcePersistentDisk: { pdName: "disk", readOnly } }] } });

const cases: readonly Case[] = [
  { name: "no taints anywhere", plugin: "TaintToleration", nodes: [makeNode("n")], pod: makePod("p"), says: "skip" },
  {
    name: "NoSchedule",
    plugin: "TaintToleration",
    nodes: [withTaint("NoSchedule")],
    pod: makePod("p"),
    says: { n: untolerated },
  },
  {
    name: "tolerated by key and value",
    plugin: "TaintToleration",
    nodes: [withTaint("NoExecute")],
    pod: tolerating({ key: "k", operator: "Equal", value: "v", effect: "NoExecute" }),
    says: { n: "" },
  },
  {
    name: "another value",
    plugin: "TaintToleration",
    nodes: [withTaint("NoSchedule")],
    pod: tolerating({ key: "k", value: "other" }),
    says: { n: untolerated },
  },
  {
    name: "another effect",
    plugin: "TaintToleration",
    nodes: [withTaint("NoSchedule")],
    pod: tolerating({ operator: "Exists", effect: "NoExecute" }),
    says: { n: untolerated },
  },
  {
    name: "everything tolerated",
    plugin: "TaintToleration",
    nodes: [withTaint("NoSchedule")],
    pod: tolerating({ operator: "Exists" }),
    says: { n: "" },
  },
  {
    name: "PreferNoSchedule",
    plugin: "TaintToleration",
    nodes: [withTaint("PreferNoSchedule")],
    pod: makePod("p"),
    says: "skip",
  },
  {
    name: "cordoned",
    plugin: "NodeUnschedulable",
    nodes: [makeNode("a", { spec: { unschedulable: true } }), makeNode("b")],
    pod: makePod("p"),
    says: { a: "node(s) were unschedulable", b: "" },
  },
  {
    name: "cordoned and tolerated",
    plugin: "NodeUnschedulable",
    nodes: [makeNode("a", { spec: { unschedulable: true } })],
    pod: tolerating({ key: "node.kubernetes.io/unschedulable", operator: "Exists" }),
    says: "skip",
  },
  { name: "no wish", plugin: "NodeAffinity", nodes: [makeNode("n")], pod: makePod("p"), says: "skip" },
  {
    name: "all pairs of the selector",
    plugin: "NodeAffinity",
    nodes: [label({ a: "1" })],
    pod: makePod("p", { spec: { nodeSelector: { a: "1", b: "2" } } }),
    says: { n: mismatch },
  },
  {
    name: "Gt",
    plugin: "NodeAffinity",
    nodes: [label({ gen: "9" })],
    pod: affine({ matchExpressions: [{ key: "gen", operator: "Gt", values: ["10"] }] }),
    says: { n: mismatch },
  },
  {
    name: "Lt",
    plugin: "NodeAffinity",
    nodes: [label({ gen: "9" })],
    pod: affine({ matchExpressions: [{ key: "gen", operator: "Lt", values: ["10"] }] }),
    says: { n: "" },
  },
  {
    name: "NotIn matches nodes without the label",
    plugin: "NodeAffinity",
    nodes: [makeNode("n")],
    pod: affine({ matchExpressions: [{ key: "x", operator: "NotIn", values: ["1"] }] }),
    says: { n: "" },
  },
  {
    name: "expressions of a term are ANDed",
    plugin: "NodeAffinity",
    nodes: [label({ a: "1" })],
    pod: affine({
      matchExpressions: [
        { key: "a", operator: "Exists" },
        { key: "b", operator: "Exists" },
      ],
    }),
    says: { n: mismatch },
  },
  {
    name: "terms are ORed",
    plugin: "NodeAffinity",
    nodes: [label({ a: "1" })],
    pod: affine(
      { matchExpressions: [{ key: "b", operator: "Exists" }] },
      { matchExpressions: [{ key: "a", operator: "Exists" }] },
    ),
    says: { n: "" },
  },
  {
    name: "an empty term matches nothing",
    plugin: "NodeAffinity",
    nodes: [makeNode("n")],
    pod: affine({}),
    says: { n: mismatch },
  },
  {
    name: "names that exclude each other",
    plugin: "NodeAffinity",
    nodes: [makeNode("n")],
    pod: affine({
      matchFields: [
        { key: "metadata.name", operator: "In", values: ["n"] },
        { key: "metadata.name", operator: "In", values: ["m"] },
      ],
    }),
    says: "pod affinity terms conflict",
  },
  {
    name: "a port that is taken on every address",
    plugin: "NodePorts",
    nodes: [makeNode("n")],
    there: [onNode(makePod("x", port(80)), "n")],
    pod: makePod("p", port(80, "127.0.0.1")),
    says: { n: taken },
  },
  {
    name: "a port that is taken on another address",
    plugin: "NodePorts",
    nodes: [makeNode("n")],
    there: [onNode(makePod("x", port(80, "10.0.0.1")), "n")],
    pod: makePod("p", port(80, "127.0.0.1")),
    says: { n: "" },
  },
  {
    name: "another protocol",
    plugin: "NodePorts",
    nodes: [makeNode("n")],
    there: [onNode(makePod("x", port(80)), "n")],
    pod: makePod("p", port(80, undefined, "UDP")),
    says: { n: "" },
  },
  {
    name: "extended resources",
    plugin: "NodeResourcesFit",
    nodes: [makeNode("a", { allocatable: { "example.com/gpu": "2" } }), makeNode("b")],
    there: [onNode(makePod("x", { requests: { "example.com/gpu": "1" } }), "a")],
    pod: makePod("p", { requests: { "example.com/gpu": "2" } }),
    says: { a: "Insufficient example.com/gpu", b: "Insufficient example.com/gpu" },
  },
  {
    name: "init containers count by their peak, sidecars all the time",
    plugin: "NodeResourcesFit",
    nodes: [makeNode("a", { allocatable: { cpu: "3" } }), makeNode("b", { allocatable: { cpu: "4" } })],
    pod: makePod("p", {
      requests: { cpu: "1" },
      spec: {
        initContainers: [
          { name: "side", restartPolicy: "Always", resources: { requests: { cpu: "1" } } },
          { name: "init", resources: { requests: { cpu: "3" } } },
        ],
      },
    }),
    says: { a: "Insufficient cpu", b: "" },
  },
  {
    name: "overhead counts",
    plugin: "NodeResourcesFit",
    nodes: [makeNode("n", { allocatable: { cpu: "1" } })],
    pod: makePod("p", { requests: { cpu: "1" }, spec: { overhead: { cpu: "1m" } } }),
    says: { n: "Insufficient cpu" },
  },
  {
    name: "resources of the pod as a whole stand for those of its containers",
    plugin: "NodeResourcesFit",
    nodes: [makeNode("a", { allocatable: { cpu: "1" } }), makeNode("b", { allocatable: { cpu: "2" } })],
    pod: makePod("p", { requests: { cpu: "500m" }, spec: { resources: { requests: { cpu: "1500m" } } } }),
    says: { a: "Insufficient cpu", b: "" },
  },
  {
    name: "one pod too many and no room",
    plugin: "NodeResourcesFit",
    nodes: [makeNode("n", { allocatable: { pods: "0", cpu: "1" } })],
    pod: makePod("p", { requests: { cpu: "2", "ephemeral-storage": "1Gi" } }),
    says: { n: "Too many pods, Insufficient cpu, Insufficient ephemeral-storage" },
  },
  {
    name: "zones with one, none and no label",
    plugin: "PodTopologySpread",
    nodes: zones("1", "2", undefined),
    there: [app("x", "n0")],
    pod: makePod("p", { labels: { app: "a" }, spec: spread(zone) }),
    says: { n0: skewed, n1: "", n2: `${skewed} (missing required label)` },
  },
  {
    name: "a pod that does not count itself",
    plugin: "PodTopologySpread",
    nodes: zones("1", "2"),
    there: [app("x", "n0")],
    pod: makePod("p", { labels: { app: "b" }, spec: spread(zone) }),
    says: { n0: "", n1: "" },
  },
  {
    name: "fewer domains than minDomains: the minimum is none",
    plugin: "PodTopologySpread",
    nodes: zones("1", "2"),
    there: [app("x", "n0"), app("y", "n1")],
    pod: makePod("p", { labels: { app: "a" }, spec: spread(zone, { minDomains: 3 }) }),
    says: { n0: skewed, n1: skewed },
  },
  {
    name: "nodes that the pod cannot go to do not count",
    plugin: "PodTopologySpread",
    nodes: zones("1", "2"),
    there: [app("x", "n0")],
    pod: makePod("p", { labels: { app: "a" }, spec: { ...spread(zone), nodeSelector: { [zone]: "1" } } }),
    says: { n0: "", n1: "" },
  },
  {
    name: "unless they are to count",
    plugin: "PodTopologySpread",
    nodes: zones("1", "2"),
    there: [app("x", "n0")],
    pod: makePod("p", {
      labels: { app: "a" },
      spec: { ...spread(zone, { nodeAffinityPolicy: "Ignore" }), nodeSelector: { [zone]: "1" } },
    }),
    says: { n0: skewed, n1: "" },
  },
  {
    name: "tainted nodes do not count when taints are honoured",
    plugin: "PodTopologySpread",
    nodes: [
      makeNode("n0", { labels: { [zone]: "1" } }),
      makeNode("n1", { labels: { [zone]: "2" }, spec: { taints: [{ key: "k", effect: "NoSchedule" }] } }),
    ],
    there: [app("x", "n0")],
    pod: makePod("p", { labels: { app: "a" }, spec: spread(zone, { nodeTaintsPolicy: "Honor" }) }),
    says: { n0: "", n1: "" },
  },
  {
    name: "matchLabelKeys narrow what counts",
    plugin: "PodTopologySpread",
    nodes: zones("1", "2"),
    there: [app("x", "n0", { labels: { app: "a", version: "1" } })],
    pod: makePod("p", { labels: { app: "a", version: "2" }, spec: spread(zone, { matchLabelKeys: ["version"] }) }),
    says: { n0: "", n1: "" },
  },
  {
    name: "the first of a group that wants to be together",
    plugin: "InterPodAffinity",
    nodes: zones("1", undefined),
    pod: makePod("p", { labels: { app: "a" }, spec: together(term(zone)) }),
    says: { n0: "", n1: "node(s) didn't match pod affinity rules" },
  },
  {
    name: "together with one that is there",
    plugin: "InterPodAffinity",
    nodes: zones("1", "1", "2"),
    there: [app("x", "n0")],
    pod: makePod("p", { spec: together(term(zone)) }),
    says: { n0: "", n1: "", n2: "node(s) didn't match pod affinity rules" },
  },
  {
    name: "not with pods of another namespace",
    plugin: "InterPodAffinity",
    nodes: zones("1"),
    there: [app("x", "n0", { namespace: "team" })],
    pod: makePod("p", { spec: together(term(zone)) }),
    says: { n0: "node(s) didn't match pod affinity rules" },
  },
  {
    name: "unless it is named",
    plugin: "InterPodAffinity",
    nodes: zones("1"),
    there: [app("x", "n0", { namespace: "team", labels: { app: "a" } })],
    pod: makePod("p", { spec: together(term(zone, { namespaces: ["team"] })) }),
    says: { n0: "" },
  },
  {
    name: "or chosen by its labels",
    plugin: "InterPodAffinity",
    nodes: zones("1"),
    there: [app("x", "n0", { namespace: "team", labels: { app: "a" } })],
    pod: makePod("p", { spec: together(term(zone, { namespaceSelector: { matchLabels: { team: "x" } } })) }),
    listers: namespaces,
    says: { n0: "" },
  },
  {
    name: "apart",
    plugin: "InterPodAffinity",
    nodes: zones("1", "1", "2"),
    there: [app("x", "n0")],
    pod: makePod("p", { spec: apart(term(zone)) }),
    says: {
      n0: "node(s) didn't match pod anti-affinity rules",
      n1: "node(s) didn't match pod anti-affinity rules",
      n2: "",
    },
  },
  {
    name: "kept apart by one of a namespace that is chosen by its labels",
    plugin: "InterPodAffinity",
    nodes: zones("1", "2"),
    there: [
      onNode(
        makePod("x", {
          namespace: "default",
          spec: apart(term(zone, { namespaceSelector: { matchLabels: { team: "x" } } })),
        }),
        "n0",
      ),
    ],
    pod: makePod("p", { namespace: "team", labels: { app: "a" } }),
    listers: namespaces,
    says: { n0: "node(s) didn't satisfy existing pods anti-affinity rules", n1: "" },
  },
  {
    name: "a claim for one pod that nobody uses",
    plugin: "VolumeRestrictions",
    nodes: [makeNode("a")],
    pod: withClaim,
    listers: { persistentVolumeClaims: readerOf(() => [singleClaim]) },
    says: "skip",
  },
  {
    name: "a claim for one pod that another pod uses, on whatever node",
    plugin: "VolumeRestrictions",
    nodes: [makeNode("a"), makeNode("b")],
    there: [onNode({ ...withClaim, metadata: { ...withClaim.metadata, name: "q", uid: "q" } }, "a")],
    pod: withClaim,
    listers: { persistentVolumeClaims: readerOf(() => [singleClaim]) },
    says: { a: singleInUse, b: singleInUse },
  },
  {
    name: "a disk that another pod writes",
    plugin: "VolumeRestrictions",
    nodes: [makeNode("a"), makeNode("b")],
    there: [onNode(withDisk("q", false), "a")],
    pod: withDisk("p", true),
    says: { a: "node(s) had no available disk", b: "" },
  },
  {
    name: "a disk that all only read",
    plugin: "VolumeRestrictions",
    nodes: [makeNode("a")],
    there: [onNode(withDisk("q", true), "a")],
    pod: withDisk("p", true),
    says: { a: "" },
  },
  {
    name: "a bound claim whose volume is everywhere",
    plugin: "VolumeBinding",
    nodes: [makeNode("n")],
    pod: withClaim,
    listers: { persistentVolumeClaims: readerOf(() => [claim]), persistentVolumes: readerOf(() => [volume()]) },
    says: "skip",
  },
  {
    name: "a bound claim whose volume is on one node",
    plugin: "VolumeBinding",
    nodes: [makeNode("a"), makeNode("b")],
    pod: withClaim,
    listers: { persistentVolumeClaims: readerOf(() => [claim]), persistentVolumes: readerOf(() => [volume("b")]) },
    says: { a: "node(s) didn't match PersistentVolume's node affinity", b: "" },
  },
  {
    name: "a bound claim whose volume is gone",
    plugin: "VolumeBinding",
    nodes: [makeNode("a")],
    pod: withClaim,
    listers: { persistentVolumeClaims: readerOf(() => [claim]) },
    says: { a: "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)" },
  },
  {
    name: "a feature that nodes declare",
    plugin: "NodeDeclaredFeatures",
    nodes: [makeNode("a", { status: { declaredFeatures: ["UserNamespacesHostNetworkSupport"] } }), makeNode("b")],
    pod: makePod("p", { spec: { hostNetwork: true, hostUsers: false } }),
    says: { a: "", b: "node(s) didn't match Pod's required features" },
  },
];

for (const each of cases)
  test(`${each.plugin} filters: ${each.name}`, () => {
    assert.deepEqual(verdict(each), each.says);
  });
