// How the API server serves ValidatingWebhookConfiguration. Upstream: pkg/registry/admissionregistration/validatingwebhookconfiguration.
import type { ValidatingWebhookConfiguration } from "../../../../facts/types/admissionregistration.v1.ts";
import { defineRules } from "../../kind.ts";
import { loadExpressions } from "../../lib/admission/expressions.ts";
import { reservedName, reservedNameWarnings } from "../../lib/admission/names.ts";
import { defaultWebhook, judgeWebhooks, judgeWebhooksUpdate } from "../../lib/admission/webhooks.ts";

export const validatingWebhookConfigurationRules = defineRules<ValidatingWebhookConfiguration>({
  ready: loadExpressions,
  default: ({ webhooks }) => {
    for (const hook of webhooks ?? []) {
      defaultWebhook(hook);
    }
  },
  generation: ({ webhooks }) => webhooks,
  metadataOnUpdate: "create",
  anyFinalizers: true,
  validate: (configuration, context) => [
    ...judgeWebhooks(configuration.webhooks),
    ...reservedName(configuration, context),
  ],
  validateOnUpdate: false,
  validateUpdate: ({ webhooks }, old) => judgeWebhooksUpdate(webhooks, old.webhooks),
  warnings: reservedNameWarnings,
  unconditionalUpdate: false,
});
