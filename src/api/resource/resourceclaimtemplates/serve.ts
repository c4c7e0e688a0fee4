// How the API server serves ResourceClaimTemplate. Upstream: pkg/apis/resource/validation,
// pkg/registry/resource/resourceclaimtemplate.
import type { ResourceClaimTemplate } from "../../../../facts/types/resource.v1.ts";
import { deepEqual, field } from "../../../machinery/index.ts";
import { defineRules } from "../../kind.ts";
import { claimSpec, defaultClaimSpec, dropDisabledClaimFields } from "../../lib/devices/claim-spec.ts";
import { sameForm } from "../../lib/devices/same-form.ts";
import { loadSelectors } from "../../lib/devices/selector-expression.ts";
import { internalForm } from "../../lib/internal-form.ts";
import { findings, immutableText } from "../../lib/validate.ts";
import { inGoOrder, templateMetadata } from "../../lib/workloads/template-metadata.ts";

export const resourceClaimTemplateRules = defineRules<ResourceClaimTemplate>({
  ready: loadSelectors,
  default: (draft) => {
    draft.spec ??= {} as ResourceClaimTemplate["spec"];
    draft.spec.spec ??= {};
    draft.spec.spec.devices ??= {};
    defaultClaimSpec(draft.spec.spec);
  },
  metadataOnUpdate: "both",
  prepareCreate: (draft, { featureEnabled }) =>
    dropDisabledClaimFields(draft.spec.spec, { old: undefined, featureEnabled }),
  prepareUpdate: (draft, old, { featureEnabled }) =>
    dropDisabledClaimFields(draft.spec.spec, { old: old.spec.spec, featureEnabled }),
  validate: ({ spec }, { featureEnabled }) => [
    ...findings(spec.metadata, templateMetadata, "spec.metadata"),
    ...findings(spec.spec, claimSpec({ stored: false, featureEnabled }), "spec.spec"),
  ],
  validateUpdate: ({ spec }, old) =>
    sameForm("resource.ResourceClaimSpec", spec.spec, old.spec.spec) && deepEqual(spec.metadata, old.spec.metadata)
      ? []
      : [
          field.invalid(
            "spec",
            internalForm("resource.ResourceClaimTemplateSpec", { ...spec, metadata: inGoOrder(spec.metadata) }),
            immutableText,
          ),
        ],
});
