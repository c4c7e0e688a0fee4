// Authorizers that are no modes of the server's own: policies from a file, services that are asked, and a file that lists authorizers
// and may change. Upstream: pkg/kubeapiserver/authorizer/{config,reload}.go.
import { errorText } from "../../../base/index.ts";
import { FlagError } from "../../../cli/index.ts";
import { formatGoDuration } from "../../../machinery/index.ts";
import {
  type AuthorizationMode,
  type AuthorizerEntry,
  type AuthorizerWebhookMetrics,
  abac,
  authorizationFiles,
  authorizationWebhooks,
  type ConfiguredAuthorizer,
  type NamedAuthorizer,
  reloading,
  remoteWebhook,
  type WebhookSettings,
} from "../../../server/index.ts";
import { fileProblem, ofFlag, openFile } from "../flag-files.ts";
import { endpointOf } from "../remote-endpoint.ts";
import { watchFile } from "../watched-file.ts";
import { type AuthorizationMeans, type AuthorizationValues, type Authorizers, modesOf } from "./flags.ts";

type Webhooks = (settings: WebhookSettings) => Promise<NamedAuthorizer>;

/** Throws FlagError or Error that says what can not be used. */
export async function moreAuthorizers(values: AuthorizationValues, means: AuthorizationMeans): Promise<Authorizers> {
  const webhooks = webhooksWith(means);
  const policies = onDemand(() => abacOf(values["authorization-policy-file"] ?? "", means));
  const file = values["authorization-config"];
  if (file) return fromFile(file, { means, webhooks, policies });
  const modes = modesOf(values);
  const configured: ConfiguredAuthorizer[] = modes.map((mode) =>
    mode === "Webhook"
      ? { type: mode, webhook: webhookOfFlags(values) }
      : { type: mode as AuthorizationMode | "ABAC", name: mode.toLowerCase() },
  );
  return {
    types: new Set(modes),
    authorizers: await entriesOf(configured, { webhooks, policies }),
  };
}

function webhookOfFlags(values: AuthorizationValues): WebhookSettings {
  const version = values["authorization-webhook-version"];
  if (version !== "v1" && version !== "v1beta1")
    throw new FlagError(
      `invalid authorization config: unsupported webhook authorizer version ${JSON.stringify(version)}, supported versions are "v1", "v1beta1"`,
    );
  return {
    name: "default",
    timeoutMs: 30_000,
    version,
    authorizedTtlMs: values["authorization-webhook-cache-authorized-ttl"],
    unauthorizedTtlMs: values["authorization-webhook-cache-unauthorized-ttl"],
    failurePolicy: "NoOpinion",
    kubeConfigFile: values["authorization-webhook-config-file"] ?? "",
    conditions: [],
    expressions: [],
  };
}

interface Makers {
  readonly webhooks: Webhooks;
  readonly policies: () => Promise<NamedAuthorizer>;
}

const entriesOf = (
  configured: readonly ConfiguredAuthorizer[],
  { webhooks, policies }: Makers,
): Promise<readonly AuthorizerEntry[]> =>
  Promise.all(
    configured.map(async (each): Promise<AuthorizerEntry> => {
      if (each.type === "Webhook") return webhooks(each.webhook);
      return each.type === "ABAC" ? policies() : each.type;
    }),
  );

const typesOf = (configured: readonly ConfiguredAuthorizer[]): ReadonlySet<string> =>
  new Set(configured.map(({ type }) => type));

async function fromFile(
  path: string,
  { means, ...makers }: Makers & { readonly means: AuthorizationMeans },
): Promise<Authorizers> {
  const { readAuthorizationConfiguration, saysTheSame } = await authorizationFiles();
  let text = ofFlag("authorization-config", () => openFile(path));
  let configured = await readAuthorizationConfiguration(text, { fileProblem });
  let entries = await entriesOf(configured, makers);
  const types = typesOf(configured);
  const required = new Set([...types].filter((type) => type !== "Webhook"));
  const { reloadMetrics } = await reloading();
  const metrics = reloadMetrics({ registry: means.metrics, clock: means.clock, of: "authorization" });
  metrics.inForce(text);
  const take = async (next: string): Promise<void> => {
    const listed = await readAuthorizationConfiguration(next, { fileProblem, required });
    if (saysTheSame(listed, configured)) return;
    configured = listed;
    const added = [...typesOf(listed)].find((type) => type !== "Webhook" && mustBeThere(type) && !types.has(type));
    if (added !== undefined)
      throw new Error(`authorizer type ${added} is not allowed if it was not enabled at initial server startup`);
    entries = await entriesOf(listed, makers);
    means.log.info("reloaded authz config", { path });
    metrics.succeeded(next);
  };
  const look = async (): Promise<void> => {
    try {
      const next = openFile(path);
      if (next === text) return;
      text = next;
      await take(next);
    } catch (error) {
      means.log.error("the authorization configuration can not be used; the last one stays", { path, error });
      metrics.failed();
    }
  };
  let looking = Promise.resolve();
  watchFile({ path, ...means }, () => {
    looking = looking.then(look);
  });
  return { types, authorizers: () => entries };
}

/** What they need is made at the start or not at all. */
const mustBeThere = (type: string): boolean => ["ABAC", "Node", "RBAC"].includes(type);

function onDemand<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}

async function abacOf(path: string, { log }: AuthorizationMeans): Promise<NamedAuthorizer> {
  const { abacAuthorizer, parseAbacPolicies } = await abac();
  try {
    const { policies, unversioned } = parseAbacPolicies(openFile(path), path);
    if (unversioned > 0)
      log.warn(
        `Policy file ${path} contained unversioned rules. See docs/admin/authorization.md#abac-mode for ABAC file format details.`,
      );
    return { ...abacAuthorizer(policies), type: "ABAC", name: "abac" };
  } catch (error) {
    throw new Error(`invalid authorization config: ${errorText(error)}`, { cause: error });
  }
}

function webhooksWith(means: AuthorizationMeans): Webhooks {
  const { clock, rng, log, metrics: registry } = means;
  const connections = onDemand(async () => means.connections());
  const metrics = onDemand(async () => {
    const { authorizerWebhookMetrics } = await authorizationWebhooks();
    return authorizerWebhookMetrics(registry);
  });
  return async ({ kubeConfigFile, timeoutMs, ...settings }) => {
    const { webhookAuthorizer } = await authorizationWebhooks();
    const endpoint = endpointFor(kubeConfigFile);
    const url = new URL(endpoint.url);
    url.searchParams.set("timeout", formatGoDuration(timeoutMs));
    const service = remoteWebhook({
      endpoint: { ...endpoint, url: url.href },
      connections: await connections(),
      clock,
      rng,
      initialBackoffMs: 500,
      retry: "passing",
      timeoutMs,
    });
    const counted: AuthorizerWebhookMetrics = (await metrics())(settings.name);
    const authorizer = webhookAuthorizer({ ...settings, service, clock, log, metrics: counted });
    return { ...authorizer, type: "Webhook", name: settings.name };
  };
}

function endpointFor(kubeConfigFile: string): ReturnType<typeof endpointOf> {
  try {
    return endpointOf(kubeConfigFile);
  } catch (error) {
    throw new Error(`invalid authorization config: ${errorText(error)}`, { cause: error });
  }
}
