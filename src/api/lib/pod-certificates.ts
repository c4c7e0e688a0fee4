// What requests for certificates of pods and the volumes that ask for them have in common.
// Upstream: ValidateUserAnnotations and the bounds of pkg/apis/certificates.
import { field, utf8Length } from "../../machinery/index.ts";
import { labelKey } from "./metadata.ts";
import type { Check } from "./validate.ts";

const mostAnnotationBytes = 256 * 1024;
const longestSeconds = 91 * 24 * 60 * 60;
const longestOwnSeconds = 24 * 60 * 60;
export const shortestSeconds = 60 * 60;

const isOwnSigner = (signerName: string): boolean => /(^|\.)kubernetes\.io$/.test(signerName.split("/", 1)[0] ?? "");

/** How long a certificate of this signer may live. */
export const mostSeconds = (signerName: string): number =>
  isOwnSigner(signerName) ? longestOwnSeconds : longestSeconds;

export const userAnnotations: Check<Readonly<Record<string, string>>> = (map, path, found) => {
  for (const given of Object.keys(map).sort()) {
    const key = given.toLowerCase();
    const before = found.length;
    if (key === "") found.push(field.required(path));
    else labelKey(key, path, found);
    if (found.length === before && !key.includes("/"))
      found.push(field.invalid(path, key, 'must be a domain-prefixed key (such as "acme.io/foo")'));
  }
  const size = Object.entries(map).reduce((sum, [key, value]) => sum + utf8Length(key) + utf8Length(value), 0);
  if (size > mostAnnotationBytes) found.push(field.tooLong(path, mostAnnotationBytes));
};
