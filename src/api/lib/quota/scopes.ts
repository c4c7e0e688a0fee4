// Which objects a quota is about. Only pods and claims have scopes. Upstream: pkg/quota/v1/evaluator/core/pods.go.
import type {
  PersistentVolumeClaim,
  Pod,
  ResourceQuota,
  ScopedResourceSelectorRequirement,
} from "../../../../facts/types/core.v1.ts";
import type { KubeObject } from "../../../machinery/index.ts";

export function scopesMatch(quota: ResourceQuota, resource: string, object: KubeObject): boolean {
  const wanted: ScopedResourceSelectorRequirement[] = [
    ...(quota.spec?.scopes ?? []).map((scopeName) => ({ scopeName, operator: "Exists" as const })),
    ...(quota.spec?.scopeSelector?.matchExpressions ?? []),
  ];
  if (wanted.length === 0) return true;
  if (resource === "pods") return wanted.every((each) => podMatches(each, object as Pod));
  if (resource === "persistentvolumeclaims")
    return wanted.every((each) => claimMatches(each, object as PersistentVolumeClaim));
  return false;
}

function podMatches(requirement: ScopedResourceSelectorRequirement, pod: Pod): boolean {
  switch (requirement.scopeName) {
    case "Terminating":
      return isTerminating(pod);
    case "NotTerminating":
      return !isTerminating(pod);
    case "BestEffort":
      return isBestEffort(pod);
    case "NotBestEffort":
      return !isBestEffort(pod);
    case "PriorityClass":
      return selected(requirement, pod.spec.priorityClassName ?? "");
    case "CrossNamespacePodAffinity":
      return crossesNamespaces(pod);
    default:
      return false;
  }
}

const claimMatches = (requirement: ScopedResourceSelectorRequirement, claim: PersistentVolumeClaim): boolean =>
  requirement.scopeName === "VolumeAttributesClass" &&
  selected(requirement, claim.spec?.volumeAttributesClassName ?? "");

function selected({ operator, values = [] }: ScopedResourceSelectorRequirement, value: string): boolean {
  switch (operator) {
    case "Exists":
      return value !== "";
    case "DoesNotExist":
      return value === "";
    case "In":
      return values.includes(value);
    case "NotIn":
      return !values.includes(value);
    default:
      return false;
  }
}

/** Meant to end by itself: spec.activeDeadlineSeconds is set. */
export const isTerminating = (pod: Pod): boolean => (pod.spec?.activeDeadlineSeconds ?? -1) >= 0;

const isBestEffort = (pod: Pod): boolean =>
  [{ resources: pod.spec.resources }, ...(pod.spec.containers ?? []), ...(pod.spec.initContainers ?? [])].every(
    (container) => {
      const amounts = { ...container.resources?.requests, ...container.resources?.limits };
      return Object.entries(amounts).every(([name, amount]) => (name !== "cpu" && name !== "memory") || amount === "0");
    },
  );

function crossesNamespaces(pod: Pod): boolean {
  const { podAffinity, podAntiAffinity } = pod.spec.affinity ?? {};
  const terms = [podAffinity, podAntiAffinity].flatMap((affinity) => [
    ...(affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map((each) => each.podAffinityTerm),
  ]);
  return terms.some((term) => (term.namespaces?.length ?? 0) > 0 || term.namespaceSelector !== undefined);
}
