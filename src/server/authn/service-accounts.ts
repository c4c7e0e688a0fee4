// Bearer tokens of ServiceAccounts. A signature is checked once and remembered; what the token is bound to is looked up in
// the watch cache on every request, so a deleted pod's token ends at once (upstream: after up to ten seconds).

import type { Secret } from "../../api/index.ts";
import type { Clock } from "../../base/index.ts";
import { quoteGoList } from "../../machinery/index.ts";
import type { ObjectReader, TokenIssuer } from "../contract.ts";
import { InvalidCredentials, type TokenCheck } from "./credentials.ts";
import { type SecretTokenClaims, secretTokenClaims, secretTokenIssuer, userOfSecretToken } from "./secret-tokens.ts";
import {
  checkBoundObjects,
  checkTimes,
  type ServiceAccountClaims,
  serviceAccountClaims,
  userOfClaims,
} from "./service-account-claims.ts";

export interface ServiceAccountTokenOptions {
  readonly issuer: TokenIssuer;
  readonly reader: ObjectReader;
  readonly clock: Clock;
  /** Verified tokens to remember; the one unused longest is forgotten first. */
  readonly cacheSize?: number;
  /** A token that lives in this Secret was used, on this day for the first time. */
  readonly secretUsed?: (secret: Secret, day: string) => void;
}

type Claims = ServiceAccountClaims | SecretTokenClaims;

export function serviceAccountTokens(options: ServiceAccountTokenOptions): TokenCheck {
  const verified = new Map<string, Claims>();
  const cacheSize = options.cacheSize ?? 10_000;

  async function claimsOf(token: string): Promise<Claims | undefined> {
    const known = verified.get(token);
    if (known !== undefined) {
      verified.delete(token);
      verified.set(token, known);
      return known;
    }
    if (!looksLikeJwt(token)) return undefined;
    const payload = await options.issuer.verify(token);
    if (payload === undefined) return undefined;
    const claims = payload["iss"] === secretTokenIssuer ? secretTokenClaims(payload) : serviceAccountClaims(payload);
    if (claims === undefined) return undefined;
    verified.set(token, claims);
    if (verified.size > cacheSize) verified.delete(verified.keys().next().value!);
    return claims;
  }

  return async (token, audiences) => {
    const claims = await claimsOf(token);
    if (claims === undefined) return undefined;
    const nowMs = options.clock.now();
    const { reader, secretUsed } = options;
    const held = "iss" in claims && claims.aud.length > 0 ? claims.aud : options.issuer.audiences;
    const shared = held.filter((each) => audiences.includes(each));
    if (shared.length === 0 && options.issuer.audiences.length > 0)
      throw new InvalidCredentials(
        `token audiences ${quoteGoList(held)} is invalid for the target audiences ${quoteGoList(audiences)}`,
      );
    if (!("iss" in claims)) {
      const used = secretUsed ? { used: secretUsed } : {};
      return { user: await userOfSecretToken(token, claims, { reader, nowMs, ...used }), audiences: shared };
    }
    try {
      checkTimes(claims, nowMs);
    } catch (error) {
      verified.delete(token);
      throw error;
    }
    await checkBoundObjects(claims, reader, nowMs);
    return { user: userOfClaims(claims), audiences: shared };
  };
}

function looksLikeJwt(token: string): boolean {
  const first = token.indexOf(".");
  const second = token.indexOf(".", first + 1);
  return first > 0 && second > 0 && token.indexOf(".", second + 1) < 0;
}
