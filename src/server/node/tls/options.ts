// What a TLS listener may be told in Go's words: the least version, cipher suites, certificates by the name that is asked for.
// Upstream: component-base/cli/flag (ciphersuites_flag.go), apiserver's dynamiccertificates.
import { X509Certificate } from "node:crypto";
import { createSecureContext, DEFAULT_CIPHERS, type SecureContext, type SecureVersion } from "node:tls";

export interface NamedCertificate {
  /** PEM; the leaf first. */
  readonly cert: string;
  readonly key: string;
  /** `app.example`, `*.example`; the certificate's own when empty. */
  readonly names: readonly string[];
}

export interface TlsSettings {
  readonly minVersion?: SecureVersion;
  /** Of OpenSSL's list. */
  readonly ciphers?: string;
  readonly named?: readonly NamedCertificate[];
  /** HTTP/1.1 alone. */
  readonly withoutHttp2?: boolean;
}

/** TLS 1.3 in the order of Go's server on hardware that has AES; these are always on, as in Go. */
const ofTls13 = ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"];

export const defaultCiphers = [
  ...ofTls13,
  ...DEFAULT_CIPHERS.split(":").filter((name) => !name.startsWith("TLS_")),
].join(":");

const versions: Readonly<Record<string, SecureVersion>> = {
  VersionTLS10: "TLSv1",
  VersionTLS11: "TLSv1.1",
  VersionTLS12: "TLSv1.2",
  VersionTLS13: "TLSv1.3",
};

/** Throws Error in upstream's words. */
export function tlsVersion(name: string): SecureVersion {
  const found = Object.hasOwn(versions, name) ? versions[name] : undefined;
  if (found === undefined) throw new Error(`unknown tls version ${JSON.stringify(name)}`);
  return found;
}

const key = "(ECDHE_ECDSA|ECDHE_RSA|RSA)";
const goSuite = new RegExp(
  `^TLS_${key}_WITH_(?:AES_(128|256)_(CBC_SHA256|CBC_SHA|GCM_SHA(?:256|384))|(CHACHA20_POLY1305)(?:_SHA256)?)$`,
);
/** Go has them, OpenSSL has not any more. */
const gone = /^TLS_(ECDHE_RSA_WITH|RSA_WITH|ECDHE_ECDSA_WITH)_(RC4_128_SHA|3DES_EDE_CBC_SHA)$/;

/** OpenSSL's list for Go's names. Throws Error for a name that Go does not have, in upstream's words, and for suites that nobody serves any more. */
export function cipherList(names: readonly string[]): string {
  const chosen = names.filter((name) => !ofTls13.includes(name)).map(opensslName);
  return [...ofTls13, ...chosen].join(":");
}

function opensslName(name: string): string {
  if (gone.test(name)) throw new Error(`Cipher suite ${name} is broken and not served`);
  const [, exchange, bits, mode, chacha] = goSuite.exec(name) ?? [];
  if (exchange === undefined) throw new Error(`Cipher suite ${name} not supported or doesn't exist`);
  const prefix = exchange === "RSA" ? "" : `${exchange.replace("_", "-")}-`;
  if (chacha !== undefined) return `${prefix}CHACHA20-POLY1305`;
  return `${prefix}AES${bits}-${mode!.replace("CBC_", "").replace("_", "-")}`;
}

/** `cert.pem,key.pem` or `cert.pem,key.pem:*.example,app.example`. Throws Error in upstream's words. */
export function parseNamedCertificate(text: string): { cert: string; key: string; names: string[] } {
  const colon = text.indexOf(":");
  const files = (colon < 0 ? text : text.slice(0, colon)).split(",");
  const names = colon < 0 ? [] : text.slice(colon + 1).split(",");
  if (files.length !== 2 || files.some((each) => each.trim() === ""))
    throw new Error("expected comma separated certificate and key file paths");
  if (names.some((each) => each.trim() === "")) throw new Error("unexpected empty domain pattern");
  return { cert: files[0]!.trim(), key: files[1]!.trim(), names: names.map((each) => each.trim()) };
}

/** The certificate's names that a client can ask for: addresses are not. */
function namesOf(cert: string): string[] {
  const { subjectAltName = "", subject } = new X509Certificate(cert);
  const found = [...subjectAltName.matchAll(/DNS:([^,\s]+)/g)].map((match) => match[1]!);
  const common = /^CN=(.+)$/m.exec(subject ?? "")?.[1];
  return common !== undefined && /^[\w*.-]+$/.test(common) && !/^[\d.]+$/.test(common) ? [common, ...found] : found;
}

/** Finds the context of a name: the name itself first, then `*` in place of its first label. Earlier certificates win. */
export function chooseByName(
  named: readonly NamedCertificate[],
  shared: { readonly ciphers?: string; readonly ca?: string[]; readonly allowPartialTrustChain?: boolean },
): (serverName: string) => SecureContext | undefined {
  const contexts = new Map<string, SecureContext>();
  for (const { cert, key, names } of named) {
    const context = createSecureContext({ cert, key, ...shared });
    for (const name of names.length > 0 ? names : namesOf(cert))
      if (!contexts.has(name.toLowerCase())) contexts.set(name.toLowerCase(), context);
  }
  return (serverName) => {
    const name = serverName.toLowerCase().replace(/\.$/, "");
    return contexts.get(name) ?? contexts.get(name.replace(/^[^.]+/, "*"));
  };
}
