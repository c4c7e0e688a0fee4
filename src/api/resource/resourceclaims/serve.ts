// How the API server serves ResourceClaim. Upstream: pkg/apis/resource/validation, pkg/registry/resource/resourceclaim. Who
// may ask for admin access and who may write which part of the status is checked by the server (registry/kinds).
import type { ResourceClaim } from "../../../../facts/types/resource.v1.ts";
import { field } from "../../../machinery/index.ts";
import { defineRules } from "../../kind.ts";
import {
  claimSpec,
  defaultClaimSpec,
  defaultTolerations,
  dropDisabledClaimFields,
} from "../../lib/devices/claim-spec.ts";
import { judgeClaimStatus, prepareClaimStatus } from "../../lib/devices/claim-status.ts";
import { sameForm } from "../../lib/devices/same-form.ts";
import { loadSelectors } from "../../lib/devices/selector-expression.ts";
import { internalForm } from "../../lib/internal-form.ts";
import { keepMetadata } from "../../lib/metadata.ts";
import { findings, immutableText } from "../../lib/validate.ts";

export const resourceClaimRules = defineRules<ResourceClaim>({
  ready: loadSelectors,
  default: (draft) => {
    draft.spec ??= {};
    draft.spec.devices ??= {};
    defaultClaimSpec(draft.spec);
    for (const result of draft.status?.allocation?.devices?.results ?? []) defaultTolerations(result.tolerations);
  },
  metadataOnUpdate: "both",
  prepareCreate: (draft, { featureEnabled }) => dropDisabledClaimFields(draft.spec, { old: undefined, featureEnabled }),
  prepareUpdate: (draft, old, { featureEnabled }) =>
    dropDisabledClaimFields(draft.spec, { old: old.spec, featureEnabled }),
  validate: ({ spec }, { featureEnabled }) => findings(spec, claimSpec({ stored: false, featureEnabled }), "spec"),
  validateOnUpdate: false,
  validateUpdate: ({ spec }, old) =>
    sameForm("resource.ResourceClaimSpec", spec, old.spec)
      ? []
      : [field.invalid("spec", internalForm("resource.ResourceClaimSpec", spec), immutableText)],
  resetFields: { status: ["metadata", "spec"] },
  status: {
    prepareUpdate: (draft, old, { featureEnabled }) => {
      keepMetadata(draft, old);
      prepareClaimStatus(draft, old, featureEnabled);
    },
    validateUpdate: (claim, old, { featureEnabled }) => judgeClaimStatus(claim, old, featureEnabled),
  },
});
