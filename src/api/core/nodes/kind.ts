// Node: v1 nodes.
import type { Node } from "../../../../facts/types/core.v1.ts";
import { allVerbs, defineKind } from "../../kind.ts";
import { ageColumn, nameColumn } from "../../lib/columns.ts";

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
  columns: [nameColumn, ageColumn],
});
