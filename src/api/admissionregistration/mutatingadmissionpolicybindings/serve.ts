// How the API server serves MutatingAdmissionPolicyBinding. Upstream: pkg/registry/admissionregistration/mutatingadmissionpolicybinding.
import type { MutatingAdmissionPolicyBinding } from "../../../../facts/types/admissionregistration.v1.ts";
import { defineRules } from "../../kind.ts";
import { bindingRules } from "../../lib/admission/bindings.ts";
import { judgeBinding } from "../../lib/admission/policies.ts";

export const mutatingAdmissionPolicyBindingRules = defineRules<MutatingAdmissionPolicyBinding>(
  bindingRules(({ spec }) => judgeBinding(spec, { mutating: true })),
);
