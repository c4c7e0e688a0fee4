// What a node's conditions mean for its taints, and when silence means that its state is unknown.
// Upstream: pkg/controller/nodelifecycle (KEP-382 for taints by condition).
import type { Node, NodeCondition, Taint } from "../../api/index.ts";

const notReadyTaint = "node.kubernetes.io/not-ready";
const unreachableTaint = "node.kubernetes.io/unreachable";

/** Condition type → status → taint key, for taints that keep new pods away. */
const conditionTaints: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Ready: { False: notReadyTaint, Unknown: unreachableTaint },
  MemoryPressure: { True: "node.kubernetes.io/memory-pressure" },
  DiskPressure: { True: "node.kubernetes.io/disk-pressure" },
  NetworkUnavailable: { True: "node.kubernetes.io/network-unavailable" },
  PIDPressure: { True: "node.kubernetes.io/pid-pressure" },
};
const unschedulableTaint = "node.kubernetes.io/unschedulable";
const managedNoSchedule = new Set([
  ...Object.values(conditionTaints).flatMap((each) => Object.values(each)),
  unschedulableTaint,
]);
const managedNoExecute = new Set([notReadyTaint, unreachableTaint]);

export const readyStatus = (node: Node): string =>
  node.status?.conditions?.find((each) => each.type === "Ready")?.status ?? "Unknown";

/** The taints that the node should have: the foreign ones as they are, ours as the conditions say. */
export function wantedTaints(node: Node, evict: boolean, now: string): Taint[] {
  const taints = node.spec?.taints ?? [];
  const foreign = taints.filter(
    (taint) =>
      !(
        taint.effect === "NoSchedule" ? managedNoSchedule : taint.effect === "NoExecute" ? managedNoExecute : new Set()
      ).has(taint.key),
  );
  const noSchedule = [
    ...(node.status?.conditions ?? []).flatMap(
      (condition) => conditionTaints[condition.type]?.[condition.status] ?? [],
    ),
    ...(node.spec?.unschedulable ? [unschedulableTaint] : []),
  ];
  const noExecute = conditionTaints["Ready"]![readyStatus(node)];
  const keep = (key: string, effect: Taint["effect"]): Taint =>
    taints.find((taint) => taint.key === key && taint.effect === effect) ?? { key, effect, timeAdded: now };
  return [
    ...foreign,
    ...[...new Set(noSchedule)].map((key) => keep(key, "NoSchedule")),
    ...(noExecute !== undefined &&
    (evict || taints.some((taint) => taint.key === noExecute && taint.effect === "NoExecute"))
      ? [keep(noExecute, "NoExecute")]
      : []),
  ];
}

export const sameTaints = (a: readonly Taint[], b: readonly Taint[]): boolean => {
  const key = (taint: Taint): string => `${taint.key}=${taint.value ?? ""}:${taint.effect}`;
  return a.length === b.length && a.every((taint) => b.some((other) => key(other) === key(taint)));
};

/** Conditions that a kubelet keeps up to date; silent for too long, nobody knows. */
const heartbeatConditions = ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"];

/** The conditions of a node that fell silent. */
export function unknownConditions(node: Node, now: string): NodeCondition[] {
  const before = node.status?.conditions ?? [];
  const silent = heartbeatConditions.map((type): NodeCondition => {
    const condition = before.find((each) => each.type === type);
    if (condition === undefined)
      return {
        type,
        status: "Unknown",
        reason: "NodeStatusNeverUpdated",
        message: "Kubelet never posted node status.",
        lastHeartbeatTime: node.metadata.creationTimestamp,
        lastTransitionTime: now,
      };
    if (condition.status === "Unknown") return condition;
    return {
      ...condition,
      status: "Unknown",
      reason: "NodeStatusUnknown",
      message: "Kubelet stopped posting node status.",
      lastTransitionTime: now,
    };
  });
  return [...before.filter((each) => !heartbeatConditions.includes(each.type)), ...silent];
}
