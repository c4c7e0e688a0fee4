// Names of signers of certificates: a domain and a path; and of the trust bundles of a signer. Upstream: ValidateSignerName,
// ValidateClusterTrustBundleName.
import { dns1123Label, dns1123Subdomain, field, utf8Length } from "../../machinery/index.ts";
import type { Check } from "./validate.ts";

const longestDomain = 253;
const longestSigner = 253 + 253 + 63 + 1 + 1;

export const signer: Check<string> = (name, at, found) => {
  if (name === "") {
    found.push(field.required(at));
    return;
  }
  const [domain = "", path = "", ...more] = name.split("/");
  if (!name.includes("/") || more.length > 0) {
    found.push(
      field.invalid(at, name, "must be a fully qualified domain and path of the form 'example.com/signer-name'"),
    );
    return;
  }
  if (utf8Length(domain) > longestDomain) found.push(field.tooLong(at, longestDomain));
  const labels = domain.split(".");
  const judge = (parts: readonly string[], whole: string, check: (part: string) => string[]): void => {
    const wrong = parts.find((part) => check(part).length > 0);
    if (wrong === undefined) return;
    for (const text of check(wrong))
      found.push(field.invalid(at, whole, `validating label ${JSON.stringify(wrong)}: ${text}`));
  };
  judge(labels, domain, dns1123Label);
  if (labels.length < 2)
    found.push(field.invalid(at, domain, "should be a domain with at least two segments separated by dots"));
  judge(path.split("."), path, dns1123Subdomain);
  if (utf8Length(name) > longestSigner) found.push(field.tooLong(at, longestSigner));
};

/** What is wrong with the name of a ClusterTrustBundle of this signer; "" for none. */
export function trustBundleName(name: string, signerName: string): string[] {
  if (signerName === "")
    return name.includes(":")
      ? ['ClusterTrustBundle without signer name must not have ":" in its name']
      : dns1123Subdomain(name);
  const prefix = `${signerName.replaceAll("/", ":")}:`;
  return name.startsWith(prefix)
    ? dns1123Subdomain(name.slice(prefix.length))
    : [`ClusterTrustBundle for signerName ${signerName} must be named with prefix ${prefix}`];
}
