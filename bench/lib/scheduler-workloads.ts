// Workloads of upstream's scheduler benchmark (test/integration/scheduler_perf of Kubernetes 1.36), by the names they have there: what the
// nodes and pods are, how many there are, and the least rate that upstream demands of itself for the large size.
import {
  affine,
  affineInTeam,
  apart,
  apartInTeam,
  gatedBesideService,
  green,
  highPriority,
  inZone,
  lowPriority,
  ofService,
  oneANode,
  onHub,
  pod,
  ratherApart,
  ratherApartInTeam,
  ratherTogether,
  ratherTogetherInTeam,
  secret,
  service,
  spread,
  tooLarge,
  type VolumeSource,
  withSecret,
} from "./scheduler-pods.ts";

export interface Sizes {
  readonly nodes: number;
  /** Pods that are scheduled before the clock runs. */
  readonly before: number;
  readonly measured: number;
  /** Pods that stay where they are. */
  readonly waiting?: number;
  /** The last so many nodes take no pods. */
  readonly tainted?: number;
  /** The pods before are dealt out to so many namespaces. */
  readonly namespaces?: number;
}

/** Made anew each time, while the clock runs. */
export interface Churn {
  readonly pod: object;
  readonly everyMs: number;
  /** The one before is deleted, and so are a node without room and a service that come and go with it. */
  readonly replaces?: true;
}

export interface Workload {
  readonly name: string;
  /** Values of the zone label, dealt out in turn. */
  readonly zones?: readonly string[];
  /** Of each node; upstream's usual node when not given. */
  readonly size?: Readonly<Record<string, string>>;
  /** One more node, which has room for everything. */
  readonly hub?: true;
  /** Several kinds are dealt out in turn. */
  readonly before: object | readonly object[];
  readonly measured: object;
  /** Namespaces of both kinds of pods. */
  readonly namespaces: readonly [string, string];
  readonly namespaceLabels?: Readonly<Record<string, string>>;
  /** In the namespace of the measured pods, by resource. */
  readonly also?: Readonly<Record<string, object>>;
  readonly waiting?: object;
  readonly churn?: Churn;
  /** Each measured pod (and each before, where `volumesBefore`) has a bound volume of its own. */
  readonly volumes?: VolumeSource;
  readonly volumesBefore?: true;
  readonly small: Sizes;
  readonly large: Sizes;
  /** Upstream's threshold for the large size, pods a second; none where it has none. */
  readonly threshold?: number;
  /** Much like another one: measured in the full run alone. */
  readonly fullOnly?: true;
}

const moons = ["moon-1", "moon-2", "moon-3"];
const two = ["sched-0", "sched-1"] as const;
const one = ["sched-0", "sched-0"] as const;
const usual = {
  small: { nodes: 500, before: 500, measured: 1_000 },
  large: { nodes: 5_000, before: 5_000, measured: 5_000 },
};
const many = { ...usual, large: { nodes: 5_000, before: 5_000, measured: 10_000 } };
const spreading = { ...usual, small: { nodes: 500, before: 1_000, measured: 1_000 } };
const team = {
  namespaces: ["init-ns", "measure-ns"],
  namespaceLabels: { team: "devops" },
  small: { nodes: 500, before: 40, measured: 100, namespaces: 10 },
  large: { nodes: 5_000, before: 4_000, measured: 2_000, namespaces: 100 },
} as const;

const affinity: readonly Workload[] = [
  {
    ...{ name: "SchedulingPodAffinity", before: affine, measured: affine, namespaces: two },
    ...{ zones: ["zone1"], ...usual, threshold: 35 },
  },
  {
    ...{ name: "SchedulingPodAntiAffinity", before: apart, measured: apart, namespaces: two, threshold: 60 },
    small: { nodes: 500, before: 100, measured: 400 },
    large: { nodes: 5_000, before: 1_000, measured: 2_000 },
  },
  {
    ...{ name: "SchedulingPodMatchingAntiAffinity", before: apart, measured: green, namespaces: two, threshold: 540 },
    small: { nodes: 500, before: 100, measured: 400 },
    large: { nodes: 5_000, before: 1_000, measured: 5_000 },
  },
  {
    ...{ name: "SchedulingPreferredPodAffinity", before: ratherTogether, measured: ratherTogether, namespaces: two },
    ...{ ...usual, threshold: 90 },
  },
  {
    ...{ name: "SchedulingPreferredPodAntiAffinity", before: ratherApart, measured: ratherApart, namespaces: two },
    ...{ ...usual, threshold: 90 },
  },
  {
    ...{ name: "SchedulingNodeAffinity", before: inZone, measured: inZone, namespaces: one },
    ...{ zones: ["zone1"], ...many, threshold: 220 },
  },
  {
    ...{ name: "MixedSchedulingBasePod", measured: pod(), namespaces: one, zones: ["zone1"], threshold: 140 },
    before: [pod(), affine, apart, ratherTogether, ratherApart],
    small: { nodes: 500, before: 1_000, measured: 1_000 },
    large: { nodes: 5_000, before: 10_000, measured: 5_000 },
  },
  {
    ...{ name: "SchedulingRequiredPodAntiAffinityWithNSSelector", before: apartInTeam, measured: apartInTeam, ...team },
    ...{ large: { ...team.large, nodes: 6_000 }, threshold: 24 },
  },
  {
    name: "SchedulingPreferredAntiAffinityWithNSSelector",
    ...{ before: ratherApartInTeam, measured: ratherApartInTeam, ...team, threshold: 55 },
  },
  {
    ...{ name: "SchedulingRequiredPodAffinityWithNSSelector", before: affineInTeam, measured: affineInTeam, ...team },
    ...{ zones: ["zone1"], large: { ...team.large, before: 5_000 }, threshold: 35 },
  },
  {
    name: "SchedulingPreferredAffinityWithNSSelector",
    ...{ before: ratherTogetherInTeam, measured: ratherTogetherInTeam, ...team, threshold: 90 },
    large: { nodes: 5_000, before: 5_000, measured: 5_000, namespaces: 100 },
  },
  {
    ...{ name: "SchedulingGatedPodsWithPodAffinityImpactForThroughput", namespaces: one, hub: true, threshold: 110 },
    ...{ waiting: gatedBesideService, before: [], measured: ofService },
    small: { nodes: 0, before: 0, measured: 1_000, waiting: 500 },
    large: { nodes: 0, before: 0, measured: 20_000, waiting: 10_000 },
  },
];

