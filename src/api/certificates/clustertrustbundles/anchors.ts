// The certificates of a trust bundle, as far as upstream judges them. Loaded with the X.509 library when the first bundle is
// written.
import "reflect-metadata";
import { BasicConstraintsExtension, X509Certificate } from "@peculiar/x509";

/** What is wrong with a certificate as a root: the end of upstream's sentence about it. */
export function anchorProblem(der: Uint8Array): string | undefined {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(Uint8Array.from(der));
  } catch {
    // The library says in many ways that it cannot read it.
    return "does not parse as X.509";
  }
  return certificate.getExtension(BasicConstraintsExtension)?.ca === true ? undefined : "does not have the CA bit set";
}
