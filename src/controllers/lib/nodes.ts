// Which nodes a pod fits by name, affinity and taints. Upstream: k8s.io/component-helpers/scheduling/corev1.
import { comparesTo, type core_v1 } from "../../api/index.ts";

type Node = core_v1.Node;
type PodSpec = core_v1.PodSpec;
type Toleration = core_v1.Toleration;
type Taint = core_v1.Taint;

export function tolerates(toleration: Toleration, taint: Taint): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false;
  if (toleration.key && toleration.key !== taint.key) return false;
  if (toleration.operator === "Exists") return true;
  if (comparesTo(toleration, taint)) return true;
  if (toleration.operator !== undefined && toleration.operator !== "Equal") return false;
  return Boolean(toleration.key) && (toleration.value ?? "") === (taint.value ?? "");
}

/** Whether a taint of one of these effects is not tolerated. */
export const hasUntoleratedTaint = (
  node: Node,
  tolerations: readonly Toleration[],
  effects: readonly string[],
): boolean =>
  (node.spec?.taints ?? []).some(
    (taint) => effects.includes(taint.effect) && !tolerations.some((toleration) => tolerates(toleration, taint)),
  );

/** nodeSelector and required node affinity. */
export function fitsNodeAffinity(spec: PodSpec, node: Node): boolean {
  const labels = node.metadata.labels ?? {};
  for (const [key, value] of Object.entries(spec.nodeSelector ?? {})) if (labels[key] !== value) return false;
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return required === undefined || required.nodeSelectorTerms.some((term) => matchesTerm(term, node));
}

function matchesTerm(term: core_v1.NodeSelectorTerm, node: Node): boolean {
  const { matchExpressions = [], matchFields = [] } = term;
  if (matchExpressions.length === 0 && matchFields.length === 0) return false;
  const fields = { "metadata.name": node.metadata.name };
  return (
    matchExpressions.every((requirement) => matches(requirement, node.metadata.labels ?? {})) &&
    matchFields.every((requirement) => matches(requirement, fields))
  );
}

function matches(requirement: core_v1.NodeSelectorRequirement, values: Readonly<Record<string, string>>): boolean {
  const value = values[requirement.key];
  const wanted = requirement.values ?? [];
  switch (requirement.operator) {
    case "In":
      return value !== undefined && wanted.includes(value);
    case "NotIn":
      return value === undefined || !wanted.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
    case "Gt":
    case "Lt": {
      if (value === undefined || !/^[+-]?\d+$/.test(value) || wanted.length !== 1) return false;
      const difference = BigInt(value) - BigInt(wanted[0]!);
      return requirement.operator === "Gt" ? difference > 0n : difference < 0n;
    }
    default:
      return false;
  }
}
