// How the API server serves RoleBinding. Upstream: pkg/registry/rbac/rolebinding.
import type { RoleBinding } from "../../../../facts/types/rbac.v1.ts";
import { defineRules } from "../../kind.ts";
import { bindingFindings, defaultBinding, keptRole, rbacName } from "../../lib/rbac-rules.ts";

export const roleBindingRules = defineRules<RoleBinding>({
  default: defaultBinding,
  validateName: rbacName,
  metadataOnUpdate: "both",
  createOnUpdate: true,
  validate: (binding) => bindingFindings(binding, { namespaced: true }),
  validateUpdate: keptRole,
});
