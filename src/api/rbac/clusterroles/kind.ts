// ClusterRole: rbac.authorization.k8s.io/v1 clusterroles.
import type { ClusterRole } from "../../../../facts/types/rbac.v1.ts";
import { allVerbs, defineKind } from "../../kind.ts";
import { createdAtColumn, tableColumns } from "../../lib/columns.ts";

export const clusterRoles = defineKind<ClusterRole>({
  group: "rbac.authorization.k8s.io",
  version: "v1",
  kind: "ClusterRole",
  resource: "clusterroles",
  singular: "clusterrole",
  shortNames: [],
  categories: [],
  namespaced: false,
  verbs: allVerbs,
  subresources: [],
  columns: tableColumns<ClusterRole>("rbac.authorization.k8s.io/v1/ClusterRole", {
    "Created At": createdAtColumn.cell,
  }),
});
