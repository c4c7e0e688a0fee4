// Ways to log in that flags ask for: issuers of tokens, from --authentication-config or --oidc-*, and a service that is asked about
// tokens. Upstream: pkg/kubeapiserver/options/authentication.go (ToAuthenticationConfig, ApplyTo), pkg/kubeapiserver/authenticator.
import {
  type Clock,
  errorText,
  type Logger,
  type MetricRegistry,
  type Rng,
  timeoutSignal,
} from "../../../base/index.ts";
import { FlagError } from "../../../cli/index.ts";
import { deepEqual, formatGoDuration } from "../../../machinery/index.ts";
import {
  type AuthenticationConfiguration,
  type CompiledJwt,
  type JwtAuthenticators,
  type JwtSettings,
  jwtAuthentication,
  reloading,
  remoteWebhook,
  type TokenCheck,
  tokenCaches,
  tokenWebhooks,
  type WebhookConnections,
} from "../../../server/index.ts";
import { ofFlag, openFile } from "../flag-files.ts";
import { endpointOf } from "../remote-endpoint.ts";
import { watchFile } from "../watched-file.ts";
import type { AuthenticationValues } from "./flags.ts";

export interface AuthenticationMeans {
  readonly clock: Clock;
  readonly rng: Rng;
  readonly log: Logger;
  readonly metrics: MetricRegistry;
  readonly connections: WebhookConnections;
  readonly signal: AbortSignal;
  /** Issuers of ServiceAccount tokens, which no other issuer may be called. */
  readonly accountIssuers: readonly string[];
  readonly apiAudiences: readonly string[];
}

export interface MoreAuthentication {
  /** Of tokens that nothing else knows, in order. */
  readonly tokens: readonly TokenCheck[];
  /** What the file says of who may stay anonymous; undefined when it does not. */
  readonly anonymous?: boolean | readonly string[];
}

/** Upstream remembers every good token so long, whatever the service's own time is. */
const goodMs = 10_000;
const updateTimeoutMs = 60_000;

/** `given`: names of the flags that are on the command line. Throws Error in upstream's words for what can not be used. */
export async function moreAuthentication(
  values: AuthenticationValues,
  given: ReadonlySet<string>,
  means: AuthenticationMeans,
): Promise<MoreAuthentication> {
  const file = values["authentication-config"] || undefined;
  const configuration = file === undefined ? fromFlags(values) : await fromFile(file);
  if (configuration.anonymous !== undefined && given.has("anonymous-auth"))
    throw new FlagError(
      "anonymous: Forbidden: --anonymous-auth flag cannot be set when anonymous field is configured in authentication configuration file",
    );
  const jwt = await compiled(configuration, []);
  const algorithms = await algorithmsOf(values, file);
  const authenticators = await jwtTokens(jwt, { algorithms, configuration, file, means });
  const webhook = await webhookTokens(values, means);
  const { cachedTokens } = await tokenCaches();
  const checks = [authenticators?.check, webhook].filter((each) => each !== undefined);
  return {
    tokens: checks.map((check) => cachedTokens(check, { clock: means.clock, goodMs, unknownMs: 0 })),
    ...anonymousOf(configuration),
  };
}

function anonymousOf({ anonymous }: AuthenticationConfiguration): Pick<MoreAuthentication, "anonymous"> {
  if (anonymous === undefined) return {};
  const paths = anonymous.conditions.map(({ path }) => path);
  return { anonymous: anonymous.enabled && paths.length > 0 ? paths : anonymous.enabled };
}

async function fromFile(path: string): Promise<AuthenticationConfiguration> {
  const { decodeAuthenticationConfiguration } = await jwtAuthentication();
  try {
    return decodeAuthenticationConfiguration(openFile(path));
  } catch (error) {
    throw new Error(
      `failed to load authentication configuration from file ${JSON.stringify(path)}: ${errorText(error)}`,
      { cause: error },
    );
  }
}

function fromFlags(values: AuthenticationValues): AuthenticationConfiguration {
  const { "oidc-issuer-url": url = "", "oidc-client-id": audience = "" } = values;
  return { jwt: url === "" || audience === "" ? [] : [jwtOfFlags(values, { url, audience })] };
}

