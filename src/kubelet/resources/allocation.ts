// What of a pod's wished resources the node has granted: the pod runs with that until a resize is taken up. Upstream:
// pkg/kubelet/allocation/allocation_manager.go, KEP-1287, KEP-5419 (the resources of whole pods). Plain functions.
import type { Container, ContainerStatus, Pod } from "../../api/index.ts";
import { compareQuantities } from "../../machinery/index.ts";
import { initContainers, isRestartableInit } from "../pod.ts";

export type Resources = NonNullable<Container["resources"]>;

/** By container name, and `wholePod`; containers that cannot be resized are not in it. */
export type Allocation = ReadonlyMap<string, Resources>;

/** The pod's own resources beside those of its containers, in an allocation. No container has this name. */
export const wholePod = "";

const resizable = (pod: Pod): readonly Container[] => [
  ...initContainers(pod).filter(isRestartableInit),
  ...pod.spec.containers,
];

export const allocationOf = (pod: Pod): Allocation =>
  new Map([
    [wholePod, pod.spec.resources ?? {}],
    ...resizable(pod).map((container) => [container.name, container.resources ?? {}] as const),
  ]);

/** What an earlier kubelet had granted, as it told the API: limits as they were in force, requests as they were granted. */
export function recoveredAllocation(pod: Pod): Allocation {
  const statuses = new Map<string, ContainerStatus>(
    [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])].map((each) => [
      each.name,
      each,
    ]),
  );
  return new Map([
    [wholePod, recoveredWhole(pod)],
    ...resizable(pod).map((container): [string, Resources] => {
      const status = statuses.get(container.name);
      if (status?.resources === undefined) return [container.name, container.resources ?? {}];
      const { requests, ...rest } = { ...container.resources, ...status.resources };
      const granted = status.allocatedResources ?? requests;
      return [container.name, { ...rest, ...(granted === undefined ? {} : { requests: granted }) }];
    }),
  ]);
}

/** The status has sums for what the pod itself says nothing about: those are not the pod's own. */
function recoveredWhole({ spec, status }: Pod): Resources {
  const own = spec.resources;
  if (own === undefined || status?.resources === undefined) return own ?? {};
  const part = (wanted: Resources["limits"], told: Resources["limits"]): Resources["limits"] =>
    wanted && Object.fromEntries(Object.entries(wanted).map(([name, amount]) => [name, told?.[name] ?? amount]));
  const limits = part(own.limits, status.resources.limits);
  const requests = part(own.requests, status.allocatedResources ?? status.resources.requests);
  return { ...own, ...(limits === undefined ? {} : { limits }), ...(requests === undefined ? {} : { requests }) };
}

const same = (a: unknown, b: unknown): boolean =>
  a === b || (a !== undefined && b !== undefined && compareQuantities(a as string, b as string) === 0);

/** Whether two containers' lists say the same about everything, written alike or not. */
function sameResources(a: Resources, b: Resources): boolean {
  for (const part of ["requests", "limits"] as const) {
    const [one, other] = [a[part] ?? {}, b[part] ?? {}];
    for (const name of new Set([...Object.keys(one), ...Object.keys(other)]))
      if (!same(one[name], other[name])) return false;
  }
  return true;
}

/** The pod with the granted resources in its spec; the same pod when nothing differs. */
export function withAllocation(pod: Pod, allocation: Allocation): Pod {
  let differs = false;
  const granted = <C extends Container>(container: C): C => {
    const own = allocation.get(container.name);
    if (own === undefined || sameResources(container.resources ?? {}, own)) return container;
    differs = true;
    return { ...container, resources: own };
  };
  const containers = pod.spec.containers.map(granted);
  const inits = pod.spec.initContainers?.map(granted);
  const whole = allocation.get(wholePod);
  const wholeDiffers = whole !== undefined && !sameResources(pod.spec.resources ?? {}, whole);
  if (!differs && !wholeDiffers) return pod;
  const { resources, ...spec } = pod.spec;
  const own = wholeDiffers ? (isEmpty(whole) ? undefined : whole) : resources;
  return {
    ...pod,
    spec: {
      ...spec,
      containers,
      ...(inits === undefined ? {} : { initContainers: inits }),
      ...(own === undefined ? {} : { resources: own }),
    },
  };
}

const isEmpty = ({ limits = {}, requests = {} }: Resources): boolean =>
  Object.keys(limits).length + Object.keys(requests).length === 0;

const resizedAmounts = ["cpu", "memory"] as const;
const isZero = (amount: string | undefined): boolean => amount === undefined || compareQuantities(amount, "0") === 0;

/** A container that has no limit of its own gets the pod's. Upstream: pkg/kubelet/util GetLimits. */
export function withPodLimits(own: Resources, pod: Resources | undefined): Resources {
  const limits: Record<string, string> = { ...(own.limits as Record<string, string> | undefined) };
  for (const name of resizedAmounts) {
    const ofPod = pod?.limits?.[name] as string | undefined;
    if (ofPod !== undefined && isZero(limits[name])) limits[name] = ofPod;
  }
  return Object.keys(limits).length === 0 ? own : { ...own, limits };
}

export type ResizedResource = (typeof resizedAmounts)[number];

/** Resources, of those that can be resized, in which the two differ. */
export const differences = (wanted: Resources, actual: Resources): ResizedResource[] =>
  resizedAmounts.filter(
    (name) =>
      !same(wanted.requests?.[name], actual.requests?.[name]) || !same(wanted.limits?.[name], actual.limits?.[name]),
  );
