// Workloads of upstream's scheduler benchmark (test/integration/scheduler_perf of Kubernetes 1.36), by the names they have there: what the
// nodes and pods are, how many there are, and the least rate that upstream demands of itself on 5,000 nodes.

export interface Sizes {
  readonly nodes: number;
  /** Pods that are scheduled before the clock runs. */
  readonly before: number;
  readonly measured: number;
}

export interface Workload {
  readonly name: string;
  /** Values of the zone label, dealt out in turn. */
  readonly zones?: readonly string[];
  /** Of each node; upstream's usual node when not given. */
  readonly size?: Readonly<Record<string, string>>;
  readonly before: object;
  readonly measured: object;
  /** Namespaces of both kinds of pods. */
  readonly namespaces: readonly [string, string];
  readonly small: Sizes;
  readonly large: Sizes;
  /** Upstream's threshold for the large size, pods a second; none where it has none. */
  readonly threshold?: number;
  /** Much like another one: measured in the full run alone. */
  readonly fullOnly?: true;
}

const zoneKey = "topology.kubernetes.io/zone";
const hostKey = "kubernetes.io/hostname";

const resources = (cpu: string) => ({
  requests: { cpu, memory: "500Mi" },
  limits: { cpu, memory: "500Mi" },
});

const pod = (
  spec: object = {},
  { labels, cpu = "100m" }: { labels?: Readonly<Record<string, string>>; cpu?: string } = {},
): object => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { generateName: "pod-", ...(labels ? { labels } : {}) },
  spec: {
    containers: [
      {
        name: "pause",
        image: "registry.k8s.io/pause:3.10.2",
        ports: [{ containerPort: 80 }],
        resources: resources(cpu),
      },
    ],
    ...spec,
  },
});

const term = (color: string, topologyKey: string) => ({
  labelSelector: { matchLabels: { color } },
  topologyKey,
  namespaces: ["sched-1", "sched-0"],
});
const required = (...terms: object[]) => ({ requiredDuringSchedulingIgnoredDuringExecution: terms });
const preferred = (podAffinityTerm: object) => ({
  preferredDuringSchedulingIgnoredDuringExecution: [{ podAffinityTerm, weight: 1 }],
});

const blue = { labels: { color: "blue" } };
const green = { labels: { color: "green" } };
const affine = pod({ affinity: { podAffinity: required(term("blue", zoneKey)) } }, blue);
const apart = pod({ affinity: { podAntiAffinity: required(term("green", hostKey)) } }, green);
const ratherApart = pod(
  { affinity: { podAntiAffinity: preferred(term("yellow", hostKey)) } },
  { labels: { color: "yellow" } },
);
const ratherTogether = pod(
  { affinity: { podAffinity: preferred(term("red", hostKey)) } },
  { labels: { color: "red" } },
);
const inZone = pod({
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [{ key: zoneKey, operator: "In", values: ["zone1", "zone2"] }] }],
      },
    },
  },
});
const spread = (whenUnsatisfiable: string): object =>
  pod(
    {
      topologySpreadConstraints: [
        { maxSkew: 5, topologyKey: zoneKey, whenUnsatisfiable, labelSelector: { matchLabels: { color: "blue" } } },
      ],
    },
    blue,
  );

const moons = ["moon-1", "moon-2", "moon-3"];
const two = ["sched-0", "sched-1"] as const;
const one = ["sched-0", "sched-0"] as const;
const usual = {
  small: { nodes: 500, before: 500, measured: 1_000 },
  large: { nodes: 5_000, before: 5_000, measured: 5_000 },
};
const spreading = { ...usual, small: { nodes: 500, before: 1_000, measured: 1_000 } };

export const workloads: readonly Workload[] = [
  {
    name: "SchedulingPodAffinity",
    zones: ["zone1"],
    before: affine,
    measured: affine,
    namespaces: two,
    ...usual,
    threshold: 35,
  },
  {
    ...{ name: "SchedulingPodAntiAffinity", before: apart, measured: apart, namespaces: two, threshold: 60 },
    small: { nodes: 500, before: 100, measured: 400 },
    large: { nodes: 5_000, before: 1_000, measured: 2_000 },
  },
  {
    name: "SchedulingPreferredPodAffinity",
    fullOnly: true,
    before: ratherTogether,
    measured: ratherTogether,
    namespaces: two,
    ...usual,
    threshold: 90,
  },
  {
    name: "SchedulingPreferredPodAntiAffinity",
    before: ratherApart,
    measured: ratherApart,
    namespaces: two,
    ...usual,
    threshold: 90,
  },
  {
    name: "SchedulingNodeAffinity",
    zones: ["zone1"],
    before: inZone,
    measured: inZone,
    namespaces: one,
    ...usual,
    threshold: 220,
  },
  {
    name: "TopologySpreading",
    zones: moons,
    before: pod(),
    measured: spread("DoNotSchedule"),
    namespaces: one,
    ...spreading,
    threshold: 85,
  },
  {
    name: "PreferredTopologySpreading",
    fullOnly: true,
    zones: moons,
    before: pod(),
    measured: spread("ScheduleAnyway"),
    namespaces: one,
    ...spreading,
    threshold: 125,
  },
  {
    ...{ name: "PreemptionBasic", namespaces: one },
    before: pod({ terminationGracePeriodSeconds: 0 }, { cpu: "900m" }),
    measured: pod({ priority: 10 }, { cpu: "3000m" }),
    small: { nodes: 200, before: 800, measured: 200 },
    large: { nodes: 1_000, before: 4_000, measured: 1_000 },
  },
];

export const nodeOf = (index: number, zones: readonly string[] | undefined): object => {
  const name = `n-${String(index).padStart(5, "0")}`;
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name,
      labels: { [hostKey]: name, ...(zones ? { [zoneKey]: zones[index % zones.length]! } : {}) },
    },
    spec: {},
  };
};

const usualSize = { pods: "110", cpu: "4", memory: "32Gi" };

export const nodeStatus = (size: Workload["size"] = usualSize) => ({
  capacity: size,
  allocatable: size,
  conditions: [{ type: "Ready", status: "True", reason: "KubeletReady" }],
});

/** The load of the script sched-bench.mjs, whose watch does not survive a server that takes it for slow. */
export const plain: Omit<Workload, "name" | "small" | "large"> = {
  zones: ["z0", "z1", "z2"],
  size: { cpu: "16", memory: "64Gi", pods: "110", "ephemeral-storage": "100Gi" },
  namespaces: one,
  before: {},
  measured: {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { labels: { app: "a" } },
    spec: {
      tolerations: [{ operator: "Exists" }],
      containers: [
        { name: "c", image: "registry.example/app:1", resources: { requests: { cpu: "100m", memory: "200Mi" } } },
      ],
    },
  },
};
