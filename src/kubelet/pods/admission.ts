// Whether this node takes a pod that was bound to it. Upstream: pkg/kubelet/lifecycle/predicate.go, sysctl/allowlist.go. Plain functions.
import { comparesTo, type Node, type Pod } from "../../api/index.ts";
import { quantityMilliValue, quantityValue } from "../../machinery/index.ts";
import type { Pressure } from "../nodestatus/status.ts";
import { isHostNetwork, isMirrorPod, isStaticPod, isTerminalPhase } from "../pod.ts";
import { podRequests, qosOf, type ResourceList } from "../resources/requests.ts";
import { matchesNode } from "./node-affinity.ts";

export interface Rejection {
  readonly reason: string;
  readonly message: string;
}

export interface AdmissionInput {
  readonly pod: Pod;
  /** Pods of this node that are admitted and not ended. */
  readonly others: readonly Pod[];
  readonly node: Node;
  readonly allocatable: ResourceList;
  readonly allowedUnsafeSysctls: readonly string[];
  readonly supplementalGroupsPolicySupported: boolean;
  readonly pressure: Pressure;
}

/** Undefined when the pod is taken. */
export function admit(input: AdmissionInput): Rejection | undefined {
  return (
    underPressure(input) ??
    sysctls(input) ??
    operatingSystem(input) ??
    groupsPolicy(input) ??
    resources(input) ??
    affinity(input) ??
    ports(input) ??
    taints(input)
  );
}

const systemCritical = 2_000_000_000;

/**
 * A node that puts pods out takes none in, but for critical ones and, while only memory is short, those that asked for some. Upstream:
 * pkg/kubelet/eviction (Admit).
 */
function underPressure({ pod, pressure }: AdmissionInput): Rejection | undefined {
  const { memory, disk, pid } = pressure;
  if (!memory && !disk && !pid) return undefined;
  if (isStaticPod(pod) || isMirrorPod(pod) || (pod.spec.priority ?? 0) >= systemCritical) return undefined;
  const short = { key: "node.kubernetes.io/memory-pressure", effect: "NoSchedule" } as const;
  if (memory && !disk && !pid) {
    if (qosOf(pod) !== "BestEffort") return undefined;
    if ((pod.spec.tolerations ?? []).some((toleration) => tolerates(toleration, short))) return undefined;
  }
  const names = [
    ...(memory ? ["MemoryPressure"] : []),
    ...(disk ? ["DiskPressure"] : []),
    ...(pid ? ["PIDPressure"] : []),
  ];
  return { reason: "Evicted", message: `The node had condition: [${names.join(" ")}]. ` };
}

const safeSysctls = new Set([
  ...[
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.ping_group_range",
    "net.ipv4.ip_unprivileged_port_start",
  ],
  ...[
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
  ],
  ...["net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem"],
]);

function sysctls({ pod, allowedUnsafeSysctls }: AdmissionInput): Rejection | undefined {
  const forbidden = (message: string): Rejection => ({ reason: "SysctlForbidden", message });
  for (const { name } of pod.spec.securityContext?.sysctls ?? []) {
    const dotted = name.replaceAll("/", ".");
    const allowed =
      safeSysctls.has(dotted) ||
      allowedUnsafeSysctls.some((pattern) =>
        pattern.endsWith("*") ? dotted.startsWith(pattern.slice(0, -1)) : pattern === dotted,
      );
    if (!allowed) return forbidden(`forbidden sysctl: ${JSON.stringify(name)} not allowlisted`);
    if (dotted.startsWith("net.") && isHostNetwork(pod))
      return forbidden(`forbidden sysctl: ${JSON.stringify(name)} not allowed with host net enabled`);
    if (/^(kernel\.(shm|msg)|fs\.mqueue)/.test(dotted) && pod.spec.hostIPC === true)
      return forbidden(`forbidden sysctl: ${JSON.stringify(name)} not allowed with host ipc enabled`);
  }
  return undefined;
}

