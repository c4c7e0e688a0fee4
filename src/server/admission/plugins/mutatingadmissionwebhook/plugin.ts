// MutatingAdmissionWebhook: asks the webhooks of MutatingWebhookConfigurations. What calls them is loaded with the first call.
import { mutatingWebhookConfigurations } from "../../../../api/index.ts";
import type { AdmissionHost, AdmissionPlugin } from "../../../contract.ts";
import { createWebhookSource } from "../../webhooks/source.ts";

export function createMutatingAdmissionWebhook(host: AdmissionHost): AdmissionPlugin {
  const source = createWebhookSource(host, mutatingWebhookConfigurations);
  return {
    name: "MutatingAdmissionWebhook",
    handles: (attributes) => source.candidates(attributes).length > 0,
    async admit(attributes) {
      const { mutateByWebhooks } = await import("../../webhooks/mutating.ts");
      await mutateByWebhooks(host, attributes, source.candidates(attributes));
    },
    close: source.close,
  };
}
