// Checks tokens of the issuers that a configuration names. Each issuer is asked for its keys in the background, every ten seconds
// until it answers; before that its tokens are refused. Upstream: plugin/pkg/authenticator/token/oidc New, pkg/kubeapiserver/
// authenticator/config.go (newJWTAuthenticator, updateAuthenticationConfig).
import { type Clock, errorText, type Logger, sleep } from "../../../base/index.ts";
import type { Authenticated, WebhookConnections } from "../../contract.ts";
import { InvalidCredentials, type TokenCheck } from "../credentials.ts";
import { type ClaimSources, withDistributedClaim } from "./distributed-claims.ts";
import { discover, type Fetch, remoteKeys, wellKnownPath } from "./issuer.ts";
import type { JwtMetrics } from "./metrics.ts";
import { untrustedIssuerOf } from "./token.ts";
import { userOfToken } from "./user.ts";
import type { CompiledJwt } from "./validate.ts";
import { type Verify, verifierOf } from "./verifier.ts";

export interface JwtAuthenticatorOptions {
  readonly connections: WebhookConnections;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: JwtMetrics;
  /** Of this server; tokens are looked at only when somebody asks for one of them. */
  readonly apiAudiences: readonly string[];
  /** Signing algorithms that are accepted. */
  readonly algorithms: readonly string[];
  /** Ends everything that goes on in the background. */
  readonly signal: AbortSignal;
}

export interface JwtAuthenticators {
  readonly check: TokenCheck;
  /**
   * Takes another configuration once all of its issuers have answered. Rejects with an Error that says which has not, and the last one
   * stays; the signal says for how long to wait.
   */
  update(jwt: readonly CompiledJwt[], patience: AbortSignal): Promise<void>;
}

const askAgainMs = 10_000;
/** Requests that began with the old issuers may end with them. */
const lingerMs = 60_000;
const fetchTimeoutMs = 30_000;

export function jwtAuthenticators(jwt: readonly CompiledJwt[], options: JwtAuthenticatorOptions): JwtAuthenticators {
  let current = startAll(jwt, options);
  return {
    async check(token, audiences) {
      const { apiAudiences } = options;
      if (apiAudiences.length > 0 && !audiences.some((each) => apiAudiences.includes(each))) return undefined;
      return current.check(token);
    },
    async update(next, patience) {
      const begun = startAll(next, options);
      try {
        await begun.healthy(patience);
      } catch (error) {
        begun.end();
        throw error;
      }
      const old = current;
      current = begun;
      const kept = new Set(next.map(({ settings }) => settings.issuer.url));
      void sleep(options.clock, lingerMs, options.signal)
        .catch(() => {}) // The server ends: so do they.
        .then(() => old.end(kept));
    },
  };
}

interface Running {
  check(token: string): Promise<Authenticated | undefined>;
  healthy(patience: AbortSignal): Promise<void>;
  /** `kept`: issuers whose metrics stay. */
  end(kept?: ReadonlySet<string>): void;
}

function startAll(jwt: readonly CompiledJwt[], options: JwtAuthenticatorOptions): Running {
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const issuers = new Map(jwt.map((each) => [each.settings.issuer.url, start(each, { ...options, signal })]));
  return {
    async check(token) {
      const issuer = untrustedIssuerOf(token);
      return issuer === undefined ? undefined : issuers.get(issuer)?.check(token);
    },
    async healthy(patience) {
      const problems = (): string[] => [...issuers.values()].flatMap(({ problem }) => problem() ?? []);
      for (;;) {
        await Promise.all([...issuers.values()].map(({ tried }) => tried()));
        const found = problems();
        if (found.length === 0) return;
        try {
          await sleep(options.clock, askAgainMs, patience);
        } catch {
          const texts = [...found, "context deadline exceeded"];
          throw new Error(`[${texts.join(", ")}]`);
        }
      }
    },
    end(kept = new Set(issuers.keys())) {
      stop.abort();
      for (const issuer of issuers.keys()) if (!kept.has(issuer)) options.metrics.forget(issuer);
    },
  };
}

interface Issuer {
  check(token: string): Promise<Authenticated | undefined>;
  /** Why its tokens can not be checked yet. */
  problem(): string | undefined;
  /** Resolves when the request to it that is under way has ended. */
  tried(): Promise<void>;
}

