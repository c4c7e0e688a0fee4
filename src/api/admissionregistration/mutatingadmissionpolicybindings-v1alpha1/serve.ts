// How the API server serves MutatingAdmissionPolicyBinding of v1alpha1: by the rules of v1, with one default more.
import type { MutatingAdmissionPolicyBinding as Stored } from "../../../../facts/types/admissionregistration.v1.ts";
import type { MutatingAdmissionPolicyBinding } from "../../../../facts/types/admissionregistration.v1alpha1.ts";
import { defineRules } from "../../kind.ts";
import { rulesInVersion } from "../../lib/other-version.ts";
import { mutatingAdmissionPolicyBindingRules } from "../mutatingadmissionpolicybindings/serve.ts";

const rules = rulesInVersion<Stored, MutatingAdmissionPolicyBinding>(mutatingAdmissionPolicyBindingRules, {
  stored: "admissionregistration.k8s.io/v1",
  served: "admissionregistration.k8s.io/v1alpha1",
});

export const mutatingAdmissionPolicyBindingV1alpha1Rules = defineRules<MutatingAdmissionPolicyBinding>({
  ...rules,
  default: (binding) => {
    rules.default?.(binding);
    if (binding.spec.paramRef) binding.spec.paramRef.parameterNotFoundAction ??= "Deny";
  },
});
