// How the API server serves MutatingWebhookConfiguration. Upstream: pkg/registry/admissionregistration/mutatingwebhookconfiguration.
import type { MutatingWebhookConfiguration } from "../../../../facts/types/admissionregistration.v1.ts";
import { defineRules } from "../../kind.ts";
import { loadExpressions } from "../../lib/admission/expressions.ts";
import { reservedName, reservedNameWarnings } from "../../lib/admission/names.ts";
import { defaultWebhook, judgeWebhooks, judgeWebhooksUpdate } from "../../lib/admission/webhooks.ts";

export const mutatingWebhookConfigurationRules = defineRules<MutatingWebhookConfiguration>({
  ready: loadExpressions,
  default: ({ webhooks }) => {
    for (const hook of webhooks ?? []) {
      defaultWebhook(hook);
      hook.reinvocationPolicy ??= "Never";
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