function start(jwt: CompiledJwt, options: JwtAuthenticatorOptions): Issuer {
  const { clock, metrics } = options;
  const { url, discoveryURL, audiences } = jwt.settings.issuer;
  const fetch = fetchFor(jwt, options);
  const known = { algorithms: options.algorithms, audiences, clock, fetch };
  const own = keepAsking(
    async () => {
      const keysUrl = await discover(url, discoveryURL || wellKnownOf(url), fetch);
      const fetched = (text: string | undefined): void => metrics.fetchedKeys(url, text);
      return verifierOf({ ...known, issuer: url, keys: remoteKeys({ url: keysUrl, fetch, clock, fetched }) });
    },
    (error) => `oidc authenticator: initializing plugin: ${error}`,
    options,
  );
  const others = new Map<string, Asked<Verify>>();
  const sources: ClaimSources = {
    claim: jwt.settings.claimMappings.groups.claim,
    fetch,
    verifierOf(issuer) {
      let asked = others.get(issuer);
      if (asked === undefined) {
        asked = keepAsking(
          async () => {
            const keys = remoteKeys({ url: await discover(issuer, wellKnownOf(issuer), fetch), fetch, clock });
            return verifierOf({ ...known, issuer, keys });
          },
          (error) => `oidc authenticator: async token verifier for issuer: ${JSON.stringify(issuer)}: ${error}`,
          options,
        );
        others.set(issuer, asked);
      }
      return asked.found();
    },
  };
  const check = async (token: string): Promise<Authenticated> => {
    const verify = own.found();
    if (verify === undefined) throw new Error("oidc: authenticator not initialized");
    let claims = await verify(token).catch((error: unknown) => {
      throw new Error(`oidc: verify token: ${errorText(error)}`, { cause: error });
    });
    if (sources.claim !== "")
      claims = await withDistributedClaim(claims, sources).catch((error: unknown) => {
        throw new Error(`oidc: could not expand distributed claims: ${errorText(error)}`, { cause: error });
      });
    return { user: userOfToken(claims, jwt) };
  };
  return {
    check: (token) => measured(() => check(token), { issuer: url, metrics, clock }),
    problem: () => {
      if (own.found() !== undefined) return undefined;
      const why = own.lastError() ?? `oidc: authenticator for issuer ${JSON.stringify(url)} is not initialized`;
      return `oidc: authenticator for issuer ${JSON.stringify(url)} is not healthy: ${why}`;
    },
    tried: own.tried,
  };
}

const wellKnownOf = (issuer: string): string => issuer.replace(/\/$/, "") + wellKnownPath;

async function measured(
  check: () => Promise<Authenticated>,
  { issuer, metrics, clock }: { readonly issuer: string } & Pick<JwtAuthenticatorOptions, "metrics" | "clock">,
): Promise<Authenticated> {
  const startMs = clock.monotonic();
  const seconds = (): number => (clock.monotonic() - startMs) / 1000;
  try {
    const found = await check();
    metrics.attempted(issuer, "success", seconds());
    return found;
  } catch (error) {
    metrics.attempted(issuer, "failure", seconds());
    throw new InvalidCredentials(errorText(error));
  }
}

function fetchFor({ settings }: CompiledJwt, { connections, signal }: JwtAuthenticatorOptions): Fetch {
  const authorities = settings.issuer.certificateAuthority;
  return async (url, authorization) => {
    try {
      return await connections.post({
        method: "GET",
        url,
        body: new Uint8Array(0),
        timeoutMs: fetchTimeoutMs,
        signal,
        userAgent: "Go-http-client/1.1",
        ...(authorities === "" ? {} : { authorities }),
        ...(authorization === undefined ? {} : { authorization }),
      });
    } catch (error) {
      throw new Error(`Get ${JSON.stringify(url)}: ${errorText(error)}`, { cause: error });
    }
  };
}

interface Asked<T> {
  found(): T | undefined;
  lastError(): string | undefined;
  tried(): Promise<void>;
}

/** Asks until there is an answer or the signal aborts. */
function keepAsking<T>(
  ask: () => Promise<T>,
  tell: (error: string) => string,
  { clock, log, signal }: JwtAuthenticatorOptions,
): Asked<T> {
  let found: T | undefined;
  let lastError: string | undefined;
  const attempt = async (): Promise<void> => {
    try {
      found = await ask();
    } catch (error) {
      if (signal.aborted) return;
      lastError = errorText(error);
      log.error(tell(lastError));
    }
  };
  let trying = attempt();
  const goOn = async (): Promise<void> => {
    for (;;) {
      await trying;
      if (found !== undefined || signal.aborted) return;
      await sleep(clock, askAgainMs, signal);
      trying = attempt();
    }
  };
  void goOn().catch(() => {}); // The sleep ends with the signal.
  return { found: () => found, lastError: () => lastError, tried: () => trying };
}
