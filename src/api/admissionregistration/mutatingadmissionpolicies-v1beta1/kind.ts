// MutatingAdmissionPolicy: admissionregistration.k8s.io/v1beta1 mutatingadmissionpolicies.
import type { MutatingAdmissionPolicy } from "../../../../facts/types/admissionregistration.v1beta1.ts";
import { defineKind } from "../../kind.ts";
import { paramKindCell } from "../../lib/admission/columns.ts";
import { admissionKind } from "../../lib/admission/definitions.ts";
import { tableColumns } from "../../lib/columns.ts";

export const mutatingAdmissionPoliciesV1beta1 = defineKind<MutatingAdmissionPolicy>({
  ...admissionKind({
    kind: "MutatingAdmissionPolicy",
    resource: "mutatingadmissionpolicies",
    singular: "mutatingadmissionpolicy",
    version: "v1beta1",
  }),
  subresources: [],
  columns: tableColumns("admissionregistration.k8s.io/v1/MutatingAdmissionPolicy", {
    Mutations: ({ spec }) => spec?.mutations?.length ?? 0,
    ParamKind: ({ spec }) => paramKindCell(spec?.paramKind),
  }),
});
