// How the API server serves ClusterTrustBundle. Upstream: pkg/apis/certificates/validation, pkg/registry/certificates/
// clustertrustbundle.
import type { ClusterTrustBundle } from "../../../../facts/types/certificates.v1beta1.ts";
import { deepEqual, type FieldError, field, utf8Length } from "../../../machinery/index.ts";
import { defineRules } from "../../kind.ts";
import { pemBlocks } from "../../lib/formats/pem.ts";
import { signer, trustBundleName } from "../../lib/signer-name.ts";
import { type Check, findings, immutableText, worthChecking } from "../../lib/validate.ts";

const mostBytes = 1024 * 1024;
const hidden = "<value omitted>";

const loaded: { anchors?: typeof import("./anchors.ts") } = {};

const bundleText: Check<string> = (text, at, found) => {
  if (utf8Length(text) > mostBytes) {
    found.push(field.tooLong(at, mostBytes));
    return;
  }
  const before = found.length;
  const places = new Map<string, number[]>();
  const refuse = (why: string): void => void found.push(field.invalid(at, hidden, why));
  for (const [index, { type, headers, bytes }] of worthChecking(pemBlocks(text), found)) {
    const problem =
      type !== "CERTIFICATE"
        ? `has bad block type: ${type}`
        : headers
          ? "has PEM block headers"
          : loaded.anchors!.anchorProblem(bytes);
    if (problem !== undefined) refuse(`entry ${index} ${problem}`);
    else {
      const key = String.fromCharCode(...bytes);
      places.set(key, [...(places.get(key) ?? []), index]);
    }
  }
  if (found.length > before) return;
  if (places.size === 0) refuse("at least one trust anchor must be provided");
  for (const indexes of places.values())
    if (indexes.length > 1) refuse(`duplicate trust anchor (indices [${indexes.join(" ")}])`);
};

function judge({ metadata, spec }: ClusterTrustBundle, old: ClusterTrustBundle | undefined): FieldError[] {
  const found: FieldError[] = [];
  const { signerName = "", trustBundle = "" } = spec;
  for (const text of metadata.name === "" ? [] : trustBundleName(metadata.name, signerName))
    found.push(field.invalid("metadata.name", metadata.name, text));
  if (signerName !== "") signer(signerName, "spec.signerName", found);
  // What is stored already is not read again.
  if (trustBundle !== (old?.spec.trustBundle ?? undefined))
    found.push(...findings(trustBundle, bundleText, "spec.trustBundle"));
  if (old !== undefined && !deepEqual(signerName, old.spec.signerName ?? ""))
    found.push(field.invalid("spec.signerName", signerName, immutableText));
  return found;
}

export const clusterTrustBundleRules = defineRules<ClusterTrustBundle>({
  async ready() {
    loaded.anchors ??= await import("./anchors.ts");
  },
  default: (draft) => {
    draft.spec ??= {} as ClusterTrustBundle["spec"];
  },
  // The name depends on the signer: `validate` judges it.
  validateName: () => [],
  metadataOnUpdate: "both",
  unconditionalUpdate: false,
  validate: (bundle) => judge(bundle, undefined),
  validateOnUpdate: false,
  validateUpdate: judge,
});
