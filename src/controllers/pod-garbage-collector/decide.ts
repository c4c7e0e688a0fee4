// Which pods are to be cleared away. Upstream: pkg/controller/podgc.
import type { Node, Pod } from "../../api/index.ts";
import { parseTime } from "../../machinery/index.ts";

const outOfServiceTaint = "node.kubernetes.io/out-of-service";

const livingPhases: ReadonlySet<string> = new Set(["Pending", "Running", "Unknown"]);

export const isFinished = (pod: Pod): boolean => !livingPhases.has(pod.status?.phase ?? "");

/** Of finished pods those beyond the threshold: evicted ones first, then the oldest. */
export function surplusTerminated(finished: readonly Pod[], threshold: number): readonly Pod[] {
  const surplus = finished.length - threshold;
  return threshold <= 0 || surplus <= 0 ? [] : finished.toSorted(byEvictionAndAge).slice(0, surplus);
}

function byEvictionAndAge(a: Pod, b: Pod): number {
  const evicted = (pod: Pod): number => Number(pod.status?.phase === "Failed" && pod.status.reason === "Evicted");
  if (evicted(a) !== evicted(b)) return evicted(b) - evicted(a);
  const age = parseTime(a.metadata.creationTimestamp) - parseTime(b.metadata.creationTimestamp);
  return age || (a.metadata.name < b.metadata.name ? -1 : 1);
}

/** Of ending pods those of nodes that an administrator declared out of service: no kubelet will ever finish them (KEP-2268). */
export const terminatingOutOfService = (
  ending: readonly Pod[],
  nodeOf: (name: string) => Node | undefined,
): readonly Pod[] =>
  ending.filter((pod) => {
    const node = nodeOf(pod.spec?.nodeName ?? "");
    if (node === undefined) return false;
    const ready = node.status?.conditions?.some((each) => each.type === "Ready" && each.status === "True") ?? false;
    return !ready && (node.spec?.taints ?? []).some((taint) => taint.key === outOfServiceTaint);
  });

export const terminatingUnscheduled = (ending: readonly Pod[]): readonly Pod[] =>
  ending.filter((pod) => !pod.spec?.nodeName);
