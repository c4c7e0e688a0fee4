// How the API server serves MutatingAdmissionPolicy. Upstream: pkg/registry/admissionregistration/mutatingadmissionpolicy.
import type { MutatingAdmissionPolicy } from "../../../../facts/types/admissionregistration.v1.ts";
import { defineRules } from "../../kind.ts";
import { configurationRules } from "../../lib/admission/configuration-rules.ts";
import { reservedName } from "../../lib/admission/names.ts";
import { defaultPolicySpec, judgeMutatingPolicy } from "../../lib/admission/policies.ts";

export const mutatingAdmissionPolicyRules = defineRules<MutatingAdmissionPolicy>({
  ...configurationRules,
  default: (policy) => {
    policy.spec ??= {};
    defaultPolicySpec(policy.spec);
  },
  generation: true,
  validate: (policy, context) => [...judgeMutatingPolicy(policy), ...reservedName(policy, context)],
  validateUpdate: (policy, old) => judgeMutatingPolicy(policy, old),
});
