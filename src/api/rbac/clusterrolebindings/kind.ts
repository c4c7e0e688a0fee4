// ClusterRoleBinding: rbac.authorization.k8s.io/v1 clusterrolebindings.
import type { ClusterRoleBinding } from "../../../../facts/types/rbac.v1.ts";
import { allVerbs, defineKind } from "../../kind.ts";
import { ageColumn, nameColumn } from "../../lib/columns.ts";

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
  columns: [nameColumn, ageColumn],
});
