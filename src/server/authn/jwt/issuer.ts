// What an issuer tells of itself: its discovery document and its keys, kept as long as it says. Upstream: go-oidc v2 NewProvider,
// NewRemoteKeySet.
import { type Clock, errorText } from "../../../base/index.ts";
import type { WebhookAnswer } from "../../contract.ts";
import { claimsIn, type PublicKey, publicKeysOf, type SignedToken } from "./token.ts";

/** GET of a document. Rejects with an Error in Go's words when no answer came. */
export type Fetch = (url: string, authorization?: string) => Promise<WebhookAnswer>;

export const wellKnownPath = "/.well-known/openid-configuration";

const decoder = new TextDecoder();
const textOf = ({ body }: WebhookAnswer): string => decoder.decode(body);

/** `404 Not Found`, as Go's client says it. */
export const statusOf = ({ status, statusText = "" }: WebhookAnswer): string => `${status} ${statusText}`.trim();

/** The address of the issuer's keys. `from`: the address of its document. Throws Error that says why there is none. */
export async function discover(issuer: string, from: string, fetch: Fetch): Promise<string> {
  const answer = await fetch(from);
  const text = textOf(answer);
  if (answer.status !== 200) throw new Error(`${statusOf(answer)}: ${text}`);
  let document: Readonly<Record<string, unknown>>;
  try {
    document = claimsIn(text);
  } catch (error) {
    throw new Error(`oidc: failed to decode provider discovery object: ${decodingText(answer, error)}`, {
      cause: error,
    });
  }
  const found = String(document["issuer"] ?? "");
  if (found !== issuer)
    throw new Error(
      `oidc: issuer did not match the issuer returned by provider, expected ${JSON.stringify(issuer)} got ${JSON.stringify(found)}`,
    );
  const keys = document["jwks_uri"];
  if (typeof keys !== "string" || keys === "") throw new Error("provider did not return JWKS URL");
  return keys;
}

function decodingText({ headers }: WebhookAnswer, error: unknown): string {
  const type = String(headers["content-type"] ?? "");
  return type.split(";", 1)[0]!.trim() === "application/json"
    ? `got Content-Type = application/json, but could not unmarshal as JSON: ${errorText(error)}`
    : `expected Content-Type = application/json, got ${JSON.stringify(type)}: ${errorText(error)}`;
}

export interface KeySet {
  /** Throws Error that says why no key of the issuer has signed the token. */
  verify(token: SignedToken): Promise<void>;
}

export interface KeySetOptions {
  readonly url: string;
  readonly fetch: Fetch;
  readonly clock: Clock;
  /** The keys were asked for: what came, undefined for none that are any. */
  readonly fetched?: (text: string | undefined) => void;
}

/** Keys that end this soon are asked for anew when they do not fit. */
const nearlyOverMs = 30_000;
const unverified = "failed to verify id token signature";

/** Keys are asked for when none of those that are known fits and they are no longer fresh, once for all who wait. */
export function remoteKeys({ url, fetch, clock, fetched }: KeySetOptions): KeySet {
  let known: { readonly keys: readonly PublicKey[]; readonly untilMs: number } = { keys: [], untilMs: -Infinity };
  let asking: Promise<readonly PublicKey[]> | undefined;

  async function ask(): Promise<readonly PublicKey[]> {
    try {
      const { answer, text } = await load();
      const keys = keysIn(answer, text);
      fetched?.(text);
      known = { keys, untilMs: clock.now() + freshMs(answer, clock.now()) };
      return keys;
    } catch (error) {
      fetched?.(undefined);
      throw error;
    } finally {
      asking = undefined;
    }
  }

  async function load(): Promise<{ answer: WebhookAnswer; text: string }> {
    let answer: WebhookAnswer;
    try {
      answer = await fetch(url);
    } catch (error) {
      throw new Error(`oidc: get keys failed ${errorText(error)}`, { cause: error });
    }
    const text = textOf(answer);
    if (answer.status !== 200) throw new Error(`oidc: get keys failed: ${statusOf(answer)} ${text}`);
    return { answer, text };
  }

  return {
    async verify(token) {
      if (await fits(known.keys, token)) return;
      if (clock.now() + nearlyOverMs <= known.untilMs) throw new Error(unverified);
      let keys: readonly PublicKey[];
      try {
        asking ??= ask();
        keys = await asking;
      } catch (error) {
        throw new Error(`fetching keys ${errorText(error)}`, { cause: error });
      }
      if (!(await fits(keys, token))) throw new Error(unverified);
    },
  };
}

function keysIn(answer: WebhookAnswer, text: string): readonly PublicKey[] {
  try {
    return publicKeysOf(text);
  } catch (error) {
    throw new Error(`oidc: failed to decode keys: ${decodingText(answer, error)} ${text}`, { cause: error });
  }
}

async function fits(keys: readonly PublicKey[], token: SignedToken): Promise<boolean> {
  for (const key of keys)
    if ((token.keyId === "" || key.id === token.keyId) && (await key.verifies(token))) return true;
  return false;
}

/** For how long a shared cache may keep the answer (RFC 9111); 0 when it does not say. */
function freshMs({ headers }: WebhookAnswer, nowMs: number): number {
  const control = String(headers["cache-control"] ?? "").toLowerCase();
  const seconds = /(?:^|[\s,])s-maxage="?(\d+)/.exec(control)?.[1] ?? /(?:^|[\s,])max-age="?(\d+)/.exec(control)?.[1];
  if (seconds !== undefined) return Number(seconds) * 1000;
  const at = (name: string): number => Date.parse(String(headers[name] ?? ""));
  const [expires, date] = [at("expires"), at("date")];
  if (Number.isNaN(expires)) return 0;
  return Math.max(0, expires - (Number.isNaN(date) ? nowMs : date));
}
