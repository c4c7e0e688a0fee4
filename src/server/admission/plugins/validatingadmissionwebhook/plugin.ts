// ValidatingAdmissionWebhook: asks the webhooks of ValidatingWebhookConfigurations. What calls them is loaded with the first call.
import { validatingWebhookConfigurations } from "../../../../api/index.ts";
import type { AdmissionHost, AdmissionPlugin } from "../../../contract.ts";
import { createWebhookSource } from "../../webhooks/source.ts";

export function createValidatingAdmissionWebhook(host: AdmissionHost): AdmissionPlugin {
  const source = createWebhookSource(host, validatingWebhookConfigurations);
  return {
    name: "ValidatingAdmissionWebhook",
    handles: (attributes) => source.candidates(attributes).length > 0,
    async validate(attributes) {
      const { validateByWebhooks } = await import("../../webhooks/validating.ts");
      await validateByWebhooks(host, attributes, source.candidates(attributes));
    },
    close: source.close,
  };
}
