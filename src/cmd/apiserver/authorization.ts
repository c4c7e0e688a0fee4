// Who decides what users may do: modes and webhooks, from flags or from the file of --authorization-config.
// Upstream: pkg/kubeapiserver/options/authorization.go.
import type { Clock, Rng } from "../../base/index.ts";
import { type FlagDefinitions, FlagError } from "../../cli/index.ts";
import { formatGoDuration } from "../../machinery/index.ts";
import {
  type AuthorizationMode,
  type Authorizer,
  parseAuthorizationModes,
  readAuthorizationConfiguration,
  remoteWebhook,
  type WebhookConnections,
  type WebhookSettings,
  webhookAuthorizer,
} from "../../server/index.ts";
import { endpointOf } from "./remote-endpoint.ts";
import { readFlagFile } from "./self-signed.ts";

export const authorizationFlags = {
  "authorization-mode": {
    type: "list",
    help: "authorizers in order: Node, RBAC, Webhook, AlwaysAllow, AlwaysDeny; AlwaysAllow without --authorization-config",
  },
  "authorization-config": {
    type: "string",
    help: "AuthorizationConfiguration: authorizers instead of --authorization-mode",
  },
  "authorization-webhook-config-file": { type: "string", help: "kubeconfig of the service that mode Webhook asks" },
  "authorization-webhook-version": {
    type: "string",
    help: "version of SubjectAccessReview that the service understands: v1 or v1beta1",
    default: "v1beta1",
  },
  "authorization-webhook-cache-authorized-ttl": {
    type: "duration",
    help: "how long answers that allow are kept",
    default: "5m",
  },
  "authorization-webhook-cache-unauthorized-ttl": {
    type: "duration",
    help: "how long other answers are kept",
    default: "30s",
  },
} as const satisfies FlagDefinitions;

interface Values {
  readonly "authorization-mode": readonly string[];
  readonly "authorization-config"?: string | undefined;
  readonly "authorization-webhook-config-file"?: string | undefined;
  readonly "authorization-webhook-version": string;
  readonly "authorization-webhook-cache-authorized-ttl": number;
  readonly "authorization-webhook-cache-unauthorized-ttl": number;
}

interface Means {
  readonly clock: Clock;
  readonly rng: Rng;
  readonly connections: () => WebhookConnections;
}

export interface Authorizers {
  readonly authorizationModes: readonly AuthorizationMode[];
  readonly authorizers: readonly (AuthorizationMode | Authorizer)[];
}

/** `given`: names of the flags that are on the command line. Throws FlagError or Error that says what can not be meant. */
export async function authorizersOf(values: Values, given: ReadonlySet<string>, means: Means): Promise<Authorizers> {
  const file = values["authorization-config"];
  if (file) return fromFile(file, given, means);
  const modes = values["authorization-mode"].length > 0 ? values["authorization-mode"] : ["AlwaysAllow"];
  const authorizationModes = parseAuthorizationModes(
    modes.filter((mode) => mode !== "Webhook" || isTwice(modes, mode)),
    {
      mayBeNone: modes.includes("Webhook"),
    },
  );
  const kubeConfigFile = values["authorization-webhook-config-file"];
  if (!modes.includes("Webhook")) {
    if (kubeConfigFile) throw new FlagError("cannot specify --authorization-webhook-config-file without mode Webhook");
    return { authorizationModes, authorizers: authorizationModes };
  }
  if (!kubeConfigFile) throw new FlagError("authorization-mode Webhook's authorization config file not passed");
  const version = values["authorization-webhook-version"];
  if (version !== "v1" && version !== "v1beta1")
    throw new FlagError(`--authorization-webhook-version: ${JSON.stringify(version)} is neither v1 nor v1beta1`);
  const webhook = webhookOf(
    {
      name: "default",
      timeoutMs: 30_000,
      version,
      authorizedTtlMs: values["authorization-webhook-cache-authorized-ttl"],
      unauthorizedTtlMs: values["authorization-webhook-cache-unauthorized-ttl"],
      failurePolicy: "NoOpinion",
      kubeConfigFile,
      conditions: [],
    },
    means,
  );
  return { authorizationModes, authorizers: modes.map((mode) => (mode === "Webhook" ? webhook : modeOf(mode))) };
}

const modeOf = (mode: string): AuthorizationMode => mode as AuthorizationMode;

const isTwice = (modes: readonly string[], mode: string): boolean => modes.filter((each) => each === mode).length > 1;

async function fromFile(path: string, given: ReadonlySet<string>, means: Means): Promise<Authorizers> {
  const others = Object.keys(authorizationFlags).filter((name) => name !== "authorization-config" && given.has(name));
  if (others.length > 0)
    throw new FlagError(
      "--authorization-config can not be specified when --authorization-mode or --authorization-webhook-* flags are defined",
    );
  const text = readFlagFile("authorization-config", path);
  const configured = await readAuthorizationConfiguration(text, (file) => void endpointOf(file)).catch(
    (error: unknown) => {
      throw new Error(`--authorization-config ${path}: ${(error as Error).message}`, { cause: error });
    },
  );
  return {
    authorizationModes: configured.flatMap((each) => (each.type === "Webhook" ? [] : [each.type])),
    authorizers: configured.map((each) => (each.type === "Webhook" ? webhookOf(each.webhook, means) : each.type)),
  };
}

function webhookOf(settings: WebhookSettings, { clock, rng, connections }: Means): Authorizer {
  const { timeoutMs, kubeConfigFile, ...rest } = settings;
  const endpoint = endpointOf(kubeConfigFile);
  const url = new URL(endpoint.url);
  url.searchParams.set("timeout", formatGoDuration(timeoutMs));
  const service = remoteWebhook({
    endpoint: { ...endpoint, url: url.href },
    connections: connections(),
    clock,
    rng,
    initialBackoffMs: 500,
    retry: "passing",
    timeoutMs,
  });
  return webhookAuthorizer({ ...rest, service, clock });
}
