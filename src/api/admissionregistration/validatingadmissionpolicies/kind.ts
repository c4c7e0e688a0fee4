// ValidatingAdmissionPolicy: admissionregistration.k8s.io/v1 validatingadmissionpolicies.
import type { ValidatingAdmissionPolicy } from "../../../../facts/types/admissionregistration.v1.ts";
import { defineKind } from "../../kind.ts";
import { paramKindCell } from "../../lib/admission/columns.ts";
import { admissionKind } from "../../lib/admission/definitions.ts";
import { tableColumns } from "../../lib/columns.ts";

export const validatingAdmissionPolicies = defineKind<ValidatingAdmissionPolicy>({
  ...admissionKind({
    kind: "ValidatingAdmissionPolicy",
    resource: "validatingadmissionpolicies",
    singular: "validatingadmissionpolicy",
  }),
  subresources: [{ name: "status", verbs: ["get", "patch", "update"] }],
  columns: tableColumns("admissionregistration.k8s.io/v1/ValidatingAdmissionPolicy", {
    Validations: ({ spec }) => spec?.validations?.length ?? 0,
    ParamKind: ({ spec }) => paramKindCell(spec?.paramKind),
  }),
});
