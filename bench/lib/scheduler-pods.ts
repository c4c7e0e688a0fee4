// What upstream's scheduler benchmark makes: its templates of pods, nodes and volumes (test/integration/scheduler_perf/templates).

const zoneKey = "topology.kubernetes.io/zone";
const hostKey = "kubernetes.io/hostname";
/** The one node that has room for everything, where a workload has it. */
const hubName = "scheduler-perf-node";

interface Shape {
  readonly labels?: Readonly<Record<string, string>>;
  /** Requested and the limit; nothing is asked for when not given. */
  readonly cpu?: string;
  /** Only requested. */
  readonly cpuRequest?: string;
}

const memory = "500Mi";

function container({ cpu, cpuRequest }: Shape): object {
  const plain = { name: "pause", image: "registry.k8s.io/pause:3.10.2" };
  if (cpu === undefined && cpuRequest === undefined) return plain;
  const requests = { cpu: cpu ?? cpuRequest, memory };
  const resources = cpu === undefined ? { requests } : { requests, limits: requests };
  return { ...plain, ports: [{ containerPort: 80 }], resources };
}

export const pod = (spec: object = {}, shape: Shape = { cpu: "100m" }): object => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { generateName: "pod-", ...(shape.labels ? { labels: shape.labels } : {}) },
  spec: { containers: [container(shape)], ...spec },
});

const colored = (color: string): Shape => ({ labels: { color }, cpu: "100m" });

interface Term {
  readonly color: string;
  readonly topologyKey: string;
  /** By label instead of by name. */
  readonly ofTeam?: true;
}

const term = ({ color, topologyKey, ofTeam }: Term) => ({
  labelSelector: { matchLabels: { color } },
  topologyKey,
  ...(ofTeam ? { namespaceSelector: { matchLabels: teamLabels } } : { namespaces: ["sched-1", "sched-0"] }),
});
const required = (each: Term) => ({ requiredDuringSchedulingIgnoredDuringExecution: [term(each)] });
const preferred = (each: Term) => ({
  preferredDuringSchedulingIgnoredDuringExecution: [{ podAffinityTerm: term(each), weight: 1 }],
});

/** Of namespaces that terms find by label. */
const teamLabels = { team: "devops" };

const byName = { zone: { topologyKey: zoneKey }, host: { topologyKey: hostKey } };
const byTeam = { zone: { ...byName.zone, ofTeam: true }, host: { ...byName.host, ofTeam: true } } as const;

export const affine = pod({ affinity: { podAffinity: required({ color: "blue", ...byName.zone }) } }, colored("blue"));
export const apart = pod(
  { affinity: { podAntiAffinity: required({ color: "green", ...byName.host }) } },
  colored("green"),
);
export const green = pod({}, colored("green"));
export const ratherApart = pod(
  { affinity: { podAntiAffinity: preferred({ color: "yellow", ...byName.host }) } },
  colored("yellow"),
);
export const ratherTogether = pod(
  { affinity: { podAffinity: preferred({ color: "red", ...byName.host }) } },
  colored("red"),
);
export const affineInTeam = pod(
  { affinity: { podAffinity: required({ color: "blue", ...byTeam.zone }) } },
  colored("blue"),
);
export const apartInTeam = pod(
  { affinity: { podAntiAffinity: required({ color: "green", ...byTeam.host }) } },
  colored("green"),
);
export const ratherApartInTeam = pod(
  { affinity: { podAntiAffinity: preferred({ color: "green", ...byTeam.host }) } },
  colored("green"),
);
export const ratherTogetherInTeam = pod(
  { affinity: { podAffinity: preferred({ color: "red", ...byTeam.host }) } },
  colored("red"),
);

const onNodes = (terms: object) => ({
  affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [terms] } } },
});
export const inZone = pod(
  onNodes({ matchExpressions: [{ key: zoneKey, operator: "In", values: ["zone1", "zone2"] }] }),
);
export const onHub = pod(onNodes({ matchFields: [{ key: "metadata.name", operator: "In", values: [hubName] }] }), {});

