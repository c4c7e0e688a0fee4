// Which pods are to be cleared away. Upstream: pkg/controller/podgc.
import type { Node, Pod } from "../../api/index.ts";
import { parseTime } from "../../machinery/index.ts";
import { isDeleting } from "../lib/index.ts";

const outOfServiceTaint = "node.kubernetes.io/out-of-service";

/** Finished pods beyond the threshold: evicted ones first, then the oldest. */
export function surplusTerminated(pods: readonly Pod[], threshold: number): readonly Pod[] {
  if (threshold <= 0) return [];
  const phases = ["Pending", "Running", "Unknown"];
  const terminated = pods.filter((pod) => !phases.includes(pod.status?.phase ?? ""));
  const surplus = terminated.length - threshold;
  return surplus <= 0 ? [] : terminated.sort(byEvictionAndAge).slice(0, surplus);
}

function byEvictionAndAge(a: Pod, b: Pod): number {
  const evicted = (pod: Pod): number => Number(pod.status?.phase === "Failed" && pod.status.reason === "Evicted");
  if (evicted(a) !== evicted(b)) return evicted(b) - evicted(a);
  const age = parseTime(a.metadata.creationTimestamp) - parseTime(b.metadata.creationTimestamp);
  return age || (a.metadata.name < b.metadata.name ? -1 : 1);
}

/** Ending pods of nodes that an administrator declared out of service: no kubelet will ever finish them (KEP-2268). */
export const terminatingOutOfService = (
  pods: readonly Pod[],
  nodeOf: (name: string) => Node | undefined,
): readonly Pod[] =>
  pods.filter((pod) => {
    const node = isDeleting(pod) ? nodeOf(pod.spec?.nodeName ?? "") : undefined;
    if (node === undefined) return false;
    const ready = node.status?.conditions?.some((each) => each.type === "Ready" && each.status === "True") ?? false;
    return !ready && (node.spec?.taints ?? []).some((taint) => taint.key === outOfServiceTaint);
  });

export const terminatingUnscheduled = (pods: readonly Pod[]): readonly Pod[] =>
  pods.filter((pod) => isDeleting(pod) && !pod.spec?.nodeName);

/** Names of nodes that pods are bound to and that do not exist. */
export function missingNodes(pods: readonly Pod[], nodes: readonly Node[]): ReadonlySet<string> {
  const missing = new Set(pods.flatMap((pod) => pod.spec?.nodeName || []));
  for (const node of nodes) missing.delete(node.metadata.name);
  return missing;
}
