// Chains of issued certificates, as far as upstream judges them. Loaded with the X.509 library when the first is written.
import "reflect-metadata";
import { SubjectAlternativeNameExtension, X509Certificate } from "@peculiar/x509";
import { pemBlocks } from "../../lib/formats/pem.ts";

export interface Leaf {
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly spki: Uint8Array;
  readonly dnsNames: readonly string[];
  readonly emailAddresses: readonly string[];
}

export type Chain =
  | { readonly leaf: Leaf; readonly rest: readonly string[] }
  /** What is wrong with its first block. */
  | { readonly problem: string };

/** `rest`: what is wrong with the certificates behind the leaf. */
export function readChain(text: string): Chain {
  const [first, ...more] = pemBlocks(text);
  if (first === undefined) return { problem: "issued certificate chain must contain at least one certificate" };
  if (first.type !== "CERTIFICATE")
    return { problem: "issued certificate chain must consist entirely of CERTIFICATE PEM blocks" };
  const leaf = certificate(first.bytes);
  if (leaf === undefined) return { problem: "leaf certificate does not parse as valid X.509" };
  const names = leaf.getExtension(SubjectAlternativeNameExtension)?.names.items ?? [];
  const ofType = (type: string): string[] => names.filter((each) => each.type === type).map(({ value }) => value);
  const wrong = more.find(({ type, bytes }) => type !== "CERTIFICATE" || certificate(bytes) === undefined);
  return {
    leaf: {
      notBeforeMs: leaf.notBefore.getTime(),
      notAfterMs: leaf.notAfter.getTime(),
      spki: new Uint8Array(leaf.publicKey.rawData),
      dnsNames: ofType("dns"),
      emailAddresses: ofType("email"),
    },
    rest:
      wrong === undefined
        ? []
        : [
            wrong.type === "CERTIFICATE"
              ? "intermediate certificate does not parse as valid X.509"
              : "issued certificate chain must consist entirely of CERTFICATE PEM blocks",
          ],
  };
}

function certificate(der: Uint8Array): X509Certificate | undefined {
  try {
    return new X509Certificate(Uint8Array.from(der));
  } catch {
    return undefined; // The library says in many ways that it cannot read it.
  }
}
