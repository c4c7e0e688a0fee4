// Whether a certificate request (PKCS#10, RFC 2986) is signed by the key in it. Upstream: crypto/x509 ParseCertificateRequest and
// CheckSignature, whose words clients see. Curve P-224 is not known to the web's cryptography and counts as unimplemented.
import {
  bitStringBytes,
  DerError,
  type DerValue,
  derChildren,
  derFields,
  derItems,
  identifierText,
  tags,
} from "../../lib/formats/der.ts";

type KeyKind = "RSA" | "ECDSA" | "Ed25519";
type Hash = "SHA-1" | "SHA-256" | "SHA-384" | "SHA-512";

interface SignatureAlgorithm {
  readonly key: KeyKind;
  readonly hash?: Hash;
  readonly pss?: true;
}

const algorithms: Readonly<Record<string, SignatureAlgorithm>> = {
  "1.2.840.113549.1.1.5": { key: "RSA", hash: "SHA-1" },
  "1.3.14.3.2.29": { key: "RSA", hash: "SHA-1" },
  "1.2.840.113549.1.1.11": { key: "RSA", hash: "SHA-256" },
  "1.2.840.113549.1.1.12": { key: "RSA", hash: "SHA-384" },
  "1.2.840.113549.1.1.13": { key: "RSA", hash: "SHA-512" },
  "1.2.840.10045.4.1": { key: "ECDSA", hash: "SHA-1" },
  "1.2.840.10045.4.3.2": { key: "ECDSA", hash: "SHA-256" },
  "1.2.840.10045.4.3.3": { key: "ECDSA", hash: "SHA-384" },
  "1.2.840.10045.4.3.4": { key: "ECDSA", hash: "SHA-512" },
  "1.3.101.112": { key: "Ed25519" },
};
const pss = "1.2.840.113549.1.1.10";
const md5WithRsa = "1.2.840.113549.1.1.4";
const hashes: Readonly<Record<string, Hash>> = {
  "2.16.840.1.101.3.4.2.1": "SHA-256",
  "2.16.840.1.101.3.4.2.2": "SHA-384",
  "2.16.840.1.101.3.4.2.3": "SHA-512",
};
const hashBytes: Readonly<Record<Hash, number>> = { "SHA-1": 20, "SHA-256": 32, "SHA-384": 48, "SHA-512": 64 };
const keys: Readonly<Record<string, KeyKind>> = {
  "1.2.840.113549.1.1.1": "RSA",
  "1.2.840.10045.2.1": "ECDSA",
  "1.3.101.112": "Ed25519",
};
const goTypes: Readonly<Record<KeyKind, string>> = {
  RSA: "*rsa.PublicKey",
  ECDSA: "*ecdsa.PublicKey",
  Ed25519: "ed25519.PublicKey",
};
/** Of a curve: its name and the bytes of a coordinate. */
const curves: Readonly<Record<string, readonly [string, number]>> = {
  "1.2.840.10045.3.1.7": ["P-256", 32],
  "1.3.132.0.34": ["P-384", 48],
  "1.3.132.0.35": ["P-521", 66],
};
const smallCurve = "1.3.132.0.33";
const shortestRsaBits = 1024;
const unimplemented = "x509: cannot verify signature: algorithm unimplemented";

interface Parsed {
  /** What the signature is about. */
  readonly signed: Uint8Array;
  readonly by: SignatureAlgorithm | "MD5-RSA" | undefined;
  readonly signature: Uint8Array;
  readonly key: PublicKey;
}

interface PublicKey {
  readonly kind: KeyKind | undefined;
  readonly curve: string | undefined;
  /** The key as it stands in the request: SubjectPublicKeyInfo. */
  readonly spki: Uint8Array<ArrayBuffer>;
  /** What is in its bit string. */
  readonly bytes: Uint8Array;
}

/** Throws DerError. */
function parse(der: Uint8Array): Parsed {
  const outer = derFields(der);
  const request = outer.next(tags.sequence, "certificateRequest");
  const parts = derFields(request.content);
  const info = parts.next(tags.sequence, "tbsCertificateRequest");
  const fields = derFields(info.content);
  fields.next(tags.integer, "int");
  const subject = fields.any();
  const key = publicKeyOf(fields.next(tags.sequence, "publicKeyInfo"));
  const by = algorithmOf(parts.next(tags.sequence, "AlgorithmIdentifier"));
  const signature = bitStringBytes(parts.next(tags.bitString, "BitString"));
  if (!outer.atEnd) throw new DerError("asn1: syntax error: trailing data");
  const names = derFields(subject.whole).next(tags.sequence, "RDNSequence");
  for (const name of derItems(names, tags.set))
    for (const { content } of derItems(name, tags.sequence))
      derFields(content).next(tags.identifier, "ObjectIdentifier");
  return { signed: info.whole, by, signature, key };
}

