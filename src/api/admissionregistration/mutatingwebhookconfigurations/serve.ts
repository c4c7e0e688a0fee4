// How the API server serves MutatingWebhookConfiguration. Upstream: pkg/registry/admissionregistration/mutatingwebhookconfiguration.
import type { MutatingWebhookConfiguration } from "../../../../facts/types/admissionregistration.v1.ts";
import { defineRules } from "../../kind.ts";
import { configurationRules } from "../../lib/admission/configuration-rules.ts";
import { reservedName } from "../../lib/admission/names.ts";
import { defaultWebhook, judgeWebhooks, judgeWebhooksUpdate } from "../../lib/admission/webhooks.ts";

export const mutatingWebhookConfigurationRules = defineRules<MutatingWebhookConfiguration>({
  ...configurationRules,
  default: ({ webhooks }) => {
    for (const hook of webhooks ?? []) {
      defaultWebhook(hook);
      hook.reinvocationPolicy ??= "Never";
    }
  },
  generation: ({ webhooks }) => webhooks,
  validate: (configuration, context) => [
    ...judgeWebhooks(configuration.webhooks),
    ...reservedName(configuration, context),
  ],
  validateUpdate: ({ webhooks }, old) => judgeWebhooksUpdate(webhooks, old.webhooks),
});
