// Sums of a pod's requests and limits, and its QoS class. Upstream: k8s.io/component-helpers/resource, pkg/apis/core/v1/helper/qos.
import type { Container, Pod } from "../../api/index.ts";
import { addQuantities, canonicalQuantity, compareQuantities } from "../../machinery/index.ts";
import { initContainers, isRestartableInit } from "../pod.ts";

export type ResourceList = Readonly<Record<string, string>>;
type Part = "requests" | "limits";

const plus = (a: ResourceList, b: ResourceList): ResourceList => {
  const sum: Record<string, string> = { ...a };
  for (const [name, amount] of Object.entries(b))
    sum[name] = sum[name] === undefined ? amount : addQuantities(sum[name], amount);
  return sum;
};
const most = (a: ResourceList, b: ResourceList): ResourceList => {
  const max: Record<string, string> = { ...a };
  for (const [name, amount] of Object.entries(b))
    if (max[name] === undefined || compareQuantities(amount, max[name]) > 0) max[name] = amount;
  return max;
};

const listOf = (container: Container, part: Part): ResourceList => (container.resources?.[part] ?? {}) as ResourceList;

/** Containers and sidecars together; an init container that asks for more than what runs beside it raises the sum. */
function aggregate(pod: Pod, part: Part): ResourceList {
  let running: ResourceList = {};
  for (const container of pod.spec.containers) running = plus(running, listOf(container, part));
  let sidecars: ResourceList = {};
  let peak: ResourceList = {};
  for (const container of initContainers(pod)) {
    const own = listOf(container, part);
    if (isRestartableInit(container)) {
      running = plus(running, own);
      sidecars = plus(sidecars, own);
      peak = most(peak, sidecars);
    } else peak = most(peak, plus(own, sidecars));
  }
  return most(running, peak);
}

function withPodLevel(pod: Pod, part: Part, sum: ResourceList): ResourceList {
  const own = (pod.spec.resources?.[part] ?? {}) as ResourceList;
  return Object.keys(own).length === 0 ? sum : { ...sum, ...own };
}

const canonical = (list: ResourceList): ResourceList =>
  Object.fromEntries(Object.entries(list).map(([name, amount]) => [name, canonicalQuantity(amount)]));

/** Overhead included. */
export function podRequests(pod: Pod): ResourceList {
  return canonical(
    plus(withPodLevel(pod, "requests", aggregate(pod, "requests")), (pod.spec.overhead ?? {}) as ResourceList),
  );
}

/** Overhead is added only to limits that are there. */
export function podLimits(pod: Pod): ResourceList {
  const limits: Record<string, string> = { ...withPodLevel(pod, "limits", aggregate(pod, "limits")) };
  for (const [name, amount] of Object.entries((pod.spec.overhead ?? {}) as ResourceList))
    if (limits[name] !== undefined) limits[name] = addQuantities(limits[name], amount);
  return canonical(limits);
}

export type QosClass = "Guaranteed" | "Burstable" | "BestEffort";
const qosResources = ["cpu", "memory"] as const;

export function qosOf(pod: Pod): QosClass {
  if (pod.status?.qosClass !== undefined) return pod.status.qosClass;
  const podLevel =
    pod.spec.resources !== undefined &&
    Object.keys({ ...pod.spec.resources.requests, ...pod.spec.resources.limits }).length > 0;
  const parts = podLevel
    ? [pod.spec.resources!]
    : [...initContainers(pod), ...pod.spec.containers].map((container) => container.resources ?? {});
  let any = false;
  let guaranteed = true;
  for (const part of parts) {
    for (const name of qosResources) {
      const request = positive(part.requests?.[name]);
      const limit = positive(part.limits?.[name]);
      if (request !== undefined || limit !== undefined) any = true;
      if (limit === undefined || (request !== undefined && compareQuantities(request, limit) !== 0)) guaranteed = false;
    }
  }
  if (!any) return "BestEffort";
  return guaranteed ? "Guaranteed" : "Burstable";
}

const positive = (amount: unknown): string | undefined =>
  amount !== undefined && compareQuantities(amount as string, "0") > 0 ? (amount as string) : undefined;