export const spread = (whenUnsatisfiable: "DoNotSchedule" | "ScheduleAnyway"): object =>
  pod(
    {
      topologySpreadConstraints: [
        { maxSkew: 5, topologyKey: zoneKey, whenUnsatisfiable, labelSelector: { matchLabels: { color: "blue" } } },
      ],
    },
    colored("blue"),
  );
export const oneANode = pod(
  {
    topologySpreadConstraints: [
      {
        ...{ maxSkew: 1, topologyKey: hostKey, whenUnsatisfiable: "DoNotSchedule" },
        ...{ nodeAffinityPolicy: "Honor", nodeTaintsPolicy: "Honor" },
        labelSelector: { matchLabels: { foo: "bar" } },
      },
    ],
  },
  { labels: { foo: "bar" }, cpu: "100m" },
);

const appLabels = { app: "scheduler-perf" };
export const ofService = pod({}, { labels: appLabels });
export const service = {
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: "service-0" },
  spec: { selector: appLabels, ports: [{ protocol: "TCP", port: 80, targetPort: 8000 }] },
};
export const gatedBesideService = pod(
  {
    affinity: {
      podAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [
          { labelSelector: { matchLabels: appLabels }, topologyKey: hostKey },
        ],
      },
    },
    schedulingGates: [{ name: "scheduling-gate-1" }],
  },
  { labels: appLabels },
);

export const lowPriority = pod({ terminationGracePeriodSeconds: 0 }, { cpu: "900m" });
export const highPriority = pod({ priority: 10 }, { cpu: "3000m" });
/** Larger than any node. */
export const tooLarge = pod({ priority: 10 }, { cpuRequest: "9" });
export const withSecret = pod({ volumes: [{ name: "secret", secret: { secretName: "secret" } }] });
export const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "secret" } };

export type VolumeSource = "aws" | "csi";
const sources: Readonly<Record<VolumeSource, (name: string) => object>> = {
  aws: (name) => ({ awsElasticBlockStore: { volumeID: name } }),
  csi: (name) => ({ csi: { driver: "ebs.csi.aws.com", volumeHandle: name } }),
};
const storage = "1Gi";

/** A volume and its claim, bound to each other; both are called `name`. */
export const boundVolume = (source: VolumeSource, { namespace, name }: { namespace: string; name: string }) => ({
  volume: {
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: { name },
    spec: {
      accessModes: ["ReadOnlyMany"],
      capacity: { storage },
      persistentVolumeReclaimPolicy: "Retain",
      claimRef: { kind: "PersistentVolumeClaim", namespace, name },
      ...sources[source](name),
    },
  },
  claim: {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name, annotations: { "pv.kubernetes.io/bind-completed": "true" } },
    spec: { accessModes: ["ReadOnlyMany"], resources: { requests: { storage } }, volumeName: name },
  },
});

export const withClaim = (each: object, claimName: string): object => {
  const { spec } = each as { spec: object };
  return { ...each, spec: { ...spec, volumes: [{ name: "vol", persistentVolumeClaim: { claimName } }] } };
};

export interface NodeShape {
  readonly zones: readonly string[] | undefined;
  readonly tainted: boolean;
}

export const nodeOf = (index: number, { zones, tainted }: NodeShape): object => {
  const name = `n-${String(index).padStart(5, "0")}`;
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name,
      labels: { [hostKey]: name, ...(zones ? { [zoneKey]: zones[index % zones.length]! } : {}) },
    },
    spec: tainted ? { taints: [{ key: "foo", effect: "NoSchedule" }] } : {},
  };
};

export const hub = {
  apiVersion: "v1",
  kind: "Node",
  metadata: { name: hubName, labels: { [hostKey]: hubName } },
  spec: {},
};
export const usualSize: Readonly<Record<string, string>> = { pods: "110", cpu: "4", memory: "32Gi" };
export const hubSize = { ...usualSize, pods: "90000" };

export const nodeStatus = (size: Readonly<Record<string, string>>) => ({
  capacity: size,
  allocatable: size,
  conditions: [{ type: "Ready", status: "True", reason: "KubeletReady" }],
});
