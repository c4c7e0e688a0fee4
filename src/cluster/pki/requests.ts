// Certificate signing requests (PKCS#10, RFC 2986): made by nodes that join, read and signed by the cluster's authority.
// The X.509 library is loaded with the first request. Upstream's policy: pkg/controller/certificates/authority/policies.go.

import { createPrivateKey, createPublicKey, X509Certificate } from "node:crypto";
import type { SubjectAlternativeNameExtension } from "@peculiar/x509";
import type { Rng } from "../../base/index.ts";
import { certifyFor, type KeyPair } from "./certificate.ts";

const alternativeNames = "2.5.29.17";

const library = async () => {
  await import("reflect-metadata");
  return import("@peculiar/x509");
};

export interface ReadRequest {
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly emailAddresses: readonly string[];
  readonly uris: readonly string[];
}

/** Throws for what is no request, or is not signed by the key that is in it. */
export async function readRequest(request: string): Promise<ReadRequest> {
  const parsed = await parse(request);
  const names = (parsed.getExtension(alternativeNames) as SubjectAlternativeNameExtension | null)?.names.items ?? [];
  const ofType = (type: string): string[] => names.filter((each) => each.type === type).map((each) => each.value);
  return {
    commonName: parsed.subjectName.getField("CN")[0] ?? "",
    organizations: parsed.subjectName.getField("O"),
    dnsNames: ofType("dns"),
    ipAddresses: ofType("ip"),
    emailAddresses: ofType("email"),
    uris: ofType("url"),
  };
}

async function parse(request: string) {
  const { Pkcs10CertificateRequest } = await library();
  if (!request.includes("-----BEGIN CERTIFICATE REQUEST-----"))
    throw new Error("PEM block type must be CERTIFICATE REQUEST");
  const parsed = new Pkcs10CertificateRequest(request);
  if (!(await parsed.verify())) throw new Error("unable to verify certificate request signature");
  return parsed;
}

/** End of a certificate's validity; undefined for what is none. */
export function endOfCertificate(certificate: string): number | undefined {
  try {
    return new X509Certificate(certificate).validToDate.getTime();
  } catch {
    // Whatever stands there is no certificate, and that is the answer.
    return undefined;
  }
}

/** Bits of the key usage extension (RFC 5280 4.2.1.3). */
const keyUsages: Readonly<Record<string, number>> = {
  signing: 0,
  "digital signature": 0,
  "content commitment": 1,
  "key encipherment": 2,
  "data encipherment": 3,
  "key agreement": 4,
  "cert sign": 5,
  "crl sign": 6,
  "encipher only": 7,
  "decipher only": 8,
};
/** In the order in which upstream writes them. */
const extendedKeyUsages: readonly (readonly [string, string])[] = [
  ["any", "2.5.29.37.0"],
  ["server auth", "1.3.6.1.5.5.7.3.1"],
  ["client auth", "1.3.6.1.5.5.7.3.2"],
  ["code signing", "1.3.6.1.5.5.7.3.3"],
  ["email protection", "1.3.6.1.5.5.7.3.4"],
  ["s/mime", "1.3.6.1.5.5.7.3.4"],
  ["ipsec end system", "1.3.6.1.5.5.7.3.5"],
  ["ipsec tunnel", "1.3.6.1.5.5.7.3.6"],
  ["ipsec user", "1.3.6.1.5.5.7.3.7"],
  ["timestamping", "1.3.6.1.5.5.7.3.8"],
  ["ocsp signing", "1.3.6.1.5.5.7.3.9"],
  ["microsoft sgc", "1.3.6.1.4.1.311.10.3.3"],
  ["netscape sgc", "2.16.840.1.113730.4.1"],
];

const backdateMs = 300_000;
/** Certificates of a shorter life end when they were asked to, whatever their backdated begin. */
const shortMs = 8 * 3_600_000;

export interface SignOptions {
  readonly request: string;
  readonly usages: readonly string[];
  readonly lifeMs: number;
  readonly nowMs: number;
  readonly rng: Rng;
}

/** PEM of a certificate for the request's key, subject and alternative names; nothing else of the request counts. */
export async function signRequest(authority: KeyPair, options: SignOptions): Promise<string> {
  const { usages, lifeMs, nowMs, rng } = options;
  const unknown = usages.filter((each) => !(each in keyUsages) && !extendedKeyUsages.some(([name]) => name === each));
  if (unknown.length > 0)
    throw new Error(`unrecognized usage values: [${unknown.map((each) => `"${each}"`).join(" ")}]`);
  const endMs = new X509Certificate(authority.cert).validToDate.getTime();
  if (nowMs >= endMs)
    throw new Error(
      `refusing to sign a certificate that expired in the past: NotAfter=${new Date(endMs).toISOString()}`,
    );
  const parsed = await parse(options.request);
  const alternatives = parsed.getExtension(alternativeNames);
  return certifyFor(
    authority,
    {
      subject: new Uint8Array(parsed.subjectName.toArrayBuffer()),
      publicKey: createPublicKey({ key: Buffer.from(parsed.publicKey.rawData), format: "der", type: "spki" }),
      keyUsageBits: [...new Set(usages.flatMap((each) => keyUsages[each] ?? []))],
      extendedKeyUsages: [
        ...new Set(extendedKeyUsages.filter(([name]) => usages.includes(name)).map(([, identifier]) => identifier)),
      ],
      ...(alternatives === null ? {} : { subjectAltName: new Uint8Array(alternatives.value) }),
      validFromMs: nowMs - backdateMs,
      validToMs: Math.min(endMs, nowMs + lifeMs - (lifeMs < shortMs ? 0 : backdateMs)),
    },
    rng,
  );
}

export interface RequestedNames {
  readonly commonName: string;
  readonly organization: string;
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
}

/** A request for an EC P-256 private key (PKCS#8 PEM). */
export async function makeRequest(key: string, subject: RequestedNames): Promise<string> {
  const { Pkcs10CertificateRequestGenerator, SubjectAlternativeNameExtension } = await library();
  const names = [
    ...(subject.dnsNames ?? []).map((value) => ({ type: "dns" as const, value })),
    ...(subject.ipAddresses ?? []).map((value) => ({ type: "ip" as const, value })),
  ];
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const own = createPrivateKey(key);
  const bytes = (from: Buffer): Uint8Array<ArrayBuffer> => Uint8Array.from(from);
  const [privateKey, publicKey] = await Promise.all([
    crypto.subtle.importKey("pkcs8", bytes(own.export({ type: "pkcs8", format: "der" })), algorithm, false, ["sign"]),
    crypto.subtle.importKey(
      "spki",
      bytes(createPublicKey(own).export({ type: "spki", format: "der" })),
      algorithm,
      true,
      ["verify"],
    ),
  ]);
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: [{ O: [subject.organization] }, { CN: [subject.commonName] }],
    keys: { privateKey, publicKey },
    signingAlgorithm: algorithm,
    ...(names.length === 0 ? {} : { extensions: [new SubjectAlternativeNameExtension(names)] }),
  });
  return request.toString("pem");
}
