// What of a pod's wished resources the node has granted: the pod runs with that until a resize is taken up. Upstream:
// pkg/kubelet/allocation/allocation_manager.go, KEP-1287. Plain functions.
import type { Container, ContainerStatus, Pod } from "../../api/index.ts";
import { compareQuantities } from "../../machinery/index.ts";
import { initContainers, isRestartableInit } from "../pod.ts";

export type Resources = NonNullable<Container["resources"]>;

/** By container name; containers that cannot be resized are not in it. */
export type Allocation = ReadonlyMap<string, Resources>;

const resizable = (pod: Pod): readonly Container[] => [
  ...initContainers(pod).filter(isRestartableInit),
  ...pod.spec.containers,
];

export const allocationOf = (pod: Pod): Allocation =>
  new Map(resizable(pod).map((container) => [container.name, container.resources ?? {}]));

/** What an earlier kubelet had granted, as it told the API: limits as they were in force, requests as they were granted. */
export function recoveredAllocation(pod: Pod): Allocation {
  const statuses = new Map<string, ContainerStatus>(
    [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])].map((each) => [
      each.name,
      each,
    ]),
  );
  return new Map(
    resizable(pod).map((container) => {
      const status = statuses.get(container.name);
      if (status?.resources === undefined) return [container.name, container.resources ?? {}];
      const { requests, ...rest } = { ...container.resources, ...status.resources };
      const granted = status.allocatedResources ?? requests;
      return [container.name, { ...rest, ...(granted === undefined ? {} : { requests: granted }) }];
    }),
  );
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
  if (!differs) return pod;
  return { ...pod, spec: { ...pod.spec, containers, ...(inits === undefined ? {} : { initContainers: inits }) } };
}

const resizedAmounts = ["cpu", "memory"] as const;
export type ResizedResource = (typeof resizedAmounts)[number];

/** Resources, of those that can be resized, in which the two differ. */
export const differences = (wanted: Resources, actual: Resources): ResizedResource[] =>
  resizedAmounts.filter(
    (name) =>
      !same(wanted.requests?.[name], actual.requests?.[name]) || !same(wanted.limits?.[name], actual.limits?.[name]),
  );
