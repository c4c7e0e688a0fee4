// MutatingAdmissionPolicyBinding: admissionregistration.k8s.io/v1beta1 mutatingadmissionpolicybindings. The same as v1.
import type { MutatingAdmissionPolicyBinding as Stored } from "../../../../facts/types/admissionregistration.v1.ts";
import type { MutatingAdmissionPolicyBinding } from "../../../../facts/types/admissionregistration.v1beta1.ts";
import { kindInVersion } from "../../lib/other-version.ts";
import { mutatingAdmissionPolicyBindings } from "../mutatingadmissionpolicybindings/kind.ts";

export const mutatingAdmissionPolicyBindingsV1beta1 = kindInVersion<Stored, MutatingAdmissionPolicyBinding>(
  mutatingAdmissionPolicyBindings,
  "v1beta1",
);
