// How the API server serves MutatingAdmissionPolicy of v1alpha1. Upstream: pkg/registry/admissionregistration/mutatingadmissionpolicy.
import type { MutatingAdmissionPolicy } from "../../../../facts/types/admissionregistration.v1alpha1.ts";
import { earlierMutatingPolicyRules } from "../../lib/admission/earlier-policies.ts";

export const mutatingAdmissionPolicyV1alpha1Rules = earlierMutatingPolicyRules<MutatingAdmissionPolicy>(
  "admissionregistration.k8s.io/v1alpha1",
);
