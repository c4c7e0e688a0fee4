// Defaults and bounds of resources, per namespace. Upstream: plugin/pkg/admission/limitranger.
import {
  aggregateContainerResources,
  type LimitRange,
  type LimitRangeItem,
  limitRanges,
  type PersistentVolumeClaim,
  type Pod,
  persistentVolumeClaims,
  pods,
  type ResourceList,
} from "../../../../api/index.ts";
import { compareQuantities, quantityMilliValue } from "../../../../machinery/index.ts";
import type { AdmissionAttributes, AdmissionHost, AdmissionPlugin } from "../../../contract.ts";
import { aggregate, draftOf, isMain, refuse } from "../../framework.ts";

const annotation = "kubernetes.io/limit-ranger";

interface Amounts {
  readonly requests: Readonly<ResourceList>;
  readonly limits: Readonly<ResourceList>;
}

export function createLimitRanger({ reader }: AdmissionHost): AdmissionPlugin {
  const rangesOf = (attributes: AdmissionAttributes): readonly LimitRange[] =>
    reader.list<LimitRange>(limitRanges, attributes.namespace);
  const isGoing = ({ operation, oldObject }: AdmissionAttributes): boolean =>
    operation === "UPDATE" && oldObject?.metadata.deletionTimestamp !== undefined;
  return {
    name: "LimitRanger",
    handles: (attributes) =>
      (attributes.operation === "CREATE" && (isMain(attributes, pods) || isMain(attributes, persistentVolumeClaims))) ||
      (attributes.operation === "UPDATE" && (isMain(attributes, persistentVolumeClaims) || isResize(attributes))),
    admit(attributes) {
      if (attributes.kind.resource !== "pods" || isGoing(attributes)) return;
      for (const range of rangesOf(attributes)) setDefaults(draftOf<Pod>(attributes), range);
    },
    validate(attributes) {
      if (isGoing(attributes)) return;
      for (const range of rangesOf(attributes)) {
        const found =
          attributes.kind.resource === "pods"
            ? podFindings(draftOf<Pod>(attributes), range)
            : claimFindings(draftOf<PersistentVolumeClaim>(attributes), range);
        if (found.length > 0) throw refuse(attributes, aggregate(found));
      }
    },
  };
}

const isResize = ({ kind, subresource }: AdmissionAttributes): boolean =>
  kind.group === pods.group && kind.resource === pods.resource && subresource === "resize";

function setDefaults(pod: Pod, range: LimitRange): void {
  const requests: ResourceList = {};
  const limits: ResourceList = {};
  for (const item of range.spec?.limits ?? []) {
    if (item.type !== "Container") continue;
    Object.assign(limits, item.default);
    Object.assign(requests, item.defaultRequest);
  }
  const notes: string[] = [];
  for (const [kind, containers] of [
    ["container", pod.spec?.containers ?? []],
    ["init container", pod.spec?.initContainers ?? []],
  ] as const) {
    for (const container of containers) {
      const resources = (container.resources ??= {});
      const setLimits = fill(resources, "limits", limits);
      const setRequests = fill(resources, "requests", requests);
      if (setRequests.length > 0) notes.push(`${setRequests.join(", ")} request for ${kind} ${container.name}`);
      if (setLimits.length > 0) notes.push(`${setLimits.join(", ")} limit for ${kind} ${container.name}`);
    }
  }
  if (notes.length === 0) return;
  pod.metadata.annotations = {
    ...pod.metadata.annotations,
    [annotation]: `LimitRanger plugin set: ${notes.join("; ")}`,
  };
}

/** Names that were missing and are set now, sorted. */
function fill(
  resources: { limits?: ResourceList; requests?: ResourceList },
  which: "limits" | "requests",
  defaults: ResourceList,
): string[] {
  const list = resources[which] ?? {};
  const missing = Object.keys(defaults).filter((name) => list[name] === undefined);
  if (missing.length === 0) return [];
  resources[which] = { ...list, ...Object.fromEntries(missing.map((name) => [name, defaults[name]!])) };
  return missing.sort();
}

