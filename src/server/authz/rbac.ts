// Role-based access control: a request is allowed when one rule of the user's bindings allows it. RBAC never denies.
// Upstream: plugin/pkg/auth/authorizer/rbac.

import type { PolicyRule, RoleRef } from "../../api/index.ts";
import type { UserInfo } from "../../machinery/index.ts";
import type { Authorizer, ObjectReader } from "../contract.ts";
import { aggregate } from "./modes.ts";
import { type RbacIndex, rbacIndexOf } from "./rbac-index.ts";
import { ruleAllows } from "./rbac-rules.ts";

export function rbacAuthorizer(reader: ObjectReader): Authorizer {
  const index = rbacIndexOf(reader);
  return {
    async authorize(asked) {
      let source: string | undefined;
      const missing: string[] = [];
      index.visit(asked.user, asked.namespace, {
        rule(rule, describe) {
          if (!ruleAllows(rule, asked)) return true;
          source = describe();
          return false;
        },
        missing: (roleRef) => missing.push(notThere(roleRef)),
      });
      if (source !== undefined) return { decision: "allow", reason: `RBAC: allowed by ${source}` };
      return { decision: "noOpinion", reason: missing.length === 0 ? "" : `RBAC: ${aggregate(missing)}` };
    },
    async rulesFor(user, namespace) {
      const { rules, missing } = collectRules(index, user, namespace);
      return {
        resourceRules: rules
          .filter((rule) => (rule.resources ?? []).length > 0)
          .map(({ verbs, apiGroups = [], resources = [], resourceNames }) => ({
            verbs,
            apiGroups,
            resources,
            ...(resourceNames === undefined ? {} : { resourceNames }),
          })),
        nonResourceRules: rules
          .filter((rule) => (rule.nonResourceURLs ?? []).length > 0)
          .map(({ verbs, nonResourceURLs = [] }) => ({ verbs, nonResourceURLs })),
        incomplete: false,
        ...(missing.length > 0 ? { evaluationError: aggregate(missing.map(notThere)) } : {}),
      };
    },
  };
}

/** Every rule that the user holds, and the roles that bindings name but nobody made. */
export function collectRules(
  index: RbacIndex,
  user: UserInfo,
  namespace: string,
): { readonly rules: readonly PolicyRule[]; readonly missing: readonly RoleRef[] } {
  const rules: PolicyRule[] = [];
  const missing: RoleRef[] = [];
  index.visit(user, namespace, {
    rule(rule) {
      rules.push(rule);
      return true;
    },
    missing: (roleRef) => missing.push(roleRef),
  });
  return { rules, missing };
}

const notThere = (roleRef: RoleRef): string =>
  `${roleRef.kind.toLowerCase()}.rbac.authorization.k8s.io ${JSON.stringify(roleRef.name)} not found`;
