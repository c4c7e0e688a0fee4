// Whether a token is its issuer's, meant for this server and in time. Upstream: go-oidc v2 IDTokenVerifier.Verify and the audiences
// of plugin/pkg/authenticator/token/oidc.
import type { Clock } from "../../../base/index.ts";
import { quoteGo, quoteGoList } from "../../../machinery/index.ts";
import type { KeySet } from "./issuer.ts";
import { type Claims, claimsIn, parseToken } from "./token.ts";

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
  try {
    return claimsIn(payload);
  } catch (error) {
    throw new Error(`oidc: failed to unmarshal claims: ${(error as Error).message}`, { cause: error });
  }
}

function checkIssuer({ iss }: Claims, issuer: string): void {
  const said = String(iss ?? "");
  if (said === issuer || (issuer === google && said === "accounts.google.com")) return;
  throw new Error(`oidc: id token issued by a different provider, expected ${quoteGo(issuer)} got ${quoteGo(said)}`);
}

function audiencesOf({ aud }: Claims): readonly string[] {
  if (typeof aud === "string") return [aud];
  if (aud === undefined || aud === null) return [];
  if (Array.isArray(aud) && aud.every((each) => typeof each === "string")) return aud;
  throw new Error("oidc: failed to unmarshal claims: json: cannot unmarshal it into Go value of type []string");
}

function checkAudience(held: readonly string[], wanted: readonly string[]): void {
  if (held.some((each) => wanted.includes(each))) return;
  const expected = wanted.length === 1 ? quoteGo(wanted[0]!) : quoteGoList([...wanted].sort());
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
function secondsOf(value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "number" && typeof value !== "bigint")
    throw new Error("oidc: failed to unmarshal claims: json: cannot unmarshal it into Go value of type json.Number");
  return Math.trunc(Number(value));
}

const goTime = (seconds: number | undefined): string =>
  seconds === undefined
    ? "0001-01-01 00:00:00 +0000 UTC"
    : `${new Date(seconds * 1000).toISOString().slice(0, 19).replace("T", " ")} +0000 UTC`;
