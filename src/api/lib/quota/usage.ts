// What an object uses of which quota resources. Upstream: pkg/quota/v1/evaluator/core, apiserver's pkg/quota/v1/generic.
import type { PersistentVolumeClaim, Pod, Service } from "../../../../facts/types/core.v1.ts";
import type { ResourceClaim } from "../../../../facts/types/resource.v1.ts";
import { compareQuantities, type KubeObject, parseTime } from "../../../machinery/index.ts";
import type { KindDefinition } from "../../kind.ts";
import { aggregateContainerResources } from "../pod-spec/pod-resources.ts";
import { addResourceList, type ResourceList } from "../resources.ts";

type Kind = Pick<KindDefinition, "group" | "resource">;

/** `count/deployments.apps`, `count/pods`. */
export const countName = ({ group, resource }: Kind): string => `count/${resource}${group === "" ? "" : `.${group}`}`;

/** Kinds whose number could be limited before `count/…` was there. */
const plainCounts: ReadonlySet<string> = new Set([
  "configmaps",
  "secrets",
  "replicationcontrollers",
  "resourcequotas",
  "services",
  "persistentvolumeclaims",
]);
/** Devices of a class as an extended resource, which every class is under its own name. */
export const deviceClassPrefix = "deviceclass.resource.kubernetes.io/";
export const devicesSuffix = ".deviceclass.resource.k8s.io/devices";
/** Upstream: resource.k8s.io's AllocationResultsMaxSize, what a request for all devices is charged. */
const mostDevices = 32;
const storageClassSuffix = ".storageclass.storage.k8s.io/";
const podResources: ReadonlySet<string> = new Set([
  "pods",
  "cpu",
  "memory",
  "ephemeral-storage",
  "requests.cpu",
  "requests.memory",
  "requests.ephemeral-storage",
  "limits.cpu",
  "limits.memory",
  "limits.ephemeral-storage",
]);

const isDeviceClaim = ({ group, resource }: Kind): boolean =>
  group === "resource.k8s.io" && resource === "resourceclaims";
const isCore = (kind: Kind, resource: string): boolean => kind.group === "" && kind.resource === resource;

/** Resources of device plugins are limited by what is requested of them alone. */
export const isExtendedRequest = (name: string): boolean =>
  name.startsWith("requests.") &&
  ((name.includes("/") && !name.includes("kubernetes.io/")) || name.startsWith(`requests.${deviceClassPrefix}`));

/** True for quota resources that objects of the kind can use. */
export function countsFor(kind: Kind, name: string): boolean {
  if (name === countName(kind)) return true;
  if (isCore(kind, "pods"))
    return podResources.has(name) || /^(requests\.)?hugepages-/.test(name) || isExtendedRequest(name);
  if (isCore(kind, "services"))
    return name === "services" || name === "services.nodeports" || name === "services.loadbalancers";
  if (isCore(kind, "persistentvolumeclaims"))
    return (
      name === "persistentvolumeclaims" ||
      name === "requests.storage" ||
      name.endsWith(`${storageClassSuffix}persistentvolumeclaims`) ||
      name.endsWith(`${storageClassSuffix}requests.storage`)
    );
  if (isDeviceClaim(kind)) return name.endsWith(devicesSuffix);
  return kind.group === "" && plainCounts.has(kind.resource) && name === kind.resource;
}

/** `nowMs`: pods that should have ended by then are free. */
export function usageOf(kind: Kind, object: KubeObject, nowMs: number): ResourceList {
  const usage: ResourceList = { [countName(kind)]: "1" };
  if (isCore(kind, "pods")) addResourceList(usage, podUsage(object as Pod, nowMs));
  else if (isCore(kind, "services")) addResourceList(usage, serviceUsage(object as Service));
  else if (isCore(kind, "persistentvolumeclaims")) addResourceList(usage, claimUsage(object as PersistentVolumeClaim));
  else if (isDeviceClaim(kind)) addResourceList(usage, deviceUsage(object as ResourceClaim));
  else if (kind.group === "" && plainCounts.has(kind.resource)) usage[kind.resource] = "1";
  return usage;
}

function podUsage(pod: Pod, nowMs: number): ResourceList {
  if (!isCharged(pod, nowMs)) return {};
  const { spec } = pod;
  const requests: ResourceList = { ...aggregateContainerResources(spec, "requests"), ...spec.resources?.requests };
  const limits: ResourceList = { ...aggregateContainerResources(spec, "limits"), ...spec.resources?.limits };
  addResourceList(requests, spec.overhead);
  for (const name in spec.overhead)
    if (limits[name] !== undefined) addResourceList(limits, { [name]: spec.overhead[name]! });
  const usage: ResourceList = { pods: "1" };
  for (const name of ["cpu", "memory", "ephemeral-storage"]) {
    if (requests[name] !== undefined) usage[name] = usage[`requests.${name}`] = requests[name];
    if (limits[name] !== undefined) usage[`limits.${name}`] = limits[name];
  }
  for (const name in requests) {
    if (name.startsWith("hugepages-")) usage[name] = usage[`requests.${name}`] = requests[name]!;
    else if (name.includes("/")) usage[`requests.${name}`] = requests[name]!;
  }
  return usage;
}

