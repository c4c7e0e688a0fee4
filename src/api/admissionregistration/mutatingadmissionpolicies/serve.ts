// How the API server serves MutatingAdmissionPolicy. Upstream: pkg/registry/admissionregistration/mutatingadmissionpolicy.
import type { MutatingAdmissionPolicy } from "../../../../facts/types/admissionregistration.v1.ts";
import { defineRules } from "../../kind.ts";
import { loadExpressions } from "../../lib/admission/expressions.ts";
import { reservedName, reservedNameWarnings } from "../../lib/admission/names.ts";
import { defaultPolicySpec, judgeMutatingPolicy } from "../../lib/admission/policies.ts";

export const mutatingAdmissionPolicyRules = defineRules<MutatingAdmissionPolicy>({
  ready: loadExpressions,
  default: (policy) => {
    policy.spec ??= {};
    defaultPolicySpec(policy.spec);
  },
  generation: true,
  metadataOnUpdate: "create",
  anyFinalizers: true,
  validate: (policy, context) => [...judgeMutatingPolicy(policy), ...reservedName(policy, context)],
  validateOnUpdate: false,
  validateUpdate: (policy, old) => judgeMutatingPolicy(policy, old),
  warnings: reservedNameWarnings,
  unconditionalUpdate: false,
});
