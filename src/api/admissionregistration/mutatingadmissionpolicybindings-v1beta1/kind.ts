// MutatingAdmissionPolicyBinding: admissionregistration.k8s.io/v1beta1 mutatingadmissionpolicybindings.
import type { MutatingAdmissionPolicyBinding } from "../../../../facts/types/admissionregistration.v1beta1.ts";
import { defineKind } from "../../kind.ts";
import { paramRefCell } from "../../lib/admission/columns.ts";
import { admissionKind } from "../../lib/admission/definitions.ts";
import { tableColumns } from "../../lib/columns.ts";

export const mutatingAdmissionPolicyBindingsV1beta1 = defineKind<MutatingAdmissionPolicyBinding>({
  ...admissionKind({
    kind: "MutatingAdmissionPolicyBinding",
    resource: "mutatingadmissionpolicybindings",
    singular: "mutatingadmissionpolicybinding",
    version: "v1beta1",
  }),
  subresources: [],
  columns: tableColumns("admissionregistration.k8s.io/v1/MutatingAdmissionPolicyBinding", {
    PolicyName: ({ spec }) => spec?.policyName ?? "",
    ParamRef: ({ spec }) => paramRefCell(spec?.paramRef),
  }),
});
