// Taints and tolerations. Upstream: k8s.io/api/core/v1 (ToleratesTaint). The API server takes Lt and Gt only while their gate is on.
import { comparesTo, type Taint, type Toleration } from "../../api/index.ts";

function tolerates(toleration: Toleration, taint: Taint): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false;
  if (toleration.key && toleration.key !== taint.key) return false;
  switch (toleration.operator) {
    case undefined:
    case "Equal":
      return (toleration.value ?? "") === (taint.value ?? "");
    case "Exists":
      return true;
    case "Lt":
    case "Gt":
      return comparesTo(toleration, taint);
    default:
      return (toleration.operator as string) === "" && (toleration.value ?? "") === (taint.value ?? "");
  }
}

export function isTolerated(taint: Taint, tolerations: readonly Toleration[] | undefined): boolean {
  if (tolerations !== undefined) for (const each of tolerations) if (tolerates(each, taint)) return true;
  return false;
}

export const keepsPodsAway = (taint: Taint): boolean => taint.effect === "NoSchedule" || taint.effect === "NoExecute";

/** Is there a NoSchedule or NoExecute taint that the pod does not tolerate? */
export function hasUntoleratedTaint(
  taints: readonly Taint[] | undefined,
  tolerations: readonly Toleration[] | undefined,
): boolean {
  if (taints !== undefined)
    for (const taint of taints) if (keepsPodsAway(taint) && !isTolerated(taint, tolerations)) return true;
  return false;
}

export const unschedulableTaint: Taint = { key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" };
