// The rules of an aggregated ClusterRole: those of the roles that its selectors choose, each once.
// Upstream: pkg/controller/clusterroleaggregation.
import type { ClusterRole, rbac_v1 } from "../../api/index.ts";
import { deepEqual, labelSelectorMatcher } from "../../machinery/index.ts";

type PolicyRule = rbac_v1.PolicyRule;

/**
 * Selector by selector, each one's roles by name. A chosen role that aggregates itself counts as it is about to be, so that a chain
 * of them is right after one write each and not after one for each link; in a circle it counts as it is.
 */
export function aggregatedRules(role: ClusterRole, all: readonly ClusterRole[]): readonly PolicyRule[] {
  const byName = [...all].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  const asking = new Set<string>();
  const rulesOf = (of: ClusterRole): readonly PolicyRule[] => {
    if (of.aggregationRule === undefined || asking.has(of.metadata.name)) return of.rules ?? [];
    asking.add(of.metadata.name);
    const rules = collect(of);
    asking.delete(of.metadata.name);
    return rules;
  };
  const collect = (of: ClusterRole): readonly PolicyRule[] => {
    const rules: PolicyRule[] = [];
    for (const selector of of.aggregationRule?.clusterRoleSelectors ?? []) {
      const matcher = labelSelectorMatcher(selector);
      for (const other of byName) {
        if (other.metadata.name === of.metadata.name || !matcher.matches(other.metadata.labels)) continue;
        for (const rule of rulesOf(other)) if (!rules.some((known) => deepEqual(known, rule))) rules.push(rule);
      }
    }
    return rules;
  };
  return rulesOf(role);
}
