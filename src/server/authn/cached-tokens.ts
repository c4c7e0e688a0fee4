// Remembers for a while what a check said of a token, and asks once for all who wait for the same. Upstream: k8s.io/apiserver
// authentication/token/cache.
import { type Clock, sha256Hex } from "../../base/index.ts";
import type { Authenticated } from "../contract.ts";
import type { TokenCheck } from "./credentials.ts";

export interface CachedTokensOptions {
  readonly clock: Clock;
  /** How long good tokens are remembered; 0: not at all. */
  readonly goodMs: number;
  /** The same for tokens that nobody knows. Errors are never remembered. */
  readonly unknownMs: number;
}

const mostTokens = 32_768;
const encoder = new TextEncoder();

export function cachedTokens(check: TokenCheck, { clock, goodMs, unknownMs }: CachedTokensOptions): TokenCheck {
  const kept = new Map<string, { readonly found: Authenticated | undefined; readonly untilMs: number }>();
  const asking = new Map<string, Promise<Authenticated | undefined>>();

  async function ask(key: string, token: string, audiences: readonly string[]): Promise<Authenticated | undefined> {
    try {
      const found = await check(token, audiences);
      const forMs = found === undefined ? unknownMs : goodMs;
      if (forMs > 0) kept.set(key, { found, untilMs: clock.monotonic() + forMs });
      if (kept.size > mostTokens) kept.delete(kept.keys().next().value!);
      return found;
    } finally {
      asking.delete(key);
    }
  }

  return async (token, audiences) => {
    // Strangers choose the token, and its length.
    const key = sha256Hex(encoder.encode(JSON.stringify([token, ...audiences])));
    const known = kept.get(key);
    if (known !== undefined && known.untilMs > clock.monotonic()) return known.found;
    kept.delete(key);
    let answer = asking.get(key);
    if (answer === undefined) {
      answer = ask(key, token, audiences);
      asking.set(key, answer);
    }
    return answer;
  };
}
