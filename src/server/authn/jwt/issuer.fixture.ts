// An issuer of a test's own: its keys, its documents, and tokens that it signs.
import { constants, createPublicKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import type { WebhookAnswer, WebhookCall, WebhookConnections } from "../../contract.ts";

export interface TestIssuer extends WebhookConnections {
  readonly url: string;
  /** Paths asked for so far. */
  readonly asked: string[];
  /** Kept in the answer with the keys. */
  cacheControl: string;
  /** Whether it answers. */
  up: boolean;
  /** What is at other paths of it. */
  readonly documents: Map<string, string>;
  publish(...names: readonly KeyName[]): void;
  token(claims: object, how?: Signing): string;
}

export type KeyName = "rsa" | "other" | "p256" | "p384" | "p521";

export interface Signing {
  readonly alg?: string;
  readonly key?: KeyName;
  readonly kid?: string;
  readonly head?: object;
}

const made = new Map<KeyName, KeyObject>();
const curves = { p256: "P-256", p384: "P-384", p521: "P-521" } as const;

function keyOf(name: KeyName): KeyObject {
  let key = made.get(name);
  if (key === undefined) {
    key =
      name === "rsa" || name === "other"
        ? generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey
        : generateKeyPairSync("ec", { namedCurve: curves[name] }).privateKey;
    made.set(name, key);
  }
  return key;
}

const encoder = new TextEncoder();
const base64url = (value: object | string): string =>
  Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");

export function signed(claims: object, { alg = "RS256", key = "rsa", kid = key, head = {} }: Signing = {}): string {
  const content = `${base64url({ alg, ...(kid === "" ? {} : { kid }), ...head })}.${base64url(claims)}`;
  if (!/^(RS|PS|ES)/.test(alg)) return `${content}.${base64url("x")}`;
  const bits = alg.slice(2);
  const padding = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: Number(bits) / 8 };
  const signature = sign(`sha${bits}`, Buffer.from(content), {
    key: keyOf(key),
    ...(alg.startsWith("PS") ? padding : {}),
    dsaEncoding: "ieee-p1363",
  });
  return `${content}.${signature.toString("base64url")}`;
}

export const keySet = (...names: readonly KeyName[]): object => ({
  keys: names.map((kid) => ({ ...createPublicKey(keyOf(kid)).export({ format: "jwk" }), kid, use: "sig" })),
});

export function testIssuer(url: string): TestIssuer {
  const asked: string[] = [];
  const documents = new Map<string, string>();
  const answer = (status: number, text: string, headers = {}): WebhookAnswer => ({
    status,
    statusText: status === 200 ? "OK" : "Not Found",
    headers: { "content-type": "application/json", ...headers },
    body: encoder.encode(text),
  });
  const issuer: TestIssuer = {
    url,
    asked,
    documents,
    cacheControl: "",
    up: true,
    async post(call: WebhookCall) {
      const { pathname } = new URL(call.url);
      asked.push(pathname);
      if (!issuer.up) throw new Error("dial tcp 127.0.0.1:1: connect: connection refused");
      const text = documents.get(pathname);
      if (text === undefined) return answer(404, "nope");
      return answer(200, text, pathname === "/keys" ? { "cache-control": issuer.cacheControl } : {});
    },
    close() {},
    publish: (...names) => void documents.set("/keys", JSON.stringify(keySet(...names))),
    token: (claims, how) => signed({ iss: url, aud: "a", exp: 4e9, ...claims }, how),
  };
  documents.set("/.well-known/openid-configuration", JSON.stringify({ issuer: url, jwks_uri: `${url}/keys` }));
  issuer.publish("rsa", "p256", "p384", "p521");
  return issuer;
}