function podFindings(pod: Pod, range: LimitRange): string[] {
  const found: string[] = [];
  const spec = pod.spec;
  if (spec === undefined) return found;
  for (const item of range.spec?.limits ?? []) {
    if (item.type === "Container") {
      for (const { resources } of [...(spec.containers ?? []), ...(spec.initContainers ?? [])])
        found.push(...boundFindings(item, { requests: resources?.requests ?? {}, limits: resources?.limits ?? {} }));
    } else if (item.type === "Pod") {
      found.push(...boundFindings(item, { requests: amountsOf(spec, "requests"), limits: amountsOf(spec, "limits") }));
    }
  }
  return found;
}

/** What the pod says of itself counts for cpu and memory. */
function amountsOf(spec: Pod["spec"], which: "requests" | "limits"): ResourceList {
  const list: ResourceList = { ...aggregateContainerResources(spec, which) };
  for (const name of ["cpu", "memory"]) {
    const amount = spec.resources?.[which]?.[name];
    if (amount !== undefined) list[name] = amount;
  }
  return list;
}

function claimFindings(claim: PersistentVolumeClaim, range: LimitRange): string[] {
  const requests = claim.spec?.resources?.requests ?? {};
  return (range.spec?.limits ?? [])
    .filter((item) => item.type === "PersistentVolumeClaim")
    .flatMap((item) => [
      ...Object.entries(item.min ?? {}).flatMap(([name, bound]) =>
        below({ type: item.type, name, bound }, { requests, limits: {} }),
      ),
      ...Object.entries(item.max ?? {}).flatMap(([name, bound]) => {
        const asked = requests[name];
        const head = `maximum ${name} usage per ${item.type} is ${bound}`;
        if (asked === undefined) return [`${head}.  No request is specified`];
        return compareQuantities(asked, bound) > 0 ? [`${head}, but request is ${asked}`] : [];
      }),
    ]);
}

interface Bound {
  readonly type: string;
  readonly name: string;
  readonly bound: string;
}

function boundFindings(item: LimitRangeItem, amounts: Amounts): string[] {
  const each = (
    list: Record<string, string> | undefined,
    check: (bound: Bound, amounts: Amounts) => string[],
  ): string[] =>
    Object.keys(list ?? {})
      .sort()
      .flatMap((name) => check({ type: item.type, name, bound: list![name]! }, amounts));
  return [...each(item.min, below), ...each(item.max, above), ...each(item.maxLimitRequestRatio, overRatio)];
}

function below({ type, name, bound }: Bound, { requests, limits }: Amounts): string[] {
  const head = `minimum ${name} usage per ${type} is ${bound}`;
  const request = requests[name];
  const limit = limits[name];
  if (request === undefined) return [`${head}.  No request is specified`];
  if (compareQuantities(request, bound) < 0) return [`${head}, but request is ${request}`];
  return limit !== undefined && compareQuantities(limit, bound) < 0 ? [`${head}, but limit is ${limit}`] : [];
}

function above({ type, name, bound }: Bound, { requests, limits }: Amounts): string[] {
  const head = `maximum ${name} usage per ${type} is ${bound}`;
  const request = requests[name];
  const limit = limits[name];
  if (limit === undefined) return [`${head}.  No limit is specified`];
  if (compareQuantities(limit, bound) > 0) return [`${head}, but limit is ${limit}`];
  return request !== undefined && compareQuantities(request, bound) > 0 ? [`${head}, but request is ${request}`] : [];
}

function overRatio({ type, name, bound }: Bound, { requests, limits }: Amounts): string[] {
  const head = `${name} max limit to request ratio per ${type} is ${bound}`;
  const request = quantityMilliValue(requests[name] ?? "0");
  const limit = quantityMilliValue(limits[name] ?? "0");
  if (request === 0) return [`${head}, but no request is specified or request is 0`];
  if (limit === 0) return [`${head}, but no limit is specified or limit is 0`];
  const ratio = limit / request;
  return ratio * 1000 > quantityMilliValue(bound) ? [`${head}, but provided ratio is ${ratio.toFixed(6)}`] : [];
}
