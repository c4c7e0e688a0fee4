// Webhooks from files: they are called by URL, as services are objects of the cluster.
// Upstream: apiserver's plugin/webhook/manifest/loader.
import type {
  KindDefinition,
  MutatingWebhookConfiguration,
  ValidatingWebhookConfiguration,
  WebhookClientConfig,
} from "../../../api/index.ts";
import { type KubeObject, quoteGo } from "../../../machinery/index.ts";
import type { AdmissionHost } from "../../contract.ts";
import { openConfigured, webhookDocuments } from "./configuration.ts";
import { createStaticManifests, type StaticManifests } from "./source.ts";

type Configuration = MutatingWebhookConfiguration | ValidatingWebhookConfiguration;

/** Undefined when the plugin's configuration names no directory. Throws Error for one that cannot be used. */
export function staticWebhooks<T extends Configuration>(
  host: AdmissionHost,
  { plugin, kind }: { readonly plugin: string; readonly kind: KindDefinition<T> },
): StaticManifests | undefined {
  const opened = openConfigured(host, { plugin, documents: webhookDocuments });
  if (opened === undefined) return undefined;
  const plan = { kinds: [kind], judge };
  return createStaticManifests(host, { plugin, what: "webhook", ...opened, plan });
}

function judge(object: KubeObject, path: string): void {
  const { metadata, webhooks = [] } = object as Configuration;
  for (const { name, clientConfig } of webhooks as readonly { name: string; clientConfig: WebhookClientConfig }[]) {
    const where = `webhook ${quoteGo(name)} in ${quoteGo(metadata.name)} (file ${quoteGo(path)})`;
    if (clientConfig.service !== undefined && clientConfig.service !== null)
      throw new Error(
        `${where}: clientConfig.service is not supported for static manifests; use clientConfig.url instead`,
      );
    if (!clientConfig.url) throw new Error(`${where}: clientConfig.url is required for static manifests`);
  }
}