/** Finished pods are free, and so are those that should have been gone by now. */
function isCharged(pod: Pod, nowMs: number): boolean {
  const phase = pod.status?.phase;
  if (phase === "Failed" || phase === "Succeeded") return false;
  const { deletionTimestamp, deletionGracePeriodSeconds } = pod.metadata;
  if (deletionTimestamp === undefined || deletionGracePeriodSeconds === undefined) return true;
  return nowMs <= parseTime(deletionTimestamp) + deletionGracePeriodSeconds * 1000;
}

function serviceUsage({ spec = {} }: Service): ResourceList {
  const ports = spec.ports?.length ?? 0;
  const withNodePorts = (spec.ports ?? []).filter((port) => (port.nodePort ?? 0) > 0).length;
  const nodePorts =
    spec.type === "NodePort"
      ? ports
      : spec.type === "LoadBalancer"
        ? spec.allocateLoadBalancerNodePorts === false
          ? withNodePorts
          : ports
        : 0;
  return {
    services: "1",
    "services.nodeports": String(nodePorts),
    "services.loadbalancers": spec.type === "LoadBalancer" ? "1" : "0",
  };
}

function claimUsage(claim: PersistentVolumeClaim): ResourceList {
  const requested = claim.spec?.resources?.requests?.["storage"];
  const allocated = claim.status?.allocatedResources?.["storage"];
  const storage =
    requested !== undefined && allocated !== undefined && compareQuantities(allocated, requested) > 0
      ? allocated
      : requested;
  const className =
    claim.metadata.annotations?.["volume.beta.kubernetes.io/storage-class"] ?? claim.spec?.storageClassName ?? "";
  return {
    persistentvolumeclaims: "1",
    ...(storage === undefined ? {} : { "requests.storage": storage }),
    ...(className === "" ? {} : { [`${className}${storageClassSuffix}persistentvolumeclaims`]: "1" }),
    ...(className === "" || storage === undefined
      ? {}
      : { [`${className}${storageClassSuffix}requests.storage`]: storage }),
  };
}

/** Of alternatives the largest of every class is charged. Upstream: evaluator/core/resource_claims.go. */
function deviceUsage({ spec }: ResourceClaim): ResourceList {
  const usage: ResourceList = {};
  for (const { exactly, firstAvailable = [] } of spec.devices?.requests ?? []) {
    const most = new Map<string, number>();
    for (const request of firstAvailable.length > 0 ? firstAvailable : exactly === undefined ? [] : [exactly]) {
      const count =
        request.allocationMode === "All"
          ? mostDevices
          : request.allocationMode === "ExactCount"
            ? (request.count ?? 0)
            : 0;
      most.set(request.deviceClassName, Math.max(most.get(request.deviceClassName) ?? 0, count));
    }
    for (const [name, count] of most) addResourceList(usage, { [name + devicesSuffix]: String(count) });
  }
  return usage;
}

/** Quota resources that every container of a pod must name once a quota limits them. */
const mustBeNamed: ReadonlySet<string> = new Set([
  "cpu",
  "memory",
  "requests.cpu",
  "requests.memory",
  "limits.cpu",
  "limits.memory",
]);

/** `must specify limits.cpu for: app; …`, or undefined when all is there. */
export function unnamedResources(pod: Pod, restricted: readonly string[]): string | undefined {
  if (pod.spec.resources?.requests !== undefined || pod.spec.resources?.limits !== undefined) return undefined;
  const missing = new Map<string, string[]>();
  for (const container of [...(pod.spec.containers ?? []), ...(pod.spec.initContainers ?? [])]) {
    const has = new Set(
      Object.entries(container.resources?.requests ?? {})
        .filter(([, amount]) => amount !== "0")
        .flatMap(([name]) => [name, `requests.${name}`])
        .concat(
          Object.entries(container.resources?.limits ?? {})
            .filter(([, amount]) => amount !== "0")
            .map(([name]) => `limits.${name}`),
        ),
    );
    for (const name of restricted)
      if (mustBeNamed.has(name) && !has.has(name)) missing.set(name, [...(missing.get(name) ?? []), container.name]);
  }
  if (missing.size === 0) return undefined;
  const parts = [...missing.keys()]
    .sort()
    .map((name) => `${name} for: ${[...new Set(missing.get(name))].sort().join(",")}`);
  return `must specify ${parts.join("; ")}`;
}
