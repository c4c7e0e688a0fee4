// How the API server serves PodDisruptionBudget. Upstream: pkg/apis/policy/validation, pkg/registry/policy.
import type { PodDisruptionBudget } from "../../../../facts/types/policy.v1.ts";
import { field, type IntOrString } from "../../../machinery/index.ts";
import { defineRules } from "../../kind.ts";
import { conditions } from "../../lib/conditions.ts";
import { internalForm } from "../../lib/internal-form.ts";
import { labelSelector } from "../../lib/selector-rules.ts";
import { all, type Check, child, findings, notNegative, oneOf, optional } from "../../lib/validate.ts";
import { atMostAll, intOrPercent } from "../../lib/workloads/workload.ts";

type Spec = NonNullable<PodDisruptionBudget["spec"]>;

const share = optional(all<IntOrString>(intOrPercent, atMostAll));

const spec: Check<Spec | undefined> = (value = {}, at, found) => {
  const { minAvailable, maxUnavailable } = value;
  if (minAvailable !== undefined && maxUnavailable !== undefined)
    found.push(
      field.invalid(
        at,
        internalForm("policy.PodDisruptionBudgetSpec", value),
        "minAvailable and maxUnavailable cannot be both set",
      ),
    );
  share(minAvailable, child(at, "minAvailable"), found);
  share(maxUnavailable, child(at, "maxUnavailable"), found);
  labelSelector(value.selector, child(at, "selector"), found);
  optional(oneOf("AlwaysAllow", "IfHealthyBudget"))(
    value.unhealthyPodEvictionPolicy,
    child(at, "unhealthyPodEvictionPolicy"),
    found,
  );
};

const status: Check<PodDisruptionBudget["status"]> = (value, at, found) => {
  conditions(value?.conditions, child(at, "conditions"), found);
  for (const name of ["disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"] as const)
    notNegative(value?.[name], child(at, name), found);
};

export const podDisruptionBudgetRules = defineRules<PodDisruptionBudget>({
  default: (budget) => {
    budget.spec ??= {};
  },
  validateName: () => [],
  unconditionalUpdate: false,
  generation: true,
  metadataOnUpdate: "none",
  validate: ({ spec: own }) => findings(own, spec, "spec"),
  status: { validateUpdate: (budget) => findings(budget.status, status, "status") },
});
