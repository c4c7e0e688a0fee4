// Pod: v1 pods.
import type { Pod } from "../../../../facts/types/core.v1.ts";
import { allVerbs, defineKind } from "../../kind.ts";
import { age, orElse, tableColumns } from "../../lib/columns.ts";
import { podSummary } from "../../lib/workloads/pod-summary.ts";

/** How many of the pod's readiness gates are true: `1/2`. */
function readinessGates({ spec, status }: Pod): string {
  const gates = spec?.readinessGates ?? [];
  if (gates.length === 0) return "<none>";
  const isTrue = (type: string): boolean => status?.conditions?.find((each) => each.type === type)?.status === "True";
  return `${gates.filter(({ conditionType }) => isTrue(conditionType)).length}/${gates.length}`;
}

export const pods = defineKind<Pod>({
  group: "",
  version: "v1",
  kind: "Pod",
  resource: "pods",
  singular: "pod",
  shortNames: ["po"],
  categories: ["all"],
  namespaced: true,
  verbs: allVerbs,
  subresources: [
    { name: "attach", kind: { group: "", version: "v1", kind: "PodAttachOptions" }, verbs: ["create", "get"] },
    { name: "binding", kind: { group: "", version: "v1", kind: "Binding" }, verbs: ["create"] },
    { name: "ephemeralcontainers", verbs: ["get", "patch", "update"] },
    { name: "eviction", kind: { group: "policy", version: "v1", kind: "Eviction" }, verbs: ["create"] },
    { name: "exec", kind: { group: "", version: "v1", kind: "PodExecOptions" }, verbs: ["create", "get"] },
    { name: "log", verbs: ["get"] },
    {
      name: "portforward",
      kind: { group: "", version: "v1", kind: "PodPortForwardOptions" },
      verbs: ["create", "get"],
    },
    {
      name: "proxy",
      kind: { group: "", version: "v1", kind: "PodProxyOptions" },
      verbs: ["create", "delete", "get", "patch", "update"],
    },
    { name: "resize", verbs: ["get", "patch", "update"] },
    { name: "status", verbs: ["get", "patch", "update"] },
  ],
  columns: tableColumns<Pod>("v1/Pod", {
    Ready: (pod) => podSummary(pod).ready,
    Status: (pod) => podSummary(pod).status,
    Restarts: (pod, { now }) => {
      const { restarts, lastRestart } = podSummary(pod);
      return restarts > 0 && lastRestart !== undefined
        ? `${restarts} (${age(lastRestart, now)} ago)`
        : String(restarts);
    },
    IP: (pod) => orElse(pod.status?.podIPs?.[0]?.ip, "<none>"),
    Node: (pod) => orElse(pod.spec?.nodeName, "<none>"),
    "Nominated Node": (pod) => orElse(pod.status?.nominatedNodeName, "<none>"),
    "Readiness Gates": readinessGates,
  }),
  selectableFields: {
    "spec.nodeName": ({ spec }) => spec?.nodeName ?? "",
    "spec.restartPolicy": ({ spec }) => spec?.restartPolicy ?? "",
    "spec.schedulerName": ({ spec }) => spec?.schedulerName ?? "",
    "spec.serviceAccountName": ({ spec }) => spec?.serviceAccountName ?? "",
    "spec.hostNetwork": ({ spec }) => String(spec?.hostNetwork ?? false),
    "status.phase": ({ status }) => status?.phase ?? "",
    "status.podIP": ({ status }) => status?.podIPs?.[0]?.ip ?? "",
    "status.podIPs": ({ status }) => status?.podIPs?.[0]?.ip ?? "",
    "status.nominatedNodeName": ({ status }) => status?.nominatedNodeName ?? "",
  },
});
