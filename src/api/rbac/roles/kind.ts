// Role: rbac.authorization.k8s.io/v1 roles.
import type { Role } from "../../../../facts/types/rbac.v1.ts";
import { allVerbs, defineKind } from "../../kind.ts";
import { createdAtColumn, tableColumns } from "../../lib/columns.ts";

export const roles = defineKind<Role>({
  group: "rbac.authorization.k8s.io",
  version: "v1",
  kind: "Role",
  resource: "roles",
  singular: "role",
  shortNames: [],
  categories: [],
  namespaced: true,
  verbs: allVerbs,
  subresources: [],
  columns: tableColumns<Role>("rbac.authorization.k8s.io/v1/Role", {
    "Created At": createdAtColumn.cell,
  }),
});
