// MutatingAdmissionWebhook: asks the webhooks of MutatingWebhookConfigurations. What calls them is loaded with the first call.
import { mutatingWebhookConfigurations } from "../../../../api/index.ts";
import type { AdmissionHost, AdmissionPlugin } from "../../../contract.ts";
import { configuredUsers } from "../../manifests/configuration.ts";
import { lifeOf } from "../../manifests/source.ts";
import { staticWebhooks } from "../../manifests/webhooks.ts";
import { webhookHost } from "../../webhooks/host.ts";
import { createWebhookSource } from "../../webhooks/source.ts";

const name = "MutatingAdmissionWebhook";

export function createMutatingAdmissionWebhook(host: AdmissionHost): AdmissionPlugin {
  const manifests = staticWebhooks(host, { plugin: name, kind: mutatingWebhookConfigurations });
  const source = createWebhookSource(host, mutatingWebhookConfigurations, manifests);
  const calling = webhookHost(host, configuredUsers(host, name));
  return {
    name,
    handles: (attributes) => source.candidates(attributes).length > 0,
    async admit(attributes) {
      const { mutateByWebhooks } = await import("../../webhooks/mutating.ts");
      await mutateByWebhooks(calling, attributes, source.candidates(attributes));
    },
    ...lifeOf(source, manifests),
  };
}
