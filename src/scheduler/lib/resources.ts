// What a pod asks for, as plain numbers. Upstream: k8s.io/component-helpers/resource (PodRequests), KEP-753 (sidecars),
// KEP-2837 (pod-level resources), KEP-1287 (in-place resize), KEP-688 (overhead).
import type { Pod } from "../../api/index.ts";
import { quantityMilliValue, quantityValue } from "../../machinery/index.ts";

type Quantities = Readonly<Record<string, string | number>>;

/** cpu in thousandths, the rest in whole units. Scalars: extended resources, huge pages, attachable volumes. */
export interface Requests {
  readonly cpu: number;
  readonly memory: number;
  readonly ephemeralStorage: number;
  /** Undefined when there are none, which is the common case. */
  readonly scalars: ReadonlyMap<string, number> | undefined;
}

export interface PodRequests {
  readonly requests: Requests;
  /** cpu and memory with 100m and 200Mi for each container that asks for none: spreads pods without requests when scoring. */
  readonly nonZeroCpu: number;
  readonly nonZeroMemory: number;
}

const defaultMilliCpu = 100;
const defaultMemory = 200 * 1024 * 1024;

/** Extended resources, huge pages, prefixed native resources, attachable volumes. */
export const isScalarResource = (name: string): boolean =>
  name.includes("/")
    ? !name.startsWith("requests.")
    : name.startsWith("hugepages-") || name.startsWith("attachable-volumes-");

export const resourceAmount = (name: string, quantity: string | number): number =>
  name === "cpu" ? quantityMilliValue(quantity) : quantityValue(quantity);

/** Resource name → amount. */
type Amounts = Map<string, number>;

function amountsOf(quantities: Quantities | undefined): Amounts {
  const amounts: Amounts = new Map();
  for (const name in quantities) amounts.set(name, resourceAmount(name, quantities[name]!));
  return amounts;
}

function addTo(sum: Amounts, more: Amounts): void {
  for (const [name, amount] of more) sum.set(name, (sum.get(name) ?? 0) + amount);
}

function raiseTo(greatest: Amounts, other: Amounts): void {
  for (const [name, amount] of other) if (amount > (greatest.get(name) ?? -1)) greatest.set(name, amount);
}

const isPodLevel = (name: string): boolean => name === "cpu" || name === "memory" || name.startsWith("hugepages-");

/** While a resize is under way the greatest of wanted, running and allocated counts; an infeasible wish does not. */
function effective(
  pod: Pod,
  wanted: Quantities | undefined,
  running: Quantities | undefined,
  allocated: Quantities | undefined,
): Amounts {
  const pending = pod.status?.conditions?.find((condition) => condition.type === "PodResizePending");
  const amounts = pending?.reason === "Infeasible" ? new Map<string, number>() : amountsOf(wanted);
  raiseTo(amounts, amountsOf(running));
  raiseTo(amounts, amountsOf(allocated));
  return amounts;
}

interface ContainerLike {
  readonly name: string;
  readonly resources?: { readonly requests?: Quantities };
  readonly restartPolicy?: string;
}

function containerAmounts(pod: Pod, container: ContainerLike, missing: Amounts | undefined): Amounts {
  const isInit = pod.spec!.initContainers?.some((each) => each === container) ?? false;
  const statuses = isInit ? pod.status?.initContainerStatuses : pod.status?.containerStatuses;
  const resizable = !isInit || container.restartPolicy === "Always";
  const status = resizable ? statuses?.find((each) => each.name === container.name) : undefined;
  const amounts =
    status?.resources === undefined
      ? amountsOf(container.resources?.requests)
      : effective(pod, container.resources?.requests, status.resources.requests, status.allocatedResources);
  if (missing !== undefined) for (const [name, amount] of missing) if (!amounts.has(name)) amounts.set(name, amount);
  return amounts;
}

