// How the API server serves ClusterRole. Upstream: pkg/registry/rbac/clusterrole.
import type { AggregationRule, ClusterRole } from "../../../../facts/types/rbac.v1.ts";
import { field } from "../../../machinery/index.ts";
import { defineRules } from "../../kind.ts";
import { policyRule, rbacName } from "../../lib/rbac-rules.ts";
import { labelSelector } from "../../lib/selector-rules.ts";
import { type Check, child, each, findings, item, optional, worthChecking } from "../../lib/validate.ts";
import { matcherOfSelector } from "../../lib/workloads/workload.ts";

const aggregation: Check<AggregationRule> = (rule, at, found) => {
  const path = child(at, "clusterRoleSelectors");
  const selectors = rule.clusterRoleSelectors ?? [];
  if (selectors.length === 0)
    found.push(field.required(path, "at least one clusterRoleSelector required if aggregationRule is non-nil"));
  for (const [index, selector] of worthChecking(selectors, found)) {
    labelSelector(selector, item(path, index), found);
    if (matcherOfSelector(selector) === undefined)
      found.push(field.invalid(item(path, index), null, "invalid label selector."));
  }
};

export const clusterRoleRules = defineRules<ClusterRole>({
  validateName: rbacName,
  metadataOnUpdate: "both",
  createOnUpdate: true,
  validate: ({ rules, aggregationRule }) => [
    ...findings(rules, each(policyRule({ namespaced: false })), "rules"),
    ...findings(aggregationRule, optional(aggregation), "aggregationRule"),
  ],
});
