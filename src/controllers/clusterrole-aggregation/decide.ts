// The rules of an aggregated ClusterRole: those of the roles that its selectors choose, each once.
// Upstream: pkg/controller/clusterroleaggregation.
import type { ClusterRole, rbac_v1 } from "../../api/index.ts";
import { deepEqual, labelSelectorMatcher } from "../../machinery/index.ts";

type PolicyRule = rbac_v1.PolicyRule;

/** Selector by selector, each one's roles by name. */
export function aggregatedRules(role: ClusterRole, all: readonly ClusterRole[]): PolicyRule[] {
  const rules: PolicyRule[] = [];
  const byName = [...all].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  for (const selector of role.aggregationRule?.clusterRoleSelectors ?? []) {
    const matcher = labelSelectorMatcher(selector);
    for (const other of byName) {
      if (other.metadata.name === role.metadata.name || !matcher.matches(other.metadata.labels)) continue;
      for (const rule of other.rules ?? []) if (!rules.some((known) => deepEqual(known, rule))) rules.push(rule);
    }
  }
  return rules;
}