function publicKeyOf({ content, whole }: DerValue): PublicKey {
  const fields = derFields(content);
  const algorithm = derFields(fields.next(tags.sequence, "AlgorithmIdentifier").content);
  const kind = keys[identifierText(algorithm.next(tags.identifier, "ObjectIdentifier"))];
  const parameters = algorithm.atEnd ? undefined : algorithm.any();
  const bytes = bitStringBytes(fields.next(tags.bitString, "BitString"));
  const curve = parameters?.tag === tags.identifier ? identifierText(parameters) : undefined;
  return { kind, curve, spki: Uint8Array.from(whole), bytes };
}

function algorithmOf({ content }: DerValue): SignatureAlgorithm | "MD5-RSA" | undefined {
  const fields = derFields(content);
  const identifier = identifierText(fields.next(tags.identifier, "ObjectIdentifier"));
  if (identifier === md5WithRsa) return "MD5-RSA";
  if (identifier !== pss) return algorithms[identifier];
  const hash = fields.atEnd ? undefined : pssHash(fields.any());
  return hash === undefined ? undefined : { key: "RSA", hash, pss: true };
}

/** Go takes PSS in three forms only: one hash for all, a salt of its length, the usual trailer. */
function pssHash(parameters: DerValue): Hash | undefined {
  const parts = new Map(derChildren(parameters).map((part) => [part.tag & 0x1f, derChildren(part)[0]]));
  const [hash, mask, salt] = [parts.get(0), parts.get(1), parts.get(2)];
  if (hash === undefined || mask === undefined || salt === undefined || parts.has(3)) return undefined;
  const nameOf = (algorithm: DerValue | undefined): Hash | undefined => {
    const name = algorithm === undefined ? undefined : derChildren(algorithm)[0];
    return name === undefined ? undefined : hashes[identifierText(name)];
  };
  const wanted = nameOf(hash);
  if (wanted === undefined || nameOf(derChildren(mask)[1]) !== wanted) return undefined;
  return salt.content.length === 1 && salt.content[0] === hashBytes[wanted] ? wanted : undefined;
}

const paddedTo = (length: number, { content }: DerValue): Uint8Array | undefined => {
  let start = 0;
  while (start < content.length - 1 && content[start] === 0) start++;
  const number = content.subarray(start);
  if (number.length > length) return undefined;
  const padded = new Uint8Array(length);
  padded.set(number, length - number.length);
  return padded;
};

/** The two numbers of an ECDSA signature side by side, as the web's cryptography wants them. */
function rawSignature(der: Uint8Array, length: number): Uint8Array<ArrayBuffer> | undefined {
  try {
    const numbers = derFields(derFields(der).next(tags.sequence, "signature").content);
    const left = paddedTo(length, numbers.next(tags.integer, "Int"));
    const right = paddedTo(length, numbers.next(tags.integer, "Int"));
    return left && right && Uint8Array.from([...left, ...right]);
  } catch (error) {
    if (error instanceof DerError) return undefined;
    throw error;
  }
}

function rsaBits(key: Uint8Array): number {
  const numbers = derFields(derFields(key).next(tags.sequence, "pkcs1PublicKey").content);
  const modulus = numbers.next(tags.integer, "Int").content;
  const start = modulus.findIndex((byte) => byte !== 0);
  return start < 0 ? 0 : (modulus.length - start) * 8 - Math.clz32(modulus[start]!) + 24;
}

type Import = RsaHashedImportParams | EcKeyImportParams | { readonly name: "Ed25519" };

/** Throws DerError for bytes that are no key of their kind. */
async function importKey({ spki, bytes }: PublicKey, as: Import): Promise<CryptoKey> {
  try {
    return await crypto.subtle.importKey("spki", spki, as, false, ["verify"]);
  } catch (error) {
    // The web's cryptography says nothing of what it dislikes.
    const what = !("namedCurve" in as)
      ? "x509: invalid public key"
      : bytes[0] === 4
        ? `${as.namedCurve.replace("-", "")} point not on curve`
        : "ecdsa: invalid uncompressed public key";
    throw new DerError(what, { cause: error });
  }
}

function checkCurve({ kind, curve }: PublicKey): void {
  if (kind !== "ECDSA") return;
  if (curve === undefined) throw new DerError("x509: invalid ECDSA parameters");
  if (!(curve in curves) && curve !== smallCurve) throw new DerError("x509: unsupported elliptic curve");
}

/** What is wrong with the signature; throws DerError when the key can not be read. */
async function check(request: Parsed): Promise<string | undefined> {
  const { by, key } = request;
  const { kind, curve } = key;
  checkCurve(key);
  if (by === "MD5-RSA") return "x509: cannot verify signature: insecure algorithm MD5-RSA";
  if (by === undefined || kind === undefined || (kind === "ECDSA" && curve === smallCurve)) return unimplemented;
  if (by.key !== kind)
    return `x509: signature algorithm specifies an ${by.key} public key, but have public key of type ${goTypes[kind]}`;
  switch (kind) {
    case "RSA":
      return checkRsa(request, by);
    case "ECDSA":
      return checkEcdsa(request, by);
    case "Ed25519": {
      const imported = await importKey(key, { name: kind });
      return (await verify(request, imported, { name: kind })) ? undefined : "x509: Ed25519 verification failure";
    }
  }
}

