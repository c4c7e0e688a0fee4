// How the API server serves MutatingAdmissionPolicy of v1beta1. Upstream: pkg/registry/admissionregistration/mutatingadmissionpolicy.
import type { MutatingAdmissionPolicy } from "../../../../facts/types/admissionregistration.v1beta1.ts";
import { earlierMutatingPolicyRules } from "../../lib/admission/earlier-policies.ts";

export const mutatingAdmissionPolicyV1beta1Rules = earlierMutatingPolicyRules<MutatingAdmissionPolicy>(
  "admissionregistration.k8s.io/v1beta1",
);