const none = { claim: "", expression: "" };

function jwtOfFlags(
  values: AuthenticationValues,
  { url, audience }: { readonly url: string; readonly audience: string },
): JwtSettings {
  const { "oidc-username-claim": claim, "oidc-username-prefix": given = "", "oidc-ca-file": ca } = values;
  const prefix = given === "-" ? "" : given === "" && claim !== "email" ? `${url}#` : given;
  const groups = values["oidc-groups-claim"] ?? "";
  const required = new Map(values["oidc-required-claim"].map(claimAndValue));
  return {
    issuer: {
      url,
      discoveryURL: "",
      certificateAuthority: ca ? ofFlag("oidc-ca-file", () => openFile(ca)) : "",
      audiences: [audience],
      audienceMatchPolicy: "",
      egressSelectorType: "",
    },
    claimValidationRules: [...required].map(([name, value]) => ({
      claim: name,
      requiredValue: value,
      expression: "",
      message: "",
    })),
    claimMappings: {
      username: { claim, prefix, expression: "" },
      groups: groups === "" ? none : { claim: groups, prefix: values["oidc-groups-prefix"] ?? "", expression: "" },
      uid: none,
      extra: [],
    },
    userValidationRules: [],
  };
}

function claimAndValue(pair: string): [string, string] {
  const equals = pair.indexOf("=");
  if (equals < 0)
    throw new FlagError(
      `invalid argument ${JSON.stringify(pair)} for "--oidc-required-claim" flag: malformed pair, expect string=string`,
    );
  return [pair.slice(0, equals).trim(), pair.slice(equals + 1).trim()];
}

/** Throws Error with everything that is wrong. */
async function compiled(
  configuration: AuthenticationConfiguration,
  disallowedIssuers: readonly string[],
): Promise<readonly CompiledJwt[]> {
  const { validateAuthenticationConfiguration } = await jwtAuthentication();
  const { jwt, errors } = validateAuthenticationConfiguration(configuration, disallowedIssuers);
  if (errors.length === 0) return jwt;
  const texts = errors.map((each) => `${each.field}: ${each.message}`);
  throw new Error(`invalid authentication configuration: ${aggregate(texts)}`);
}

const aggregate = (texts: readonly string[]): string => (texts.length === 1 ? texts[0]! : `[${texts.join(", ")}]`);

async function algorithmsOf(values: AuthenticationValues, file: string | undefined): Promise<readonly string[]> {
  const { signingAlgorithms } = await jwtAuthentication();
  const listed = values["oidc-signing-algs"];
  return file === undefined ? (listed.length > 0 ? listed : ["RS256"]) : signingAlgorithms;
}

interface JwtTokens {
  readonly algorithms: readonly string[];
  readonly configuration: AuthenticationConfiguration;
  readonly file: string | undefined;
  readonly means: AuthenticationMeans;
}

async function jwtTokens(jwt: readonly CompiledJwt[], of: JwtTokens): Promise<JwtAuthenticators | undefined> {
  const { file, means, algorithms } = of;
  if (file === undefined && jwt.length === 0) return undefined;
  await checkUsable(jwt, of);
  const { jwtAuthenticators, jwtMetrics } = await jwtAuthentication();
  const metrics = jwtMetrics(means.metrics, means.clock);
  const authenticators = jwtAuthenticators(jwt, { ...means, metrics, algorithms });
  if (file !== undefined) await reload(authenticators, { ...of, file });
  return authenticators;
}

/** What upstream finds only when it builds the authenticators, and words without the place. */
async function checkUsable(jwt: readonly CompiledJwt[], { algorithms, means }: JwtTokens): Promise<void> {
  const { signingAlgorithms } = await jwtAuthentication();
  for (const { settings } of jwt) {
    const { url, egressSelectorType } = settings.issuer;
    if (means.accountIssuers.includes(url))
      throw new Error(
        `issuer.url: Invalid value: ${JSON.stringify(url)}: URL must not overlap with disallowed issuers: [${[...new Set(means.accountIssuers)].sort().join(" ")}]`,
      );
    const strange = algorithms.find((each) => !signingAlgorithms.includes(each));
    if (strange !== undefined) throw new Error(`oidc: unsupported signing alg: ${JSON.stringify(strange)}`);
    if (egressSelectorType !== "")
      throw new Error(`oidc: egress lookup required with egress selector type ${JSON.stringify(egressSelectorType)}`);
  }
}