const verify = (
  { signed, signature }: Pick<Parsed, "signed" | "signature">,
  key: CryptoKey,
  how: AlgorithmIdentifier | RsaPssParams | EcdsaParams,
): Promise<boolean> => crypto.subtle.verify(how, key, Uint8Array.from(signature), Uint8Array.from(signed));

async function checkRsa(request: Parsed, by: SignatureAlgorithm): Promise<string | undefined> {
  const bits = rsaBits(request.key.bytes);
  if (bits < shortestRsaBits)
    return `crypto/rsa: ${bits}-bit keys are insecure (see https://go.dev/pkg/crypto/rsa#hdr-Minimum_key_size)`;
  const hash = by.hash!;
  const name = by.pss === true ? "RSA-PSS" : "RSASSA-PKCS1-v1_5";
  const imported = await importKey(request.key, { name, hash });
  const good = await verify(request, imported, by.pss === true ? { name, saltLength: hashBytes[hash] } : name);
  return good ? undefined : "crypto/rsa: verification error";
}

async function checkEcdsa(request: Parsed, by: SignatureAlgorithm): Promise<string | undefined> {
  const [namedCurve, length] = curves[request.key.curve!]!;
  const imported = await importKey(request.key, { name: "ECDSA", namedCurve });
  const signature = rawSignature(request.signature, length);
  const good =
    signature !== undefined &&
    (await verify({ ...request, signature }, imported, { name: "ECDSA", hash: by.hash! } satisfies EcdsaParams));
  return good ? undefined : "x509: ECDSA verification failure";
}

/** What is wrong with a request's DER or its signature, in Go's words; undefined when it is signed by its own key. */
export async function signatureProblem(der: Uint8Array): Promise<string | undefined> {
  try {
    return await check(parse(der));
  } catch (error) {
    if (error instanceof DerError) return error.message;
    throw error;
  }
}

/** A public key as rules about keys see it. */
export interface KeyFacts {
  /** Undefined for a kind that Go's library does not know. */
  readonly kind: KeyKind | undefined;
  /** Of an ECDSA key: `P-256`. */
  readonly curve: string;
  /** Of an RSA key's modulus, in whole bytes. */
  readonly bits: number;
  /** SubjectPublicKeyInfo. */
  readonly spki: Uint8Array;
}

const factsOf = (key: PublicKey): KeyFacts => {
  checkCurve(key);
  const curve = key.curve === smallCurve ? "P-224" : (curves[key.curve ?? ""]?.[0] ?? "");
  const bits = key.kind === "RSA" ? Math.ceil(rsaBits(key.bytes) / 8) * 8 : 0;
  return { kind: key.kind, curve: key.kind === "ECDSA" ? curve : "", bits, spki: key.spki };
};

/** Undefined for bytes that are no request. */
export async function requestFacts(der: Uint8Array): Promise<{ key: KeyFacts; isSigned: boolean } | undefined> {
  try {
    const request = parse(der);
    return { key: factsOf(request.key), isSigned: (await check(request)) === undefined };
  } catch (error) {
    if (error instanceof DerError) return undefined;
    throw error;
  }
}

/** Of SubjectPublicKeyInfo; undefined for bytes that are none. */
export function keyFacts(der: Uint8Array): KeyFacts | undefined {
  try {
    const outer = derFields(der);
    const key = publicKeyOf(outer.next(tags.sequence, "publicKeyInfo"));
    return outer.atEnd && key.kind !== undefined ? factsOf(key) : undefined;
  } catch (error) {
    if (error instanceof DerError) return undefined;
    throw error;
  }
}

/** Whether the key has signed the text: SHA-256 with ECDSA or RSASSA-PSS of any usual salt, Ed25519. */
export async function isProof(der: Uint8Array, text: string, signature: Uint8Array): Promise<boolean> {
  const key = publicKeyOf(derFields(der).next(tags.sequence, "publicKeyInfo"));
  const signed = new TextEncoder().encode(text);
  try {
    if (key.kind === "Ed25519") {
      const imported = await importKey(key, { name: key.kind });
      return await verify({ signed, signature }, imported, { name: key.kind });
    }
    if (key.kind === "ECDSA") return (await checkEcdsa({ signed, signature, key, by: sha256 }, sha256)) === undefined;
    const imported = await importKey(key, { name: "RSA-PSS", hash: "SHA-256" });
    const longest = Math.ceil((rsaBits(key.bytes) - 1) / 8) - hashBytes["SHA-256"] - 2;
    for (const saltLength of [longest, hashBytes["SHA-256"], 20, 0])
      if (await verify({ signed, signature }, imported, { name: "RSA-PSS", saltLength })) return true;
    return false;
  } catch (error) {
    if (error instanceof DerError) return false;
    throw error;
  }
}

const sha256: SignatureAlgorithm = { key: "ECDSA", hash: "SHA-256" };
