// How the API server serves Role. Upstream: pkg/registry/rbac/role.
import type { Role } from "../../../../facts/types/rbac.v1.ts";
import { defineRules } from "../../kind.ts";
import { policyRule, rbacName } from "../../lib/rbac-rules.ts";
import { each, findings } from "../../lib/validate.ts";

export const roleRules = defineRules<Role>({
  validateName: rbacName,
  metadataOnUpdate: "both",
  createOnUpdate: true,
  validate: ({ rules }) => findings(rules, each(policyRule({ namespaced: true })), "rules"),
});
