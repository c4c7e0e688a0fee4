// PEM blocks with certificates and certificate requests, as far as their outer form goes: that keys and signatures are right is
// the signer's to check. Upstream: ParseCSR and validateCertificate in pkg/apis/certificates.
import { decoded, pemBlocks } from "../../lib/pem.ts";

/** Length of the DER value at `at` with its head; or what Go's decoder says of the head. */
function derLength(bytes: Uint8Array, at: number): number | "truncated tag or length" | "data truncated" {
  const first = bytes[at + 1];
  if (first === undefined) return "truncated tag or length";
  let [length, head] = [first, 2];
  if (first >= 0x80) {
    head += first & 0x7f;
    length = 0;
    for (let index = at + 2; index < at + head; index++) {
      const byte = bytes[index];
      if (byte === undefined) return "truncated tag or length";
      length = length * 256 + byte;
    }
  }
  return at + head + length > bytes.length ? "data truncated" : head + length;
}

/** What is wrong with a request, as upstream says it; undefined when nothing is. */
export function requestProblem(request: string | undefined | null): string | undefined {
  const [block] = pemBlocks(decoded(request) ?? "");
  if (block?.type !== "CERTIFICATE REQUEST") return "PEM block type must be CERTIFICATE REQUEST";
  const length = derLength(block.bytes, 0);
  if (typeof length === "string") return `asn1: syntax error: ${length}`;
  return length < block.bytes.length ? "asn1: syntax error: trailing data" : undefined;
}

/** The same of a signed chain. */
export function certificateProblem(certificate: string | undefined | null): string | undefined {
  if (!certificate) return undefined;
  const blocks = pemBlocks(decoded(certificate) ?? "");
  for (const { type, headers, bytes } of blocks) {
    if (type !== "CERTIFICATE") return `only CERTIFICATE PEM blocks are allowed, found ${JSON.stringify(type)}`;
    if (headers) return "no PEM block headers are permitted";
    if (bytes.length === 0) return "found CERTIFICATE PEM block containing 0 certificates";
    if (bytes[0] !== 0x30 || typeof derLength(bytes, 0) === "string") return "x509: malformed certificate";
  }
  return blocks.length === 0 ? "must contain at least one CERTIFICATE PEM block" : undefined;
}
