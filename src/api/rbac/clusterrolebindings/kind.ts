// ClusterRoleBinding: rbac.authorization.k8s.io/v1 clusterrolebindings.
import type { ClusterRoleBinding } from "../../../../facts/types/rbac.v1.ts";
import { allVerbs, defineKind } from "../../kind.ts";
import { tableColumns } from "../../lib/columns.ts";
import { groupCells, serviceAccountCells, userCells } from "../../lib/subjects.ts";

export const clusterRoleBindings = defineKind<ClusterRoleBinding>({
  group: "rbac.authorization.k8s.io",
  version: "v1",
  kind: "ClusterRoleBinding",
  resource: "clusterrolebindings",
  singular: "clusterrolebinding",
  shortNames: [],
  categories: [],
  namespaced: false,
  verbs: allVerbs,
  subresources: [],
  columns: tableColumns<ClusterRoleBinding>("rbac.authorization.k8s.io/v1/ClusterRoleBinding", {
    Role: ({ roleRef }) => `${roleRef.kind}/${roleRef.name}`,
    Users: (each) => userCells(each.subjects),
    Groups: (each) => groupCells(each.subjects),
    ServiceAccounts: (each) => serviceAccountCells(each.subjects),
  }),
});
