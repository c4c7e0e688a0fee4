// Status of the node object. Upstream: pkg/kubelet/nodestatus/setters.go, kubelet_node_status.go. Plain functions.
import type { ContainerImage, NodeAddress, NodeCondition, NodeStatus } from "../../api/index.ts";
import {
  canonicalQuantity,
  compareQuantities,
  deepEqual,
  formatTime,
  quantityMilliValue,
  subtractQuantities,
} from "../../machinery/index.ts";
import type { Image, RuntimeInfo } from "../../runtime/index.ts";
import type { KubeletConfig } from "../config.ts";
import type { FilesystemUsage, MachineInfo } from "../host.ts";

export interface Pressure {
  readonly memory: boolean;
  readonly disk: boolean;
  readonly pid: boolean;
}

export interface NodeStatusInput {
  readonly config: KubeletConfig;
  readonly machine: MachineInfo;
  readonly filesystem: FilesystemUsage;
  readonly runtime: RuntimeInfo | undefined;
  /** Why the runtime does not answer. */
  readonly runtimeError: string | undefined;
  readonly images: readonly Image[];
  readonly hostIps: readonly string[];
  readonly pressure: Pressure;
  readonly nowMs: number;
  readonly old: NodeStatus | undefined;
  /** From device plugins and other extensions. */
  readonly extended: Readonly<Record<string, string>>;
}

export type ResourceList = Record<string, string>;

function capacityOf({
  machine,
  filesystem,
  config,
  extended,
  old,
}: Pick<NodeStatusInput, "machine" | "filesystem" | "config" | "extended" | "old">): ResourceList {
  const hugePages = Object.entries(machine.hugePages).map(([size, bytes]) => [
    `hugepages-${size}`,
    bytes === 0 ? "0" : canonicalQuantity(`${bytes / 1024}Ki`),
  ]);
  return {
    ...foreignOf(old?.capacity),
    cpu: String(machine.cpus),
    "ephemeral-storage": kibi(filesystem.capacityBytes),
    ...Object.fromEntries(hugePages),
    memory: kibi(machine.memoryBytes),
    pods: String(config.maxPods),
    ...extended,
  };
}

/** Resources that somebody else wrote into the status: extended ones, which have a domain. They stay. */
export const foreignOf = (list: Readonly<ResourceList> = {}): ResourceList =>
  Object.fromEntries(Object.entries(list).filter(([name]) => isExtended(name)));

const isExtended = (name: string): boolean => /^[^/]+\/./.test(name) && !/^([^/]+\.)?kubernetes\.io\//.test(name);

const kibi = (bytes: number): string => `${Math.floor(bytes / 1024)}Ki`;

/** Capacity less what is reserved and, for memory and disk, the threshold of hard eviction. */
function allocatableOf(capacity: Readonly<ResourceList>, config: KubeletConfig): ResourceList {
  const out: ResourceList = { ...capacity };
  const subtract = (name: string, amount: string): void => {
    if (out[name] === undefined) return;
    const rest = subtractQuantities(out[name], amount);
    out[name] = compareQuantities(rest, "0") < 0 ? "0" : rest;
  };
  for (const reserved of [config.kubeReserved, config.systemReserved])
    for (const [name, amount] of Object.entries(reserved)) subtract(name, amount);
  const thresholds = {
    memory: config.evictionHard["memory.available"],
    "ephemeral-storage": config.evictionHard["nodefs.available"],
  };
  for (const [name, threshold] of Object.entries(thresholds)) {
    if (threshold === undefined || capacity[name] === undefined) continue;
    if (threshold.endsWith("%"))
      subtract(
        name,
        String(Math.floor((quantityMilliValue(capacity[name]) / 1000) * (Number(threshold.slice(0, -1)) / 100))),
      );
    else subtract(name, threshold);
  }
  for (const [name, amount] of Object.entries(capacity))
    if (name.startsWith("hugepages-") && amount !== "0") subtract("memory", amount);
  // Upstream reports disk in bytes once something is taken off.
  return out;
}

const mostImages = 50;
const mostNames = 5;

function nodeImages(images: readonly Image[]): ContainerImage[] {
  return [...images]
    .sort((a, b) => b.sizeBytes - a.sizeBytes)
    .slice(0, mostImages)
    .map(({ repoDigests, repoTags, sizeBytes }) => ({
      names: [...repoDigests, ...repoTags].slice(0, mostNames),
      sizeBytes,
    }));
}

/**
 * What pods, their changes and the API server may count on, in order (KEP-5328). Not there: changing the resources of an init
 * container that runs (InPlacePodVerticalScalingInitContainers).
 */
const declaredFeatures = [
  "ExtendWebSocketsToKubelet",
  "InPlacePodLevelResourcesVerticalScaling",
  "RestartAllContainersOnContainerExits",
] as const;

export function nodeStatus(input: NodeStatusInput): NodeStatus {
  const { config, machine, runtime } = input;
  const capacity = capacityOf(input);
  const addresses: NodeAddress[] = [
    ...input.hostIps.slice(0, 2).map((address) => ({ type: "InternalIP", address }) as const),
    { type: "Hostname", address: machine.hostname },
  ];
  return {
    addresses,
    allocatable: allocatableOf(capacity, config),
    capacity,
    conditions: nodeConditions(input, capacity),
    daemonEndpoints: { kubeletEndpoint: { Port: config.port } },
    declaredFeatures: [...declaredFeatures],
    images: nodeImages(input.images),
    nodeInfo: {
      architecture: machine.architecture,
      bootID: machine.bootId,
      containerRuntimeVersion: runtime === undefined ? "Unknown" : `${runtime.name}://${runtime.version}`,
      kernelVersion: machine.kernelVersion,
      kubeProxyVersion: "",
      kubeletVersion: config.version,
      machineID: machine.machineId,
      operatingSystem: machine.operatingSystem,
      osImage: machine.osImage,
      systemUUID: machine.systemUuid,
      ...(machine.swapBytes > 0 ? { swap: { capacity: machine.swapBytes } } : {}),
    },
    ...(runtime === undefined
      ? {}
      : {
          features: { supplementalGroupsPolicy: runtime.supplementalGroupsPolicy },
          runtimeHandlers: runtime.handlers.map(({ name, recursiveReadOnlyMounts, userNamespaces }) => ({
            name,
            features: { recursiveReadOnlyMounts, userNamespaces },
          })),
        }),
  };
}

