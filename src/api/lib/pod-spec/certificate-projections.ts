// Trust bundles and certificates of pods as sources of a projected volume. Upstream: validateProjectionSources in
// pkg/apis/core/validation.
import type { VolumeProjection } from "../../../../facts/types/core.v1.ts";
import { field } from "../../../machinery/index.ts";
import { internalForm } from "../internal-form.ts";
import { unreservedPath } from "../paths.ts";
import { mostSeconds, shortestSeconds, userAnnotations } from "../pod-certificates.ts";
import { labelSelector } from "../selector-rules.ts";
import { signer, trustBundleName } from "../signer-name.ts";
import { type Check, child, type Findings } from "../validate.ts";

/** Notes a file of the volume and reports the second one of the same path. */
export type Claim = (path: string, found: Findings) => void;

type TrustBundle = NonNullable<VolumeProjection["clusterTrustBundle"]>;
type Certificate = NonNullable<VolumeProjection["podCertificate"]>;

const keyTypes = ["RSA3072", "RSA4096", "ECDSAP256", "ECDSAP384", "ECDSAP521", "ED25519"];

/** A name with a colon is one of a signer's bundles. */
const signerOfBundle = (name: string): string => {
  const colon = name.lastIndexOf(":");
  return colon < 0 ? "" : name.slice(0, colon).replaceAll(":", "/");
};

const named: Check<TrustBundle> = ({ name = "", labelSelector: selector }, at, found) => {
  const path = child(at, "name");
  if (name === "") found.push(field.required(path, "must be a valid object name"));
  for (const text of trustBundleName(name, signerOfBundle(name)))
    found.push(field.invalid(path, name, `not a valid clustertrustbundlename: ${text}`));
  if (selector !== undefined)
    found.push(field.invalid(child(at, "labelSelector"), selector, "labelSelector must be unset if name is specified"));
};

const selected: Check<TrustBundle> = ({ signerName = "", labelSelector: selector }, at, found) => {
  const path = child(at, "signerName");
  if (signerName === "") found.push(field.required(path, "must be a valid signer name"));
  signer(signerName, path, found);
  labelSelector(selector, child(at, "labelSelector"), found);
};

export const trustBundle =
  (claim: Claim): Check<TrustBundle> =>
  (source, at, found) => {
    const { name, signerName, path = "" } = source;
    if (name !== undefined && signerName !== undefined)
      found.push(
        field.invalid(
          at,
          internalForm("core.ClusterTrustBundleProjection", source),
          "only one of name and signerName may be used",
        ),
      );
    else if (name !== undefined) named(source, at, found);
    else if (signerName !== undefined) selected(source, at, found);
    else found.push(field.required(at, "either name or signerName must be specified"));
    if (path === "") found.push(field.required(child(at, "path")));
    unreservedPath(path, child(at, "path"), found);
    claim(path, found);
  };

const lifetime: Check<Certificate> = ({ signerName = "", maxExpirationSeconds: seconds }, at, found) => {
  if (seconds === undefined) return;
  const path = child(at, "maxExpirationSeconds");
  const most = mostSeconds(signerName);
  if (seconds < shortestSeconds)
    found.push(field.invalid(path, seconds, `if provided, maxExpirationSeconds must be >= ${shortestSeconds}`));
  if (seconds > most) found.push(field.invalid(path, seconds, `if provided, maxExpirationSeconds must be <= ${most}`));
};

export const podCertificate =
  (claim: Claim): Check<Certificate> =>
  (source, at, found) => {
    signer(source.signerName ?? "", child(at, "signerName"), found);
    if (source.userAnnotations) userAnnotations(source.userAnnotations, child(at, "userAnnotations"), found);
    const { keyType = "" } = source;
    if (!keyTypes.includes(keyType)) found.push(field.notSupported(child(at, "keyType"), keyType, keyTypes));
    lifetime(source, at, found);
    let files = 0;
    for (const name of ["credentialBundlePath", "keyPath", "certificateChainPath"] as const) {
      const path = source[name];
      if (!path) continue;
      files++;
      unreservedPath(path, child(at, name), found);
      claim(path, found);
    }
    if (files === 0)
      found.push(field.required(at, "specify at least one of credentialBundlePath, keyPath, and certificateChainPath"));
  };
