// PEM blocks with certificates and certificate requests. Of a certificate the outer form is looked at, a request is looked through.
// Upstream: ParseCSR and validateCertificate in pkg/apis/certificates.
import { DerError, derFields, tags } from "../../lib/formats/der.ts";
import { decoded, pemBlocks } from "../../lib/formats/pem.ts";
import { signatureProblem } from "./signature.ts";

/** What is wrong with a request, as upstream says it; undefined when it is one and signed by its own key. */
export async function requestProblem(request: string | undefined | null): Promise<string | undefined> {
  const [block] = pemBlocks(decoded(request) ?? "");
  if (block?.type !== "CERTIFICATE REQUEST") return "PEM block type must be CERTIFICATE REQUEST";
  return signatureProblem(block.bytes);
}

function isSequence(bytes: Uint8Array): boolean {
  try {
    derFields(bytes).next(tags.sequence, "certificate");
    return true;
  } catch (error) {
    if (error instanceof DerError) return false;
    throw error;
  }
}

/** What is wrong with a signed chain. */
export function certificateProblem(certificate: string | undefined | null): string | undefined {
  if (!certificate) return undefined;
  const blocks = pemBlocks(decoded(certificate) ?? "");
  for (const { type, headers, bytes } of blocks) {
    if (type !== "CERTIFICATE") return `only CERTIFICATE PEM blocks are allowed, found ${JSON.stringify(type)}`;
    if (headers) return "no PEM block headers are permitted";
    if (bytes.length === 0) return "found CERTIFICATE PEM block containing 0 certificates";
    if (!isSequence(bytes)) return "x509: malformed certificate";
  }
  return blocks.length === 0 ? "must contain at least one CERTIFICATE PEM block" : undefined;
}
