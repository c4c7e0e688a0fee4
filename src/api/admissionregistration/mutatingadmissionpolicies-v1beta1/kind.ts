// MutatingAdmissionPolicy: admissionregistration.k8s.io/v1beta1 mutatingadmissionpolicies. The same as v1.
import type { MutatingAdmissionPolicy as Stored } from "../../../../facts/types/admissionregistration.v1.ts";
import type { MutatingAdmissionPolicy } from "../../../../facts/types/admissionregistration.v1beta1.ts";
import { kindInVersion } from "../../lib/other-version.ts";
import { mutatingAdmissionPolicies } from "../mutatingadmissionpolicies/kind.ts";

export const mutatingAdmissionPoliciesV1beta1 = kindInVersion<Stored, MutatingAdmissionPolicy>(
  mutatingAdmissionPolicies,
  "v1beta1",
);
