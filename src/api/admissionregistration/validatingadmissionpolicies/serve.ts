// How the API server serves ValidatingAdmissionPolicy. Upstream: pkg/registry/admissionregistration/validatingadmissionpolicy.
import type { ValidatingAdmissionPolicy } from "../../../../facts/types/admissionregistration.v1.ts";
import { defineRules } from "../../kind.ts";
import { loadExpressions } from "../../lib/admission/expressions.ts";
import { reservedName, reservedNameWarnings } from "../../lib/admission/names.ts";
import { defaultPolicySpec, judgeValidatingPolicy } from "../../lib/admission/policies.ts";
import { policyStatus } from "../../lib/admission/policy-status.ts";
import { keepMetadata } from "../../lib/metadata.ts";
import { findings } from "../../lib/validate.ts";

export const validatingAdmissionPolicyRules = defineRules<ValidatingAdmissionPolicy>({
  ready: loadExpressions,
  default: (policy) => {
    policy.spec ??= {};
    defaultPolicySpec(policy.spec);
  },
  generation: true,
  metadataOnUpdate: "create",
  anyFinalizers: true,
  validate: (policy, context) => [...judgeValidatingPolicy(policy), ...reservedName(policy, context)],
  validateOnUpdate: false,
  validateUpdate: (policy, old) => judgeValidatingPolicy(policy, old),
  warnings: reservedNameWarnings,
  unconditionalUpdate: false,
  status: {
    prepareUpdate: keepMetadata,
    validateUpdate: ({ status }) => findings(status, policyStatus, "status"),
  },
});
