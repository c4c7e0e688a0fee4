// How the API server serves ValidatingAdmissionPolicy. Upstream: pkg/registry/admissionregistration/validatingadmissionpolicy.
import type { ValidatingAdmissionPolicy } from "../../../../facts/types/admissionregistration.v1.ts";
import { defineRules } from "../../kind.ts";
import { configurationRules } from "../../lib/admission/configuration-rules.ts";
import { reservedName } from "../../lib/admission/names.ts";
import { defaultPolicySpec, judgeValidatingPolicy } from "../../lib/admission/policies.ts";
import { policyStatus } from "../../lib/admission/policy-status.ts";
import { keepMetadata } from "../../lib/metadata.ts";
import { findings } from "../../lib/validate.ts";

export const validatingAdmissionPolicyRules = defineRules<ValidatingAdmissionPolicy>({
  ...configurationRules,
  default: (policy) => {
    policy.spec ??= {};
    defaultPolicySpec(policy.spec);
  },
  generation: true,
  validate: (policy, context) => [...judgeValidatingPolicy(policy), ...reservedName(policy, context)],
  validateUpdate: (policy, old) => judgeValidatingPolicy(policy, old),
  resetFields: { status: ["metadata", "spec"] },
  status: {
    prepareUpdate: keepMetadata,
    validateUpdate: ({ status }) => findings(status, policyStatus, "status"),
  },
});