function operatingSystem({ pod, node }: AdmissionInput): Rejection | undefined {
  const label = node.metadata.labels?.["kubernetes.io/os"];
  if (pod.spec.os === undefined || label === undefined || pod.spec.os.name === label) return undefined;
  return { reason: "PodOSNotSupported", message: "Failed to admit pod as the OS field doesn't match node OS" };
}

function groupsPolicy({ pod, supplementalGroupsPolicySupported }: AdmissionInput): Rejection | undefined {
  if (
    pod.spec.securityContext?.supplementalGroupsPolicy !== "Strict" ||
    supplementalGroupsPolicySupported ||
    isTerminalPhase(pod.status?.phase)
  )
    return undefined;
  return {
    reason: "SupplementalGroupsPolicyNotSupported",
    message: "SupplementalGroupsPolicy=Strict is not supported in this node",
  };
}

function resources({ pod, others, allocatable }: AdmissionInput): Rejection | undefined {
  const capacity = allocatable["pods"] === undefined ? Number.POSITIVE_INFINITY : quantityValue(allocatable["pods"]);
  const out = (name: string, numbers: { requested: number; used: number; capacity: number }): Rejection => ({
    reason: `OutOf${name}`,
    message: `Node didn't have enough resource: ${name}, requested: ${numbers.requested}, used: ${numbers.used}, capacity: ${numbers.capacity}`,
  });
  if (others.length + 1 > capacity) return out("pods", { requested: 1, used: others.length, capacity });
  for (const [name, amount] of Object.entries(podRequests(pod))) {
    const value = name === "cpu" ? quantityMilliValue : quantityValue;
    const requested = value(amount);
    // Extended resources that the node does not report are none of the kubelet's business (cluster-level resources).
    if (requested === 0 || (allocatable[name] === undefined && name.includes("/"))) continue;
    const used = others.reduce((sum, other) => sum + value(podRequests(other)[name] ?? "0"), 0);
    const total = value(allocatable[name] ?? "0");
    if (used + requested > total) return out(name, { requested, used, capacity: total });
  }
  return undefined;
}

const predicate = (reason: string, text: string): Rejection => ({
  reason,
  message: `Predicate ${reason} failed: ${text}`,
});

function affinity({ pod, node }: AdmissionInput): Rejection | undefined {
  if (matchesNode(pod, node)) return undefined;
  return predicate("NodeAffinity", "node(s) didn't match Pod's node affinity/selector");
}

function ports({ pod, others }: AdmissionInput): Rejection | undefined {
  const taken = new Set(others.flatMap(hostPorts));
  if (!hostPorts(pod).some((port) => taken.has(port))) return undefined;
  return predicate("NodePorts", "node(s) didn't have free ports for the requested pod ports");
}

const hostPorts = (pod: Pod): string[] =>
  pod.spec.containers.flatMap((container) =>
    (container.ports ?? [])
      .filter((port) => (port.hostPort ?? 0) > 0)
      .map((port) => `${port.protocol ?? "TCP"} ${port.hostIP || "0.0.0.0"}:${port.hostPort}`),
  );

function taints({ pod, node }: AdmissionInput): Rejection | undefined {
  if (isStaticPod(pod)) return undefined;
  const untolerated = (node.spec.taints ?? []).find(
    (taint) =>
      taint.effect === "NoExecute" && !(pod.spec.tolerations ?? []).some((toleration) => tolerates(toleration, taint)),
  );
  if (untolerated === undefined) return undefined;
  return predicate("TaintToleration", `node(s) had taints that the pod didn't tolerate`);
}

type Toleration = NonNullable<Pod["spec"]["tolerations"]>[number];
type Taint = NonNullable<Node["spec"]["taints"]>[number];
const tolerates = (toleration: Toleration, taint: Taint): boolean =>
  (toleration.effect === undefined || (toleration.effect as string) === "" || toleration.effect === taint.effect) &&
  (!toleration.key || toleration.key === taint.key) &&
  (toleration.operator === "Exists" ||
    comparesTo(toleration, taint) ||
    ((toleration.operator || "Equal") === "Equal" && (toleration.value ?? "") === (taint.value ?? "")));
