// ValidatingAdmissionPolicyBinding: admissionregistration.k8s.io/v1 validatingadmissionpolicybindings.
import type { ValidatingAdmissionPolicyBinding } from "../../../../facts/types/admissionregistration.v1.ts";
import { defineKind } from "../../kind.ts";
import { paramRefCell } from "../../lib/admission/columns.ts";
import { admissionKind } from "../../lib/admission/definitions.ts";
import { tableColumns } from "../../lib/columns.ts";

export const validatingAdmissionPolicyBindings = defineKind<ValidatingAdmissionPolicyBinding>({
  ...admissionKind({
    kind: "ValidatingAdmissionPolicyBinding",
    resource: "validatingadmissionpolicybindings",
    singular: "validatingadmissionpolicybinding",
  }),
  subresources: [],
  columns: tableColumns("admissionregistration.k8s.io/v1/ValidatingAdmissionPolicyBinding", {
    PolicyName: ({ spec }) => spec?.policyName ?? "",
    ParamRef: ({ spec }) => paramRefCell(spec?.paramRef),
  }),
});
