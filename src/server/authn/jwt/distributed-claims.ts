// Groups that a token does not hold but says where to ask for. Upstream: plugin/pkg/authenticator/token/oidc claimResolver; OpenID
// Connect Core 1.0, section 5.6.2.
import { isObject } from "../../../machinery/index.ts";
import { type Fetch, statusOf } from "./issuer.ts";
import { type Claims, untrustedIssuerOf } from "./token.ts";
import type { Verify } from "./verifier.ts";

export interface ClaimSources {
  readonly claim: string;
  readonly fetch: Fetch;
  /** Undefined while the issuer has not been heard of yet. */
  readonly verifierOf: (issuer: string) => Verify | undefined;
}

/** The claims with the one that another document holds. Rejects with an Error that says why it can not be had. */
export async function withDistributedClaim(claims: Claims, sources: ClaimSources): Promise<Claims> {
  const endpoint = endpointOf(claims, sources.claim);
  if (endpoint === undefined) return claims;
  return { ...claims, [sources.claim]: await resolve(endpoint, sources) };
}

interface Endpoint {
  readonly url: string;
  readonly token: string;
}

function endpointOf(claims: Claims, claim: string): Endpoint | undefined {
  if (Object.hasOwn(claims, claim) || !Object.hasOwn(claims, "_claim_names")) return undefined;
  const [names, sources] = [claims["_claim_names"], claims["_claim_sources"]];
  if (!isObject(names)) throw new Error("oidc: error parsing distributed claim names: it is no object");
  if (sources === undefined) throw new Error("oidc: no claim sources");
  if (!isObject(sources)) throw new Error("oidc: could not parse claim sources: it is no object");
  const source = names[claim];
  if (typeof source !== "string") return undefined;
  const found = sources[source];
  if (!isObject(found))
    throw new Error(`id token _claim_names contained a source ${source} missing in _claims_sources`);
  const { endpoint: url = "", access_token: token = "" } = found;
  return url === "" ? undefined : { url: String(url), token: String(token) };
}

async function resolve({ url, token }: Endpoint, { claim, fetch, verifierOf }: ClaimSources): Promise<unknown> {
  const jwt = await jwtAt({ url, token }, fetch).catch((error: unknown) => {
    throw new Error(`while getting distributed claim ${JSON.stringify(claim)}: ${(error as Error).message}`);
  });
  const issuer = untrustedIssuerOf(jwt);
  if (issuer === undefined)
    throw new Error(
      `getting untrusted issuer from endpoint ${url} failed for claim ${JSON.stringify(claim)}: malformed token`,
    );
  const verify = verifierOf(issuer);
  if (verify === undefined)
    throw new Error(
      `verifying untrusted issuer ${issuer} failed: verifier not initialized for issuer: ${JSON.stringify(issuer)}`,
    );
  const claims = await verify(jwt).catch((error: unknown) => {
    throw new Error(`verify distributed claim token: ${(error as Error).message}`);
  });
  if (!Object.hasOwn(claims, claim))
    throw new Error(
      `jwt returned by distributed claim endpoint ${JSON.stringify(url)} did not contain claim: ${claim}`,
    );
  return claims[claim];
}

async function jwtAt({ url, token }: Endpoint, fetch: Fetch): Promise<string> {
  const answer = await fetch(url, token === "" ? undefined : `Bearer ${token}`);
  if (answer.status < 200 || answer.status > 226)
    throw new Error(`error while getting distributed claim JWT: ${statusOf(answer)}`);
  return new TextDecoder().decode(answer.body);
}
