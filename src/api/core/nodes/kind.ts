// Node: v1 nodes.
import type { Node } from "../../../../facts/types/core.v1.ts";
import { allVerbs, defineKind } from "../../kind.ts";
import { orElse, tableColumns } from "../../lib/columns.ts";

const rolePrefix = "node-role.kubernetes.io/";

/** Roles by label, sorted: `node-role.kubernetes.io/NAME` and `kubernetes.io/role=NAME`. */
function roles({ metadata }: Node): string[] {
  const found = new Set<string>();
  for (const [key, value] of Object.entries(metadata.labels ?? {})) {
    if (key.startsWith(rolePrefix) && key.length > rolePrefix.length) found.add(key.slice(rolePrefix.length));
    else if (key === "kubernetes.io/role" && value !== "") found.add(value);
  }
  return [...found].sort();
}

function status({ spec, status }: Node): string {
  const ready = status?.conditions?.findLast(({ type }) => type === "Ready");
  const readiness = ready === undefined ? "Unknown" : ready.status === "True" ? "Ready" : "NotReady";
  return spec?.unschedulable ? `${readiness},SchedulingDisabled` : readiness;
}

const address = ({ status }: Node, type: string): string =>
  status?.addresses?.find((each) => each.type === type)?.address ?? "<none>";

export const nodes = defineKind<Node>({
  group: "",
  version: "v1",
  kind: "Node",
  resource: "nodes",
  singular: "node",
  shortNames: ["no"],
  categories: [],
  namespaced: false,
  verbs: allVerbs,
  subresources: [
    {
      name: "proxy",
      kind: { group: "", version: "v1", kind: "NodeProxyOptions" },
      verbs: ["create", "delete", "get", "patch", "update"],
    },
    { name: "status", verbs: ["get", "patch", "update"] },
  ],
  storageName: "minions",
  columns: tableColumns<Node>("v1/Node", {
    Status: status,
    Roles: (node) => orElse(roles(node).join(","), "<none>"),
    Version: (node) => node.status?.nodeInfo?.kubeletVersion ?? "",
    "Internal-IP": (node) => address(node, "InternalIP"),
    "External-IP": (node) => address(node, "ExternalIP"),
    "OS-Image": (node) => orElse(node.status?.nodeInfo?.osImage, "<unknown>"),
    "Kernel-Version": (node) => {
      const { kernelVersion, architecture } = node.status?.nodeInfo ?? {};
      return orElse(kernelVersion, "<unknown>") + (architecture ? ` (${architecture})` : "");
    },
    "Container-Runtime": (node) => orElse(node.status?.nodeInfo?.containerRuntimeVersion, "<unknown>"),
  }),
  selectableFields: { "spec.unschedulable": (node) => String(node.spec?.unschedulable ?? false) },
});
