// Resources of a pod as a whole (spec.resources) and what the containers add up to. KEP-2837; upstream:
// k8s.io/component-helpers/resource, pkg/apis/core/v1/defaults.go.
import type { PodSpec } from "../../../../facts/types/core.v1.ts";
import {
  addResourceList,
  isHugePage,
  isOvercommitAllowed,
  isPodLevelResource,
  maxResourceList,
  type ResourceList,
} from "../resources.ts";

/**
 * What all containers together ask for: the sum of the running ones, or the largest moment of initialization. Sidecars
 * (init containers that always restart) run on beside everything that follows.
 */
export function aggregateContainerResources(spec: PodSpec, which: "requests" | "limits"): ResourceList {
  const total: ResourceList = {};
  for (const container of spec.containers ?? []) addResourceList(total, container.resources?.[which]);
  const sidecars: ResourceList = {};
  const initPeak: ResourceList = {};
  for (const container of spec.initContainers ?? []) {
    const own = container.resources?.[which];
    if (container.restartPolicy === "Always") {
      addResourceList(total, own);
      addResourceList(sidecars, own);
      maxResourceList(initPeak, sidecars);
    } else {
      const moment: ResourceList = {};
      addResourceList(moment, sidecars);
      addResourceList(moment, own);
      maxResourceList(initPeak, moment);
    }
  }
  maxResourceList(total, initPeak);
  return total;
}

/** Fills pod-level limits of huge pages from the containers, and pod-level requests from containers, then limits. */
export function defaultPodResources(spec: PodSpec): void {
  const { resources } = spec;
  if (resources === undefined) return;
  const count = (list: ResourceList | undefined): number => Object.keys(list ?? {}).length;
  if (count(resources.limits) > 0 || count(resources.requests) > 0) {
    const limits: ResourceList = { ...resources.limits };
    const fromContainers = aggregateContainerResources(spec, "limits");
    for (const name of Object.keys(fromContainers)) {
      if (!isHugePage(name) || resources.requests?.[name] !== undefined) continue;
      limits[name] ??= fromContainers[name] as string;
    }
    if (count(limits) > 0) resources.limits = limits;
  }
  if (count(resources.limits) === 0) return;
  const requests: ResourceList = { ...resources.requests };
  const fromContainers = aggregateContainerResources(spec, "requests");
  for (const name of Object.keys(fromContainers)) {
    if (isPodLevelResource(name) && isOvercommitAllowed(name)) requests[name] ??= fromContainers[name] as string;
  }
  for (const name of Object.keys(resources.limits ?? {})) {
    if (isPodLevelResource(name)) requests[name] ??= resources.limits?.[name] as string;
  }
  if (count(requests) > 0) resources.requests = requests;
}
