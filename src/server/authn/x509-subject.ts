// Reads the subject of a certificate or of a certificate request from its DER bytes; the text forms that libraries make are
// ambiguous where values hold separators. A reader for what others have parsed and verified before, not a validator.

export interface X509Subject {
  /** The last of several, as in Go's pkix.Name. */
  readonly commonName: string;
  readonly organizations: readonly string[];
  /** KEP-3257's 1.3.6.1.4.1.57683.2. */
  readonly uid?: string;
}

const oids = { commonName: "550403", organization: "55040a", uid: "2b0601040183c25302" };

/** X.509 v3: Certificate → TBSCertificate → [version] serial algorithm issuer validity subject. */
export function certificateSubject(raw: Uint8Array): X509Subject {
  const body = childrenOf(raw, childrenOf(raw, elementAt(raw, 0))[0]!);
  const first = body[0]!.tag === 0xa0 ? 1 : 0;
  return readName(raw, body[first + 4]!);
}

/** PKCS #10: CertificationRequest → CertificationRequestInfo → version subject. */
export function requestSubject(raw: Uint8Array): X509Subject {
  const body = childrenOf(raw, childrenOf(raw, elementAt(raw, 0))[0]!);
  return readName(raw, body[1]!);
}

function readName(raw: Uint8Array, name: Element): X509Subject {
  let commonName = "";
  let uid: string | undefined;
  const organizations: string[] = [];
  for (const relativeName of childrenOf(raw, name))
    for (const attribute of childrenOf(raw, relativeName)) {
      const [id, value] = childrenOf(raw, attribute) as [Element, Element];
      const key = hexOf(raw.subarray(id.start, id.end));
      const text = textOf(value.tag, raw.subarray(value.start, value.end));
      if (key === oids.commonName) commonName = text;
      else if (key === oids.organization) organizations.push(text);
      else if (key === oids.uid) uid = text;
    }
  return { commonName, organizations, ...(uid === undefined ? {} : { uid }) };
}

/** A DER element: its tag and where its content lies. */
interface Element {
  readonly tag: number;
  readonly start: number;
  readonly end: number;
}

function elementAt(raw: Uint8Array, at: number): Element {
  const tag = raw[at];
  const first = raw[at + 1];
  if (tag === undefined || first === undefined) throw new RangeError("the DER bytes end in the middle of an element");
  let start = at + 2;
  let length = first;
  if (first >= 0x80) {
    start += first & 0x7f;
    length = 0;
    for (let index = at + 2; index < start; index++) length = length * 256 + (raw[index] ?? 0);
  }
  if (start + length > raw.length) throw new RangeError("a DER element is longer than the bytes that hold it");
  return { tag, start, end: start + length };
}

function childrenOf(raw: Uint8Array, parent: Element): Element[] {
  const children: Element[] = [];
  for (let at = parent.start; at < parent.end; at = children.at(-1)!.end) children.push(elementAt(raw, at));
  return children;
}

const hexOf = (bytes: Uint8Array): string =>
  bytes.reduce((text, byte) => text + byte.toString(16).padStart(2, "0"), "");

const decoders: Readonly<Record<number, string>> = { 30: "utf-16be", 20: "latin1" };
const textOf = (tag: number, bytes: Uint8Array): string => new TextDecoder(decoders[tag] ?? "utf-8").decode(bytes);
