// The quality of service class of a pod. Upstream: pkg/apis/core/helper/qos, KEP-2837 for pod-level resources.
import type { PodSpec } from "../../../../facts/types/core.v1.ts";
import { compareQuantities } from "../../../machinery/index.ts";
import { addResourceList, type ResourceList } from "../resources.ts";

export type QosClass = "Guaranteed" | "Burstable" | "BestEffort";

const compute = ["cpu", "memory"] as const;

function positive(list: Readonly<ResourceList> | undefined): ResourceList {
  const found: ResourceList = {};
  if (list === undefined) return found;
  for (const name of compute) {
    const amount = list[name];
    if (amount !== undefined && compareQuantities(amount, "0") > 0) found[name] = amount;
  }
  return found;
}

/** CPU and memory count; init containers count like the others. */
export function qosClass(spec: PodSpec): QosClass {
  const requests: ResourceList = {};
  const limits: ResourceList = {};
  let guaranteed = true;
  const own = spec.resources;
  const sets =
    own !== undefined
      ? [own]
      : [...(spec.containers ?? []), ...(spec.initContainers ?? [])].map((each) => each.resources);
  for (const resources of sets) {
    addResourceList(requests, positive(resources?.requests));
    const limited = positive(resources?.limits);
    addResourceList(limits, limited);
    if (compute.some((name) => limited[name] === undefined)) guaranteed = false;
  }
  if (Object.keys(requests).length === 0 && Object.keys(limits).length === 0) return "BestEffort";
  const equal = Object.keys(requests).every(
    (name) => limits[name] !== undefined && compareQuantities(requests[name] as string, limits[name]) === 0,
  );
  const same = Object.keys(requests).length === Object.keys(limits).length;
  return guaranteed && equal && same ? "Guaranteed" : "Burstable";
}
