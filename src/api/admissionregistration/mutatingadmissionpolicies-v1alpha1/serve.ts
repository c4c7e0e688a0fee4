// How the API server serves MutatingAdmissionPolicy of v1alpha1: by the rules of v1.
import type { MutatingAdmissionPolicy as Stored } from "../../../../facts/types/admissionregistration.v1.ts";
import type { MutatingAdmissionPolicy } from "../../../../facts/types/admissionregistration.v1alpha1.ts";
import { rulesInVersion } from "../../lib/other-version.ts";
import { mutatingAdmissionPolicyRules } from "../mutatingadmissionpolicies/serve.ts";

export const mutatingAdmissionPolicyV1alpha1Rules = rulesInVersion<Stored, MutatingAdmissionPolicy>(
  mutatingAdmissionPolicyRules,
  { stored: "admissionregistration.k8s.io/v1", served: "admissionregistration.k8s.io/v1alpha1" },
);
