// JSON Web Tokens in their compact form, and the public keys that verify them, with WebCrypto. Upstream: go-oidc v2 and go-jose v2.
import { isObject, parseJson, plainCopy } from "../../../machinery/index.ts";

export interface SignedToken {
  readonly algorithm: string;
  readonly keyId: string;
  /** Decoded JSON; nobody has verified it yet. */
  readonly payload: string;
  /** What was signed. */
  readonly content: Uint8Array<ArrayBuffer>;
  readonly signature: Uint8Array<ArrayBuffer>;
  /** The header asks for what nobody here understands: no key verifies it. */
  readonly critical: boolean;
}

/** All that are accepted from the file; flags name theirs. In the order in which upstream tells them. */
export const signingAlgorithms: readonly string[] = [
  ...["ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512"],
];

export type Claims = Readonly<Record<string, unknown>>;

/** A JSON type as Go names it. */
export const goName = (value: unknown): string => {
  if (Array.isArray(value)) return "array";
  if (typeof value === "bigint") return "number";
  return typeof value === "boolean" ? "bool" : typeof value;
};

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Throws Error with the words of Go's decoder. */
function bytesOf(base64url: string): Uint8Array<ArrayBuffer> {
  const wrong = base64url.search(/[^A-Za-z0-9_-]/);
  const at = wrong >= 0 ? wrong : base64url.length % 4 === 1 ? base64url.length : -1;
  if (at >= 0) throw new Error(`illegal base64 data at input byte ${at}`);
  return Uint8Array.from(atob(base64url.replaceAll("-", "+").replaceAll("_", "/")), (each) => each.charCodeAt(0));
}

/** Parsed as Go does: numbers that no double holds are no surprise. Throws Error. */
export function claimsIn(payload: string): Claims {
  const value = plainCopy(parseJson(payload).value);
  if (!isObject(value)) throw new Error("json: cannot unmarshal it into Go value of type map[string]json.RawMessage");
  return value;
}

/** Who the token says has issued it; undefined for what is no such token. Nothing of it is verified. */
export function untrustedIssuerOf(token: string): string | undefined {
  const parts = token.split(".");
  if (parts.length !== 3 || token.trimStart().startsWith("{")) return undefined;
  try {
    const { iss = "" } = claimsIn(decoder.decode(bytesOf(parts[1]!)));
    if (typeof iss !== "string") return undefined;
    return iss === "accounts.google.com" ? "https://accounts.google.com" : iss;
  } catch {
    return undefined; // Not a token of an issuer: others may know it.
  }
}

/** Throws Error that says why it is none. */
export function parseToken(token: string): SignedToken {
  const parts = token.split(".");
  if (parts.length > 3) throw new Error("oidc: malformed jwt");
  if (parts.length < 3)
    throw new Error("oidc: malformed jwt: go-jose/go-jose: compact JWS format must have three parts");
  const [head, payload, signature] = parts as [string, string, string];
  try {
    const header = claimsIn(decoder.decode(bytesOf(head)));
    return {
      algorithm: String(header["alg"] ?? ""),
      keyId: String(header["kid"] ?? ""),
      payload: decoder.decode(bytesOf(payload)),
      content: encoder.encode(`${head}.${payload}`),
      signature: bytesOf(signature),
      critical: header["crit"] !== undefined,
    };
  } catch (error) {
    throw new Error(`oidc: malformed jwt: ${(error as Error).message}`, { cause: error });
  }
}

export interface PublicKey {
  readonly id: string;
  verifies(token: SignedToken): Promise<boolean>;
}

const curves: Readonly<Record<string, string>> = { ES256: "P-256", ES384: "P-384", ES512: "P-521" };

interface Way {
  readonly importing: RsaHashedImportParams | EcKeyImportParams;
  readonly verifying: AlgorithmIdentifier | RsaPssParams | EcdsaParams;
}

/** How a key of the type is used with the algorithm that a token names; undefined when they do not go together. */
function wayOf(jwk: JsonWebKey, algorithm: string): Way | undefined {
  const bits = Number(algorithm.slice(2));
  const hash = `SHA-${bits}`;
  switch (algorithm.slice(0, 2)) {
    case "RS":
      return jwk.kty === "RSA"
        ? { importing: { name: "RSASSA-PKCS1-v1_5", hash }, verifying: "RSASSA-PKCS1-v1_5" }
        : undefined;
    case "PS":
      return jwk.kty === "RSA"
        ? { importing: { name: "RSA-PSS", hash }, verifying: { name: "RSA-PSS", saltLength: bits / 8 } }
        : undefined;
    case "ES": {
      const namedCurve = curves[algorithm];
      return jwk.kty === "EC" && namedCurve !== undefined && jwk.crv === namedCurve
        ? { importing: { name: "ECDSA", namedCurve }, verifying: { name: "ECDSA", hash } }
        : undefined;
    }
    default:
      return undefined;
  }
}

/** Keys of a JSON Web Key Set. Those of types that sign no tokens verify none. Throws Error when it is no key set. */
export function publicKeysOf(text: string): readonly PublicKey[] {
  const { keys } = claimsIn(text);
  if (keys !== undefined && keys !== null && !Array.isArray(keys))
    throw new Error("json: cannot unmarshal it into Go struct field JSONWebKeySet.keys of type []jose.JSONWebKey");
  return ((keys as unknown[] | undefined) ?? []).filter(isObject).map((each) => publicKey(each as JsonWebKey));
}

function publicKey(jwk: JsonWebKey & { readonly kid?: unknown }): PublicKey {
  const { kty, n, e, crv, x, y } = jwk;
  // What the key says of its own use is not asked, as upstream does not.
  const bare = kty === "RSA" ? { kty, n, e } : { kty, crv, x, y };
  const imported = new Map<string, Promise<CryptoKey>>();
  return {
    id: typeof jwk.kid === "string" ? jwk.kid : "",
    async verifies({ algorithm, content, signature, critical }) {
      const way = critical ? undefined : wayOf(jwk, algorithm);
      if (way === undefined) return false;
      let key = imported.get(algorithm);
      if (key === undefined) {
        key = crypto.subtle.importKey("jwk", bare as JsonWebKey, way.importing, false, ["verify"]);
        imported.set(algorithm, key);
      }
      try {
        return await crypto.subtle.verify(way.verifying, await key, signature, content);
      } catch {
        return false; // No such key exists: nothing is signed with it.
      }
    },
  };
}
