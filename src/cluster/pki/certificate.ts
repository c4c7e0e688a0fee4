// Issues X.509 v3 certificates (RFC 5280) with ECDSA P-256 keys. Node's crypto makes keys and signatures, der.ts the rest:
// a whole cluster's certificates take a few milliseconds, without a library on the start path.

import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  X509Certificate,
} from "node:crypto";
import { isIPv4, isIPv6 } from "node:net";
import type { Rng } from "../../base/index.ts";
import * as der from "./der.ts";

export interface Subject {
  readonly commonName: string;
  /** Kubernetes reads these as groups. */
  readonly organizations?: readonly string[];
}

export interface CertificateRequest {
  readonly subject: Subject;
  /** DNS names and IP addresses of a serving certificate. */
  readonly hosts?: readonly string[];
  readonly usage: readonly ("client" | "server")[];
  readonly validFromMs: number;
  readonly validToMs: number;
}

/** A certificate with its private key, both PEM. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

const ids = {
  commonName: "2.5.4.3",
  organization: "2.5.4.10",
  ecdsaWithSha256: "1.2.840.10045.4.3.2",
  rsaWithSha256: "1.2.840.113549.1.1.11",
  basicConstraints: "2.5.29.19",
  keyUsage: "2.5.29.15",
  extendedKeyUsage: "2.5.29.37",
  subjectKeyId: "2.5.29.14",
  authorityKeyId: "2.5.29.35",
  subjectAltName: "2.5.29.17",
  serverAuth: "1.3.6.1.5.5.7.3.1",
  clientAuth: "1.3.6.1.5.5.7.3.2",
} as const;

/** A fresh P-256 private key. */
export const newKey = (): KeyObject => generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;

/** A self-signed authority. */
export function newAuthority(
  commonName: string,
  validity: { readonly fromMs: number; readonly toMs: number },
  rng: Rng,
): KeyPair {
  const key = newKey();
  const name = nameOf({ commonName });
  const keyId = keyIdOf(key);
  const cert = certify({
    serial: rng.bytes(16),
    issuer: name,
    subject: name,
    publicKey: createPublicKey(key),
    validFromMs: validity.fromMs,
    validToMs: validity.toMs,
    extensions: [
      extension(ids.keyUsage, der.bits(new Uint8Array([0b10100100]), 2), "critical"),
      extension(ids.basicConstraints, der.sequence(der.boolean(true)), "critical"),
      extension(ids.subjectKeyId, der.octets(keyId)),
    ],
    signer: key,
  });
  return { cert, key: keyPem(key) };
}

/** A leaf signed by the authority. The key is fresh unless one is given. */
export function issue(authority: KeyPair, request: CertificateRequest, rng: Rng): KeyPair {
  const key = newKey();
  return { cert: issueFor(authority, { ...request, publicKey: createPublicKey(key) }, rng), key: keyPem(key) };
}

/** A leaf for somebody else's public key (certificate signing requests). Returns PEM. */
function issueFor(
  authority: KeyPair,
  request: CertificateRequest & { readonly publicKey: KeyObject },
  rng: Rng,
): string {
  const issuer = new X509Certificate(authority.cert);
  const signer = createPrivateKey(authority.key);
  const purposes = { server: ids.serverAuth, client: ids.clientAuth } as const;
  const hosts = request.hosts ?? [];
  return certify({
    serial: rng.bytes(16),
    issuer: subjectDer(issuer),
    subject: nameOf(request.subject),
    publicKey: request.publicKey,
    validFromMs: request.validFromMs,
    // No certificate outlives its authority.
    validToMs: Math.min(request.validToMs, issuer.validToDate.getTime()),
    extensions: [
      extension(ids.keyUsage, der.bits(new Uint8Array([0b10100000]), 5), "critical"),
      extension(ids.extendedKeyUsage, der.sequence(...request.usage.map((each) => der.oid(purposes[each])))),
      extension(ids.basicConstraints, der.sequence(), "critical"),
      extension(ids.authorityKeyId, der.sequence(der.implicit(0, keyIdOf(signer)))),
      ...(hosts.length > 0 ? [extension(ids.subjectAltName, der.sequence(...hosts.map(generalName)))] : []),
    ],
    signer,
  });
}

export interface ChosenContents {
  /** DER of the name. */
  readonly subject: Uint8Array;
  readonly publicKey: KeyObject;
  readonly keyUsageBits: readonly number[];
  /** Object identifiers. */
  readonly extendedKeyUsages: readonly string[];
  /** DER of the extension's value. */
  readonly subjectAltName?: Uint8Array;
  readonly validFromMs: number;
  readonly validToMs: number;
}

/** A leaf whose contents somebody else chose (certificate signing requests). Returns PEM. */
export function certifyFor(authority: KeyPair, chosen: ChosenContents, rng: Rng): string {
  const signer = createPrivateKey(authority.key);
  const { keyUsageBits, extendedKeyUsages, subjectAltName, ...rest } = chosen;
  return certify({
    ...rest,
    serial: rng.bytes(16),
    issuer: subjectDer(new X509Certificate(authority.cert)),
    extensions: [
      ...(keyUsageBits.length > 0 ? [extension(ids.keyUsage, usageDer(keyUsageBits), "critical")] : []),
      ...(extendedKeyUsages.length > 0
        ? [extension(ids.extendedKeyUsage, der.sequence(...extendedKeyUsages.map(der.oid)))]
        : []),
      extension(ids.basicConstraints, der.sequence(), "critical"),
      extension(ids.authorityKeyId, der.sequence(der.implicit(0, keyIdOf(signer)))),
      ...(subjectAltName === undefined ? [] : [extension(ids.subjectAltName, subjectAltName)]),
    ],
    signer,
  });
}

