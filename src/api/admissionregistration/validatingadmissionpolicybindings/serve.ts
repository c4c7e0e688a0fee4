// How the API server serves ValidatingAdmissionPolicyBinding. Upstream: pkg/registry/admissionregistration/validatingadmissionpolicybinding.
import type { ValidatingAdmissionPolicyBinding } from "../../../../facts/types/admissionregistration.v1.ts";
import { defineRules } from "../../kind.ts";
import { bindingRules } from "../../lib/admission/bindings.ts";
import { judgeBinding, validationActions } from "../../lib/admission/policies.ts";
import { findings } from "../../lib/validate.ts";

export const validatingAdmissionPolicyBindingRules = defineRules<ValidatingAdmissionPolicyBinding>(
  bindingRules(({ spec }) => [
    ...judgeBinding(spec, { mutating: false }),
    ...findings(spec?.validationActions, validationActions, "spec.validationActions"),
  ]),
);
