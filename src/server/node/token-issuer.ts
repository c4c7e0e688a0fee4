// Signs and checks ServiceAccount tokens with node's crypto: RS256 and ES256/384/512, as upstream.
// Upstream: pkg/serviceaccount/{jwt,keys}.go, k8s.io/client-go/util/keyutil.

import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import { errorText } from "../../base/index.ts";
import { secretTokenIssuer } from "../authn/secret-tokens.ts";
import type { TokenIssuer } from "../contract.ts";

export interface TokenIssuerOptions {
  /** `--service-account-issuer`: the first signs, tokens of all are accepted. */
  readonly issuers: readonly string[];
  /** `--api-audiences`; the issuers when not given. */
  readonly audiences?: readonly string[];
  /** PEM text of `--service-account-signing-key-file`. */
  readonly signingKey: string;
  /** PEM texts of `--service-account-key-file`, private or public, several keys in one text; the signing key's public half when none. */
  readonly verifyingKeys?: readonly string[];
}

interface VerifyingKey {
  readonly id: string;
  readonly algorithm: Algorithm;
  readonly key: KeyObject;
}

interface Algorithm {
  readonly name: "RS256" | "ES256" | "ES384" | "ES512";
  readonly hash: "sha256" | "sha384" | "sha512";
}

/** Throws an Error that says which key is unusable and why. */
export function createTokenIssuer(options: TokenIssuerOptions): TokenIssuer {
  const [issuer] = options.issuers;
  if (issuer === undefined || issuer === "")
    throw new Error("a ServiceAccount token issuer needs --service-account-issuer");
  const signingKey = readKey(() => createPrivateKey(options.signingKey), "--service-account-signing-key-file");
  const signingAlgorithm = algorithmOf(signingKey);
  const signingId = keyIdOf(createPublicKey(signingKey));
  const keys = new Map<string, VerifyingKey>();
  for (const pem of options.verifyingKeys ?? [options.signingKey])
    for (const key of publicKeysOf(pem)) keys.set(key.id, key);
  // Tokens in Secrets name this one.
  const issuers = new Set([...options.issuers, secretTokenIssuer]);
  const header = encode(JSON.stringify({ alg: signingAlgorithm.name, kid: signingId }));
  return {
    issuer,
    audiences: options.audiences ?? options.issuers,
    async sign(claims) {
      const content = `${header}.${encode(JSON.stringify(claims))}`;
      const signature = sign(signingAlgorithm.hash, Buffer.from(content), {
        key: signingKey,
        dsaEncoding: "ieee-p1363",
      });
      return `${content}.${signature.toString("base64url")}`;
    },
    async verify(token) {
      const parts = token.split(".");
      if (parts.length !== 3) return undefined;
      const [head, payload, signature] = parts as [string, string, string];
      const claims = parse(payload);
      if (claims === undefined || !issuers.has(String(claims["iss"]))) return undefined;
      const { alg, kid } = parse(head) ?? {};
      const candidates = typeof kid === "string" && kid !== "" ? [keys.get(kid)] : [...keys.values()];
      const content = Buffer.from(`${head}.${payload}`);
      const bytes = Buffer.from(signature, "base64url");
      for (const candidate of candidates) {
        // The token's own word for its algorithm counts only when the key is of that kind.
        if (candidate === undefined || candidate.algorithm.name !== alg) continue;
        if (verify(candidate.algorithm.hash, content, { key: candidate.key, dsaEncoding: "ieee-p1363" }, bytes))
          return claims;
      }
      return undefined;
    },
    jwks: async () => ({
      keys: [...keys.values()].map(({ key, id, algorithm }) => {
        const { kty, crv, n, e, x, y } = key.export({ format: "jwk" });
        const members = { use: "sig", kty, kid: id, crv, alg: algorithm.name, n, e, x, y };
        return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
      }),
    }),
  };
}

/** Every key of a PEM text: public keys, private keys (their public half) and certificates. Throws when there is none. */
function publicKeysOf(pem: string): VerifyingKey[] {
  const blocks = pem.match(/-----BEGIN ([A-Z ]+)-----[^-]+-----END \1-----/g) ?? [];
  const found = blocks
    .filter((block) => !block.includes("EC PARAMETERS"))
    .map((block) => {
      const key = readKey(() => createPublicKey(block), "--service-account-key-file");
      return { id: keyIdOf(key), algorithm: algorithmOf(key), key };
    });
  if (found.length === 0) throw new Error("data does not contain any valid RSA or ECDSA public keys");
  return found;
}

function readKey(read: () => KeyObject, flag: string): KeyObject {
  try {
    return read();
  } catch (error) {
    throw new Error(`the key of ${flag} can not be read: ${errorText(error)}`);
  }
}

function algorithmOf(key: KeyObject): Algorithm {
  if (key.asymmetricKeyType === "rsa") return { name: "RS256", hash: "sha256" };
  switch (key.asymmetricKeyDetails?.namedCurve) {
    case "prime256v1":
      return { name: "ES256", hash: "sha256" };
    case "secp384r1":
      return { name: "ES384", hash: "sha384" };
    case "secp521r1":
      return { name: "ES512", hash: "sha512" };
    default:
      throw new Error(
        `ServiceAccount tokens are signed with RSA or ECDSA P-256, P-384 or P-521 keys, not ${key.asymmetricKeyType}`,
      );
  }
}

/** Upstream's key id: the hash of the public key's DER form. */
const keyIdOf = (key: KeyObject): string =>
  createHash("sha256")
    .update(key.export({ type: "spki", format: "der" }))
    .digest("base64url");

const encode = (text: string): string => Buffer.from(text, "utf8").toString("base64url");

function parse(base64url: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(base64url, "base64url").toString("utf8"));
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined; // Not a token of ours: other checks may know it.
  }
}
