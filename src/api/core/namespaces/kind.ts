// Namespace: v1 namespaces.
import type { Namespace } from "../../../../facts/types/core.v1.ts";
import { defineKind } from "../../kind.ts";
import { tableColumns } from "../../lib/columns.ts";

export const namespaces = defineKind<Namespace>({
  group: "",
  version: "v1",
  kind: "Namespace",
  resource: "namespaces",
  singular: "namespace",
  shortNames: ["ns"],
  categories: [],
  namespaced: false,
  verbs: ["create", "delete", "get", "list", "patch", "update", "watch"],
  subresources: [
    { name: "finalize", verbs: ["update"] },
    { name: "status", verbs: ["get", "patch", "update"] },
  ],
  columns: tableColumns<Namespace>("v1/Namespace", { Status: (namespace) => namespace.status?.phase ?? "" }),
  selectableFields: { "status.phase": (namespace) => namespace.status?.phase ?? "" },
});
