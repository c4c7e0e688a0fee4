// How the API server serves MutatingAdmissionPolicyBinding of v1beta1: by the rules of v1.
import type { MutatingAdmissionPolicyBinding as Stored } from "../../../../facts/types/admissionregistration.v1.ts";
import type { MutatingAdmissionPolicyBinding } from "../../../../facts/types/admissionregistration.v1beta1.ts";
import { rulesInVersion } from "../../lib/other-version.ts";
import { mutatingAdmissionPolicyBindingRules } from "../mutatingadmissionpolicybindings/serve.ts";

export const mutatingAdmissionPolicyBindingV1beta1Rules = rulesInVersion<Stored, MutatingAdmissionPolicyBinding>(
  mutatingAdmissionPolicyBindingRules,
  { stored: "admissionregistration.k8s.io/v1", served: "admissionregistration.k8s.io/v1beta1" },
);