/** The sum of containers and sidecars, or the peak of the init phase when that is higher. */
function sumOfContainers(pod: Pod, missing: Amounts | undefined): Amounts {
  const sum: Amounts = new Map();
  for (const container of pod.spec!.containers) addTo(sum, containerAmounts(pod, container, missing));
  const sidecars: Amounts = new Map();
  const initPeak: Amounts = new Map();
  for (const container of pod.spec!.initContainers ?? []) {
    const amounts = containerAmounts(pod, container, missing);
    if (container.restartPolicy === "Always") {
      addTo(sum, amounts);
      addTo(sidecars, amounts);
      raiseTo(initPeak, sidecars);
    } else {
      addTo(amounts, sidecars);
      raiseTo(initPeak, amounts);
    }
  }
  raiseTo(sum, initPeak);
  return sum;
}

function podAmounts(pod: Pod, missing: Amounts | undefined): Amounts {
  const sum = sumOfContainers(pod, missing);
  const own = pod.spec!.resources?.requests;
  if (own !== undefined) {
    const running = pod.status?.resources;
    const amounts =
      running === undefined ? amountsOf(own) : effective(pod, own, running.requests, pod.status?.allocatedResources);
    for (const name in own) if (isPodLevel(name)) sum.set(name, amounts.get(name) ?? 0);
  }
  if (pod.spec!.overhead !== undefined) addTo(sum, amountsOf(pod.spec!.overhead));
  return sum;
}

/** Pods of one template have equal resources: the one-container, one-list case is common enough to go straight. */
function simpleRequests(pod: Pod): PodRequests | undefined {
  const spec = pod.spec!;
  if (spec.containers.length !== 1 || spec.initContainers?.length || spec.overhead || spec.resources) return undefined;
  if (pod.status?.containerStatuses?.length) return undefined;
  const requests = spec.containers[0]!.resources?.requests;
  let cpu = 0;
  let memory = 0;
  for (const name in requests) {
    if (name === "cpu") cpu = quantityMilliValue(requests[name]!);
    else if (name === "memory") memory = quantityValue(requests[name]!);
    else return undefined;
  }
  return {
    requests: { cpu, memory, ephemeralStorage: 0, scalars: undefined },
    nonZeroCpu: requests?.["cpu"] === undefined ? defaultMilliCpu : cpu,
    nonZeroMemory: requests?.["memory"] === undefined ? defaultMemory : memory,
  };
}

export function podRequests(pod: Pod): PodRequests {
  const simple = simpleRequests(pod);
  if (simple !== undefined) return simple;
  const amounts = podAmounts(pod, undefined);
  const hasPodLevel = Object.keys(pod.spec!.resources?.requests ?? {}).some(isPodLevel);
  const missing: Amounts = new Map();
  if (!hasPodLevel || !amounts.has("cpu")) missing.set("cpu", defaultMilliCpu);
  if (!hasPodLevel || !amounts.has("memory")) missing.set("memory", defaultMemory);
  const nonZero = missing.size === 0 ? amounts : podAmounts(pod, missing);
  let scalars: Map<string, number> | undefined;
  for (const [name, amount] of amounts)
    if (isScalarResource(name)) {
      scalars ??= new Map();
      scalars.set(name, amount);
    }
  return {
    requests: {
      cpu: amounts.get("cpu") ?? 0,
      memory: amounts.get("memory") ?? 0,
      ephemeralStorage: amounts.get("ephemeral-storage") ?? 0,
      scalars,
    },
    nonZeroCpu: nonZero.get("cpu") ?? 0,
    nonZeroMemory: nonZero.get("memory") ?? 0,
  };
}

/** True when any resource of the pod got smaller or vanished: room for others. */
export function isScaledDown(before: Pod, after: Pod): boolean {
  if (before.spec === after.spec && before.status === after.status) return false;
  const was = podAmounts(before, undefined);
  const is = podAmounts(after, undefined);
  for (const [name, amount] of was) if (!is.has(name) || is.get(name)! < amount) return true;
  return false;
}