/** Reasons and messages of each condition: [when true, when false]. */
const pressures = [
  [
    "MemoryPressure",
    "memory",
    ["KubeletHasInsufficientMemory", "kubelet has insufficient memory available"],
    ["KubeletHasSufficientMemory", "kubelet has sufficient memory available"],
  ],
  [
    "DiskPressure",
    "disk",
    ["KubeletHasDiskPressure", "kubelet has disk pressure"],
    ["KubeletHasNoDiskPressure", "kubelet has no disk pressure"],
  ],
  [
    "PIDPressure",
    "pid",
    ["KubeletHasInsufficientPID", "kubelet has insufficient PID available"],
    ["KubeletHasSufficientPID", "kubelet has sufficient PID available"],
  ],
] as const;

function nodeConditions(input: NodeStatusInput, capacity: Readonly<ResourceList>): NodeCondition[] {
  const now = formatTime(input.nowMs);
  const make = (type: string, status: string, [reason, message]: readonly [string, string]): NodeCondition => {
    const old = input.old?.conditions?.find((each) => each.type === type);
    return {
      type,
      status,
      lastHeartbeatTime: now,
      lastTransitionTime: old?.status === status ? (old.lastTransitionTime ?? now) : now,
      reason,
      message,
    };
  };
  const conditions = pressures.map(([type, name, yes, no]) =>
    make(type, input.pressure[name] ? "True" : "False", input.pressure[name] ? yes : no),
  );
  const problems = readinessProblems(input, capacity);
  conditions.push(
    problems.length === 0
      ? make("Ready", "True", ["KubeletReady", "kubelet is posting ready status"])
      : make("Ready", "False", ["KubeletNotReady", problems.length === 1 ? problems[0]! : `[${problems.join(", ")}]`]),
  );
  return conditions;
}

function readinessProblems({ runtime, runtimeError }: NodeStatusInput, capacity: Readonly<ResourceList>): string[] {
  const problems: string[] = [];
  if (runtimeError !== undefined) problems.push(runtimeError);
  else if (runtime === undefined) problems.push("container runtime is down");
  for (const { condition, reason, message } of runtime?.problems ?? [])
    problems.push(
      condition === "NetworkReady"
        ? `container runtime network not ready: NetworkReady=false reason:${reason} message:${message}`
        : `container runtime not ready: RuntimeReady=false reason:${reason} message:${message}`,
    );
  const missing = ["cpu", "memory", "pods", "ephemeral-storage"].filter((name) => capacity[name] === undefined);
  if (missing.length > 0) problems.push(`missing node capacity for resources: ${missing.join(", ")}`);
  return problems;
}

/** Events that tell a condition's change, as upstream names them. */
export const conditionEvents: Readonly<Record<string, readonly [whenTrue: string, whenFalse: string]>> = {
  MemoryPressure: ["NodeHasInsufficientMemory", "NodeHasSufficientMemory"],
  DiskPressure: ["NodeHasDiskPressure", "NodeHasNoDiskPressure"],
  PIDPressure: ["NodeHasInsufficientPID", "NodeHasSufficientPID"],
  Ready: ["NodeReady", "NodeNotReady"],
};

/** Labels the kubelet keeps on its node. */
export const nodeLabels = (machine: MachineInfo, config: KubeletConfig): Record<string, string> => ({
  "beta.kubernetes.io/arch": machine.architecture,
  "beta.kubernetes.io/os": machine.operatingSystem,
  "kubernetes.io/arch": machine.architecture,
  "kubernetes.io/hostname": machine.hostname,
  "kubernetes.io/os": machine.operatingSystem,
  ...config.nodeLabels,
});

/** Whether anything but heartbeats differs. What the API leaves out and what is empty are one. Upstream: nodeStatusHasChanged. */
export function nodeStatusChanged(before: NodeStatus | undefined, after: NodeStatus): boolean {
  if (before === undefined) return true;
  const { capacity, allocatable, conditions = [], ...others } = after;
  return !(
    sameAmounts(before.capacity, capacity) &&
    sameAmounts(before.allocatable, allocatable) &&
    conditions.every((each) => sameCondition(before.conditions, each)) &&
    Object.entries(others).every(([name, value]) => deepEqual((before as Record<string, unknown>)[name], value))
  );
}

/** The API writes amounts in its own way. */
function sameAmounts(before: Readonly<ResourceList> = {}, after: Readonly<ResourceList> = {}): boolean {
  const names = Object.keys(after);
  return (
    names.length === Object.keys(before).length &&
    names.every((name) => {
      const [was, is] = [before[name], after[name]!];
      return was === is || (was !== undefined && compareQuantities(was, is) === 0);
    })
  );
}

function sameCondition(before: readonly NodeCondition[] | undefined, after: NodeCondition): boolean {
  const was = before?.find((each) => each.type === after.type);
  return was !== undefined && deepEqual({ ...was, lastHeartbeatTime: after.lastHeartbeatTime }, after);
}
