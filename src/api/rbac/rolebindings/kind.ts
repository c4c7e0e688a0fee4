// RoleBinding: rbac.authorization.k8s.io/v1 rolebindings.
import type { RoleBinding } from "../../../../facts/types/rbac.v1.ts";
import { allVerbs, defineKind } from "../../kind.ts";
import { tableColumns } from "../../lib/columns.ts";
import { groupCells, serviceAccountCells, userCells } from "../../lib/subjects.ts";

export const roleBindings = defineKind<RoleBinding>({
  group: "rbac.authorization.k8s.io",
  version: "v1",
  kind: "RoleBinding",
  resource: "rolebindings",
  singular: "rolebinding",
  shortNames: [],
  categories: [],
  namespaced: true,
  verbs: allVerbs,
  subresources: [],
  columns: tableColumns<RoleBinding>("rbac.authorization.k8s.io/v1/RoleBinding", {
    Role: ({ roleRef }) => `${roleRef.kind}/${roleRef.name}`,
    Users: (each) => userCells(each.subjects),
    Groups: (each) => groupCells(each.subjects),
    ServiceAccounts: (each) => serviceAccountCells(each.subjects),
  }),
});