const topologySpreading: readonly Workload[] = [
  {
    ...{ name: "TopologySpreading", before: pod(), measured: spread("DoNotSchedule"), namespaces: one },
    ...{ zones: moons, ...spreading, threshold: 85 },
  },
  {
    ...{ name: "PreferredTopologySpreading", before: pod(), measured: spread("ScheduleAnyway"), namespaces: one },
    ...{ zones: moons, ...spreading, threshold: 125 },
  },
  {
    ...{ name: "DefaultTopologySpreading", before: pod(), measured: ofService, namespaces: ["sched-0", "service-ns"] },
    ...{ zones: moons, also: { services: service }, ...spreading, large: many.large },
  },
  {
    ...{ name: "SchedulingWithNodeInclusionPolicy", before: [], measured: oneANode, namespaces: one, threshold: 68 },
    small: { nodes: 500, tainted: 100, before: 0, measured: 400 },
    large: { nodes: 5_000, tainted: 1_000, before: 0, measured: 4_000 },
  },
];

const preemption: readonly Workload[] = [
  {
    ...{ name: "PreemptionBasic", before: lowPriority, measured: highPriority, namespaces: one },
    small: { nodes: 200, before: 800, measured: 200 },
    large: { nodes: 1_000, before: 4_000, measured: 1_000 },
  },
  {
    ...{ name: "PreemptionAsync", before: lowPriority, measured: pod(), namespaces: one, threshold: 160 },
    churn: { pod: highPriority, everyMs: 200 },
    small: { nodes: 500, before: 2_000, measured: 500 },
    large: { nodes: 5_000, before: 20_000, measured: 5_000 },
  },
  {
    ...{ name: "PreemptionPVs", before: lowPriority, measured: highPriority, namespaces: one, volumes: "aws" },
    small: { nodes: 200, before: 800, measured: 200 },
    large: { nodes: 1_000, before: 4_000, measured: 1_000 },
  },
];

const others: readonly Workload[] = [
  {
    ...{ name: "SchedulingBasic", before: pod(), measured: pod(), namespaces: one, fullOnly: true, threshold: 270 },
    ...{ ...usual, large: { nodes: 5_000, before: 1_000, measured: 10_000 } },
  },
  {
    ...{ name: "SchedulingDaemonset", before: [], measured: onHub, namespaces: one, hub: true, threshold: 390 },
    fullOnly: true,
    small: { nodes: 500, before: 0, measured: 1_000 },
    large: { nodes: 15_000, before: 0, measured: 30_000 },
  },
  {
    ...{ name: "Unschedulable", before: pod(), measured: pod(), namespaces: one, threshold: 170 },
    churn: { pod: tooLarge, everyMs: 200 },
    small: { nodes: 500, before: 10, measured: 1_000 },
    large: { nodes: 5_000, before: 100, measured: 10_000 },
  },
  {
    ...{ name: "SchedulingWithMixedChurn", before: [], measured: pod(), namespaces: one, threshold: 265 },
    ...{ churn: { pod: tooLarge, everyMs: 1_000, replaces: true }, fullOnly: true },
    small: { nodes: 1_000, before: 0, measured: 1_000 },
    large: { nodes: 5_000, before: 0, measured: 10_000 },
  },
  {
    ...{ name: "SchedulingSecrets", before: withSecret, measured: withSecret, namespaces: one, threshold: 260 },
    ...{ also: { secrets: secret }, fullOnly: true, ...usual },
    large: { nodes: 5_000, before: 1_000, measured: 10_000 },
  },
  {
    ...{ name: "SchedulingInTreePVs", before: pod(), measured: pod(), namespaces: one, threshold: 90 },
    ...{ volumes: "aws", volumesBefore: true, ...usual, large: { nodes: 5_000, before: 1_000, measured: 2_000 } },
  },
  {
    ...{ name: "SchedulingCSIPVs", before: pod(), measured: pod(), namespaces: one, threshold: 48 },
    ...{ volumes: "csi", volumesBefore: true, fullOnly: true, ...usual },
  },
];

export const workloads: readonly Workload[] = [...affinity, ...topologySpreading, ...preemption, ...others];

/** The load of the script sched-bench.mjs, whose watch does not survive a server that takes it for slow. */
export const plain: Omit<Workload, "name" | "small" | "large"> = {
  zones: ["z0", "z1", "z2"],
  size: { cpu: "16", memory: "64Gi", pods: "110", "ephemeral-storage": "100Gi" },
  namespaces: one,
  before: [],
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
