// Which signals are below their thresholds, and which pod has to go first. Upstream: pkg/kubelet/eviction/helpers.go. Plain functions.
import type { Pod } from "../../api/index.ts";
import { quantityValue } from "../../machinery/index.ts";
import { isStaticPod, podUid } from "../pod.ts";
import { podRequests } from "../resources/requests.ts";

export type Signal =
  | "memory.available"
  | "nodefs.available"
  | "nodefs.inodesFree"
  | "imagefs.available"
  | "imagefs.inodesFree"
  | "pid.available";

export interface Observation {
  readonly available: number;
  readonly capacity: number;
}
export type Observations = Readonly<Partial<Record<Signal, Observation>>>;

export interface Threshold {
  readonly signal: Signal;
  /** Quantity or percentage, as configured. */
  readonly value: string;
}

export const thresholdsOf = (config: Readonly<Record<string, string>>): Threshold[] =>
  Object.entries(config).map(([signal, value]) => ({ signal: signal as Signal, value }));

const amountOf = ({ value }: Threshold, capacity: number): number =>
  value.endsWith("%") ? Math.floor((capacity * Number(value.slice(0, -1))) / 100) : quantityValue(value);

export function metThresholds(thresholds: readonly Threshold[], observed: Observations): Threshold[] {
  return thresholds.filter((threshold) => {
    const seen = observed[threshold.signal];
    return seen !== undefined && seen.available < amountOf(threshold, seen.capacity);
  });
}

export type PressureName = "memory" | "disk" | "pid";
export const pressureOf = (signal: Signal): PressureName =>
  signal === "memory.available" ? "memory" : signal === "pid.available" ? "pid" : "disk";

/** The resource that messages name. */
const resourceOf = (signal: Signal): string =>
  signal === "memory.available"
    ? "memory"
    : signal === "pid.available"
      ? "pids"
      : signal.endsWith("inodesFree")
        ? "inodes"
        : "ephemeral-storage";

export interface PodUse {
  readonly memoryBytes: number;
  readonly diskBytes: number;
  readonly processes: number;
  readonly containers: readonly { readonly name: string; readonly memoryBytes: number; readonly diskBytes: number }[];
}

const critical = 2_000_000_000;
/** Static and critical pods stay. */
export const mayEvict = (pod: Pod): boolean => !isStaticPod(pod) && (pod.spec.priority ?? 0) < critical;

/** Who goes first comes first: beyond its request, then of low priority, then what is most above its request. */
export function rank(pods: readonly Pod[], uses: ReadonlyMap<string, PodUse>, signal: Signal): Pod[] {
  const resource = resourceOf(signal);
  const use = (pod: Pod): number => {
    const of = uses.get(podUid(pod));
    if (of === undefined) return 0;
    return resource === "memory" ? of.memoryBytes : resource === "pids" ? of.processes : of.diskBytes;
  };
  const request = (pod: Pod): number =>
    resource === "memory" || resource === "ephemeral-storage" ? quantityValue(podRequests(pod)[resource] ?? "0") : 0;
  const exceeds = (pod: Pod): number => (use(pod) > request(pod) ? 1 : 0);
  return pods
    .filter(mayEvict)
    .sort(
      (a, b) =>
        exceeds(b) - exceeds(a) ||
        (a.spec.priority ?? 0) - (b.spec.priority ?? 0) ||
        use(b) - request(b) - (use(a) - request(a)),
    );
}

/** Bytes as a quantity with the largest binary unit that is exact. */
function bytesText(bytes: number): string {
  for (const [unit, size] of [
    ["Gi", 1024 ** 3],
    ["Mi", 1024 ** 2],
    ["Ki", 1024],
  ] as const)
    if (bytes > 0 && bytes % size === 0) return `${bytes / size}${unit}`;
  return String(Math.round(bytes));
}

export interface EvictionMessage {
  readonly threshold: Threshold;
  readonly observation: Observation;
  readonly pod: Pod;
  readonly use: PodUse | undefined;
}

/** As upstream writes it: the node's state, then each container that uses more than it asked for. */
export function evictionMessage({ threshold, observation, pod, use }: EvictionMessage): string {
  const resource = resourceOf(threshold.signal);
  let message = `The node was low on resource: ${resource}. Threshold quantity: ${bytesText(amountOf(threshold, observation.capacity))}, available: ${bytesText(observation.available)}. `;
  for (const container of pod.spec.containers) {
    const used = use?.containers.find((each) => each.name === container.name);
    if (used === undefined || (resource !== "memory" && resource !== "ephemeral-storage")) continue;
    const bytes = resource === "memory" ? used.memoryBytes : used.diskBytes;
    const request = quantityValue((container.resources?.requests?.[resource] as string | undefined) ?? "0");
    if (bytes > request)
      message += `Container ${container.name} was using ${bytesText(bytes)}, request is ${bytesText(request)}, has larger consumption of ${resource}. `;
  }
  return message;
}
