// ValidatingAdmissionWebhook: asks the webhooks of ValidatingWebhookConfigurations. What calls them is loaded with the first call.
import { validatingWebhookConfigurations } from "../../../../api/index.ts";
import type { AdmissionHost, AdmissionPlugin } from "../../../contract.ts";
import { configuredUsers } from "../../manifests/configuration.ts";
import { lifeOf } from "../../manifests/source.ts";
import { staticWebhooks } from "../../manifests/webhooks.ts";
import { webhookHost } from "../../webhooks/host.ts";
import { createWebhookSource } from "../../webhooks/source.ts";

const name = "ValidatingAdmissionWebhook";

export function createValidatingAdmissionWebhook(host: AdmissionHost): AdmissionPlugin {
  const manifests = staticWebhooks(host, { plugin: name, kind: validatingWebhookConfigurations });
  const source = createWebhookSource(host, validatingWebhookConfigurations, manifests);
  const calling = webhookHost(host, configuredUsers(host, name));
  return {
    name,
    handles: (attributes) => source.candidates(attributes).length > 0,
    async validate(attributes) {
      const { validateByWebhooks } = await import("../../webhooks/validating.ts");
      await validateByWebhooks(calling, attributes, source.candidates(attributes));
    },
    ...lifeOf(source, manifests),
  };
}
