// ValidatingWebhookConfiguration: admissionregistration.k8s.io/v1 validatingwebhookconfigurations.
import type { ValidatingWebhookConfiguration } from "../../../../facts/types/admissionregistration.v1.ts";
import { defineKind } from "../../kind.ts";
import { admissionKind } from "../../lib/admission/definitions.ts";
import { tableColumns } from "../../lib/columns.ts";

export const validatingWebhookConfigurations = defineKind<ValidatingWebhookConfiguration>({
  ...admissionKind({
    kind: "ValidatingWebhookConfiguration",
    resource: "validatingwebhookconfigurations",
    singular: "validatingwebhookconfiguration",
  }),
  subresources: [],
  columns: tableColumns("admissionregistration.k8s.io/v1/ValidatingWebhookConfiguration", {
    Webhooks: ({ webhooks }) => webhooks?.length ?? 0,
  }),
});