/** At least one bit. */
function usageDer(bits: readonly number[]): Uint8Array {
  const last = Math.max(...bits);
  const usage = new Uint8Array(Math.floor(last / 8) + 1);
  for (const bit of bits) usage[bit >> 3]! |= 0x80 >> (bit & 7);
  return der.bits(usage, 7 - (last & 7));
}

interface Contents {
  readonly serial: Uint8Array;
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  readonly publicKey: KeyObject;
  readonly validFromMs: number;
  readonly validToMs: number;
  readonly extensions: readonly Uint8Array[];
  readonly signer: KeyObject;
}

function certify(contents: Contents): string {
  const algorithm = algorithmOf(contents.signer);
  const version3 = der.explicit(0, der.integer(new Uint8Array([2])));
  const body = der.sequence(
    version3,
    der.integer(contents.serial),
    algorithm,
    contents.issuer,
    der.sequence(der.time(contents.validFromMs), der.time(contents.validToMs)),
    contents.subject,
    new Uint8Array(contents.publicKey.export({ type: "spki", format: "der" })),
    der.explicit(3, der.sequence(...contents.extensions)),
  );
  const signature = sign("sha256", body, contents.signer);
  return pem("CERTIFICATE", der.sequence(body, algorithm, der.bits(new Uint8Array(signature))));
}

/** An operator's own authority may have an RSA key. */
function algorithmOf(key: KeyObject): Uint8Array {
  if (key.asymmetricKeyType === "ec") return der.sequence(der.oid(ids.ecdsaWithSha256));
  if (key.asymmetricKeyType === "rsa") return der.sequence(der.oid(ids.rsaWithSha256), new Uint8Array([0x05, 0x00]));
  throw new Error(`an authority's key must be EC or RSA, not ${key.asymmetricKeyType}`);
}

const extension = (id: string, value: Uint8Array, critical?: "critical"): Uint8Array =>
  der.sequence(der.oid(id), ...(critical ? [der.boolean(true)] : []), der.octets(value));

/** RFC 4514's most general part first: the order in which the Go library writes O and CN. */
function nameOf(subject: Subject): Uint8Array {
  const organizations = (subject.organizations ?? []).map((each) => attribute(ids.organization, each));
  return der.sequence(
    ...(organizations.length > 0 ? [der.set(...organizations.sort(byBytes))] : []),
    der.set(attribute(ids.commonName, subject.commonName)),
  );
}
const attribute = (id: string, value: string): Uint8Array => der.sequence(der.oid(id), der.utf8(value));

/** DER wants the members of a SET in the order of their encodings. */
function byBytes(a: Uint8Array, b: Uint8Array): number {
  for (let index = 0; index < Math.min(a.length, b.length); index++)
    if (a[index] !== b[index]) return a[index]! - b[index]!;
  return a.length - b.length;
}

/** SHA-1 of the public key: an identifier (RFC 5280 4.2.1.2), not a protection. */
function keyIdOf(key: KeyObject): Uint8Array {
  const spki = createPublicKey(key).export({ type: "spki", format: "der" });
  return new Uint8Array(createHash("sha1").update(spki).digest());
}

function generalName(host: string): Uint8Array {
  if (isIPv4(host)) return der.implicit(7, new Uint8Array(host.split(".").map(Number)));
  if (isIPv6(host)) return der.implicit(7, ipv6Bytes(host));
  return der.implicit(2, new TextEncoder().encode(host));
}

function ipv6Bytes(address: string): Uint8Array {
  const mapped = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  const hex = (high: string, low: string): string => ((Number(high) << 8) | Number(low)).toString(16);
  const text = mapped === null ? address : `${mapped[1]}${hex(mapped[2]!, mapped[3]!)}:${hex(mapped[4]!, mapped[5]!)}`;
  const [head = "", tail] = text.split("::");
  const words = (part: string): string[] => (part === "" ? [] : part.split(":"));
  const left = words(head);
  const right = tail === undefined ? [] : words(tail);
  const all = [...left, ...new Array<string>(8 - left.length - right.length).fill("0"), ...right];
  return new Uint8Array(all.flatMap((word) => [Number.parseInt(word, 16) >> 8, Number.parseInt(word, 16) & 0xff]));
}

/** The subject's own bytes out of an issuer's certificate, so that the names match byte for byte. */
function subjectDer(certificate: X509Certificate): Uint8Array {
  const raw = new Uint8Array(certificate.raw);
  let at = skipHead(raw, skipHead(raw, 0)); // into Certificate, into TBSCertificate
  if (raw[at] === 0xa0) at = next(raw, at); // version
  for (let skipped = 0; skipped < 4; skipped++) at = next(raw, at); // serial, algorithm, issuer, validity
  return raw.subarray(at, next(raw, at));
}
function lengthAt(raw: Uint8Array, at: number): { start: number; length: number } {
  const first = raw[at + 1]!;
  if (first < 0x80) return { start: at + 2, length: first };
  const bytes = first & 0x7f;
  let length = 0;
  for (let index = 0; index < bytes; index++) length = length * 256 + raw[at + 2 + index]!;
  return { start: at + 2 + bytes, length };
}
const skipHead = (raw: Uint8Array, at: number): number => lengthAt(raw, at).start;
const next = (raw: Uint8Array, at: number): number => {
  const { start, length } = lengthAt(raw, at);
  return start + length;
};

/** RFC 7468 text. */
function pem(label: string, bytes: Uint8Array): string {
  const base64 = Buffer.from(bytes)
    .toString("base64")
    .replace(/.{64}(?=.)/g, "$&\n");
  return `-----BEGIN ${label}-----\n${base64}\n-----END ${label}-----\n`;
}
export const keyPem = (key: KeyObject): string => key.export({ type: "pkcs8", format: "pem" }) as string;
