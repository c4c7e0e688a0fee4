// MutatingAdmissionPolicyBinding: admissionregistration.k8s.io/v1 mutatingadmissionpolicybindings.
import type { MutatingAdmissionPolicyBinding } from "../../../../facts/types/admissionregistration.v1.ts";
import { defineKind } from "../../kind.ts";
import { paramRefCell } from "../../lib/admission/columns.ts";
import { admissionKind } from "../../lib/admission/definitions.ts";
import { tableColumns } from "../../lib/columns.ts";

export const mutatingAdmissionPolicyBindings = defineKind<MutatingAdmissionPolicyBinding>({
  ...admissionKind({
    kind: "MutatingAdmissionPolicyBinding",
    resource: "mutatingadmissionpolicybindings",
    singular: "mutatingadmissionpolicybinding",
  }),
  subresources: [],
  columns: tableColumns("admissionregistration.k8s.io/v1/MutatingAdmissionPolicyBinding", {
    PolicyName: ({ spec }) => spec?.policyName ?? "",
    ParamRef: ({ spec }) => paramRefCell(spec?.paramRef),
  }),
});
