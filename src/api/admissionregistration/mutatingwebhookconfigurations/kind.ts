// MutatingWebhookConfiguration: admissionregistration.k8s.io/v1 mutatingwebhookconfigurations.
import type { MutatingWebhookConfiguration } from "../../../../facts/types/admissionregistration.v1.ts";
import { defineKind } from "../../kind.ts";
import { admissionKind } from "../../lib/admission/definitions.ts";
import { tableColumns } from "../../lib/columns.ts";

export const mutatingWebhookConfigurations = defineKind<MutatingWebhookConfiguration>({
  ...admissionKind({
    kind: "MutatingWebhookConfiguration",
    resource: "mutatingwebhookconfigurations",
    singular: "mutatingwebhookconfiguration",
  }),
  subresources: [],
  columns: tableColumns("admissionregistration.k8s.io/v1/MutatingWebhookConfiguration", {
    Webhooks: ({ webhooks }) => webhooks?.length ?? 0,
  }),
});
