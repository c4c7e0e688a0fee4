// Whether a token is its issuer's, meant for this server and in time. Upstream: go-oidc v2 IDTokenVerifier.Verify and the audiences
// of plugin/pkg/authenticator/token/oidc.
import type { Clock } from "../../../base/index.ts";
import { isObject, quoteGo, quoteGoList } from "../../../machinery/index.ts";
import type { KeySet } from "./issuer.ts";
import { type Claims, claimsIn, goName, parseToken } from "./token.ts";

export interface VerifierOptions {
  readonly issuer: string;
  readonly audiences: readonly string[];
  readonly algorithms: readonly string[];
  readonly keys: KeySet;
  readonly clock: Clock;
}

/** Clocks of issuers may be ahead by this. */
const leewayMs = 60_000;
const google = "https://accounts.google.com";

export type Verify = (token: string) => Promise<Claims>;

/** Resolves with the claims of a good token. Rejects with an Error that says what is wrong with it. */
export function verifierOf(options: VerifierOptions): Verify {
  return async (token) => {
    const signed = parseToken(token);
    if (!options.algorithms.includes(signed.algorithm))
      throw new Error(
        `oidc: id token signed with unsupported algorithm, expected ${quoteGoList(options.algorithms)} got ${quoteGo(signed.algorithm)}`,
      );
    try {
      await options.keys.verify(signed);
    } catch (error) {
      throw new Error(`failed to verify signature: ${(error as Error).message}`, { cause: error });
    }
    const claims = claimsOf(signed.payload);
    checkIssuer(claims, options.issuer);
    const audiences = audiencesOf(claims);
    checkAudience(audiences, options.audiences);
    checkTimes(claims, options.clock.now());
    return claims;
  };
}

function claimsOf(payload: string): Claims {
  let claims: Claims;
  try {
    claims = claimsIn(payload);
    checkTypes(claims);
  } catch (error) {
    throw new Error(`oidc: failed to unmarshal claims: ${(error as Error).message}`, { cause: error });
  }
  checkSources(claims);
  return claims;
}

const goTypes: Readonly<Record<string, string>> = {
  iss: "string",
  sub: "string",
  aud: "[]string",
  exp: "json.Number",
  iat: "json.Number",
  nbf: "json.Number",
  nonce: "string",
  at_hash: "string",
  _claim_names: "map[string]string",
  _claim_sources: "map[string]oidc.claimSource",
};

/** Those that every token may have are of one type each. Throws Error in Go's words about the first that is not. */
function checkTypes(claims: Claims): void {
  for (const [name, value] of Object.entries(claims)) {
    const type = Object.hasOwn(goTypes, name) ? goTypes[name] : undefined;
    if (type !== undefined && value !== null && !isOf(type, value))
      throw new Error(
        type === "json.Number" && typeof value === "string"
          ? `json: invalid number literal, trying to unmarshal ${quoteGo(JSON.stringify(value))} into Number`
          : `json: cannot unmarshal ${goName(value)} into Go struct field idToken.${name} of type ${type}`,
      );
  }
}

function isOf(type: string, value: unknown): boolean {
  if (type === "string") return typeof value === "string";
  if (type === "json.Number") return isNumeric(value);
  if (type === "[]string")
    return typeof value === "string" || (Array.isArray(value) && value.every((each) => typeof each === "string"));
  return (
    isObject(value) && (type !== "map[string]string" || Object.values(value).every((each) => typeof each === "string"))
  );
}

const isNumeric = (value: unknown): boolean =>
  typeof value === "number" ||
  typeof value === "bigint" ||
  (typeof value === "string" && /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(value));

/** Every claim that is elsewhere has a place. */
function checkSources(claims: Claims): void {
  const names = isObject(claims["_claim_names"]) ? claims["_claim_names"] : {};
  const sources = isObject(claims["_claim_sources"]) ? claims["_claim_sources"] : {};
  for (const source of Object.values(names)) {
    if (source === "") throw new Error("oidc: failed to obtain source from claim name");
    if (!Object.hasOwn(sources, String(source))) throw new Error("oidc: source does not exist");
  }
}

function checkIssuer({ iss }: Claims, issuer: string): void {
  const said = String(iss ?? "");
  if (said === issuer || (issuer === google && said === "accounts.google.com")) return;
  throw new Error(`oidc: id token issued by a different provider, expected ${quoteGo(issuer)} got ${quoteGo(said)}`);
}

/** Their types are checked. */
function audiencesOf({ aud }: Claims): readonly string[] {
  if (typeof aud === "string") return [aud];
  return (aud as readonly string[] | null | undefined) ?? [];
}

function checkAudience(held: readonly string[], wanted: readonly string[]): void {
  if (held.some((each) => wanted.includes(each))) return;
  const expected = wanted.length === 1 ? quoteGo(wanted[0]!) : `in ${quoteGoList([...wanted].sort())}`;
  throw new Error(`oidc: expected audience ${expected} got ${quoteGoList(held)}`);
}

function checkTimes({ exp, nbf }: Claims, nowMs: number): void {
  const expiry = secondsOf(exp);
  if (expiry === undefined || expiry * 1000 < nowMs)
    throw new Error(`oidc: token is expired (Token Expiry: ${goTime(expiry)})`);
  const notBefore = secondsOf(nbf);
  if (notBefore !== undefined && nowMs + leewayMs < notBefore * 1000)
    throw new Error(
      `oidc: current time ${goTime(nowMs / 1000)} before the nbf (not before) time: ${goTime(notBefore)}`,
    );
}

/** Whole seconds, as go-oidc reads them. */
const secondsOf = (value: unknown): number | undefined =>
  value === undefined || value === null ? undefined : Math.trunc(Number(value));

const goTime = (seconds: number | undefined): string =>
  seconds === undefined
    ? "0001-01-01 00:00:00 +0000 UTC"
    : `${new Date(seconds * 1000).toISOString().slice(0, 19).replace("T", " ")} +0000 UTC`;
