// A key of the asked kind and a PKCS#10 request that proves it, without a subject (RFC 2986). Upstream: generateKeyAndProof.

interface KeyKind {
  readonly algorithm: RsaHashedKeyGenParams | EcKeyGenParams | Algorithm;
  readonly hash?: string;
  /** AlgorithmIdentifier of the signature, as DER. */
  readonly signature: readonly number[];
}

export interface KeyAndRequest {
  /** PKCS #8 in base64. */
  readonly key: string;
  /** DER in base64. */
  readonly request: string;
}

const rsa = (modulusLength: number): KeyKind => ({
  algorithm: {
    name: "RSASSA-PKCS1-v1_5",
    modulusLength,
    publicExponent: new Uint8Array([1, 0, 1]),
    hash: "SHA-256",
  },
  signature: [0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 1, 11, 5, 0],
});
const ecdsa = (bits: string, hashBits: string, variant: number): KeyKind => ({
  algorithm: { name: "ECDSA", namedCurve: `P-${bits}` },
  hash: `SHA-${hashBits}`,
  signature: [0x30, 10, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, variant],
});

const kinds: ReadonlyMap<string, KeyKind> = new Map([
  ["RSA3072", rsa(3072)],
  ["RSA4096", rsa(4096)],
  ["ECDSAP256", ecdsa("256", "256", 2)],
  ["ECDSAP384", ecdsa("384", "384", 3)],
  ["ECDSAP521", ecdsa("521", "512", 4)],
  ["ED25519", { algorithm: { name: "Ed25519" }, signature: [0x30, 5, 6, 3, 0x2b, 0x65, 0x70] }],
]);

export async function keyAndRequest(keyType: string): Promise<KeyAndRequest> {
  const kind = kinds.get(keyType);
  if (kind === undefined) throw new Error(`unknown key type ${JSON.stringify(keyType)}`);
  const { subtle } = globalThis.crypto;
  const pair = (await subtle.generateKey(kind.algorithm, true, ["sign", "verify"])) as CryptoKeyPair;
  const exported = async (format: "pkcs8" | "spki", key: CryptoKey): Promise<Uint8Array> =>
    new Uint8Array(await subtle.exportKey(format, key));
  const info = element(0x30, [
    new Uint8Array([2, 1, 0]),
    element(0x30, []),
    await exported("spki", pair.publicKey),
    element(0xa0, []),
  ]);
  const { name } = kind.algorithm;
  const raw = new Uint8Array(
    await subtle.sign({ name, ...(kind.hash === undefined ? {} : { hash: kind.hash }) }, pair.privateKey, info),
  );
  const signature = name === "ECDSA" ? ecdsaSignature(raw) : raw;
  const request = element(0x30, [
    info,
    new Uint8Array(kind.signature),
    element(0x03, [new Uint8Array([0]), signature]),
  ]);
  return { key: toBase64(await exported("pkcs8", pair.privateKey)), request: toBase64(request) };
}

/** One DER element around others. */
function element(tag: number, parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const head = [tag, ...lengthOf(length)];
  const bytes = new Uint8Array(head.length + length);
  bytes.set(head);
  let at = head.length;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

const lengthOf = (length: number): number[] =>
  length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];

/** WebCrypto says both numbers in full; DER says each as short as it is. */
function ecdsaSignature(raw: Uint8Array): Uint8Array {
  const half = raw.length / 2;
  return element(0x30, [integer(raw.subarray(0, half)), integer(raw.subarray(half))]);
}

function integer(bytes: Uint8Array): Uint8Array {
  let from = 0;
  while (from < bytes.length - 1 && bytes[from] === 0) from++;
  const value = bytes.subarray(from);
  return element(2, value[0]! >= 0x80 ? [new Uint8Array([0]), value] : [value]);
}

const toBase64 = (bytes: Uint8Array): string => btoa(String.fromCharCode(...bytes));
