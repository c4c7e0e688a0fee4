// How the API server serves ClusterRoleBinding. Upstream: pkg/registry/rbac/clusterrolebinding.
import type { ClusterRoleBinding } from "../../../../facts/types/rbac.v1.ts";
import { defineRules } from "../../kind.ts";
import { bindingFindings, defaultBinding, keptRole, rbacName } from "../../lib/rbac-rules.ts";

export const clusterRoleBindingRules = defineRules<ClusterRoleBinding>({
  default: defaultBinding,
  validateName: rbacName,
  metadataOnUpdate: "both",
  createOnUpdate: true,
  validate: (binding) => bindingFindings(binding, { namespaced: false }),
  validateUpdate: keptRole,
});