async function reload(authenticators: JwtAuthenticators, of: JwtTokens & { readonly file: string }): Promise<void> {
  const { file, means } = of;
  const { decodeAuthenticationConfiguration } = await jwtAuthentication();
  const { reloadMetrics } = await reloading();
  const metrics = reloadMetrics({ registry: means.metrics, clock: means.clock, of: "authentication" });
  let last = openFile(file);
  metrics.inForce(last);
  const fail = (what: string, error: unknown): void => {
    means.log.error(`failed to ${what}; the last one stays`, { path: file, error });
    metrics.failed();
  };
  const look = async (): Promise<void> => {
    let text: string;
    try {
      text = openFile(file);
    } catch (error) {
      return fail("read authentication config file", error);
    }
    if (text === last) return;
    let jwt: readonly CompiledJwt[];
    try {
      jwt = await compiledAgain(decodeAuthenticationConfiguration(text), of);
    } catch (error) {
      last = text; // It can never be used: it is not tried again.
      return fail("validate authentication config", error);
    }
    try {
      using patience = timeoutSignal(means.clock, updateTimeoutMs, means.signal);
      await authenticators.update(jwt, patience);
    } catch (error) {
      return fail("update authentication config", error);
    }
    last = text;
    means.log.info("reloaded authentication config", { path: file });
    metrics.succeeded(text);
  };
  let looking = Promise.resolve();
  watchFile({ path: file, ...means }, () => {
    looking = looking.then(look);
  });
}

async function compiledAgain(
  next: AuthenticationConfiguration,
  { configuration, means }: JwtTokens,
): Promise<readonly CompiledJwt[]> {
  const jwt = await compiled(next, means.accountIssuers);
  if (!deepEqual(next.anonymous, configuration.anonymous))
    throw new Error("anonymous: Forbidden: changed from initial configuration file");
  const egress = next.jwt.find(({ issuer }) => issuer.egressSelectorType !== "")?.issuer.egressSelectorType;
  if (egress !== undefined)
    throw new Error(`oidc: egress lookup required with egress selector type ${JSON.stringify(egress)}`);
  return jwt;
}

async function webhookTokens(
  values: AuthenticationValues,
  { clock, rng, log, connections, apiAudiences }: AuthenticationMeans,
): Promise<TokenCheck | undefined> {
  const path = values["authentication-token-webhook-config-file"];
  if (!path) return undefined;
  const endpoint = endpointOf(path);
  const version = values["authentication-token-webhook-version"];
  if (version !== "v1" && version !== "v1beta1")
    throw new FlagError(
      `unsupported authentication webhook version ${JSON.stringify(version)}, supported versions are "v1", "v1beta1"`,
    );
  const url = new URL(endpoint.url);
  url.searchParams.set("timeout", "30s");
  const service = remoteWebhook({
    endpoint: { ...endpoint, url: url.href },
    connections,
    clock,
    rng,
    initialBackoffMs: 500,
    retry: "passing",
  });
  const ttlMs = values["authentication-token-webhook-cache-ttl"];
  if (ttlMs > 0 && ttlMs < goodMs)
    log.warn(
      `the webhook cache ttl of ${formatGoDuration(ttlMs)} is shorter than the overall cache ttl of ${formatGoDuration(goodMs)} for successful token authentication attempts.`,
    );
  const [{ tokenWebhook }, { cachedTokens }] = [await tokenWebhooks(), await tokenCaches()];
  const check = tokenWebhook({ service, version, apiAudiences, log });
  return cachedTokens(check, { clock, goodMs: ttlMs, unknownMs: ttlMs });
}
