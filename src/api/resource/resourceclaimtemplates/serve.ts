// How the API server serves ResourceClaimTemplate. Upstream: pkg/apis/resource/validation,
// pkg/registry/resource/resourceclaimtemplate.
import type { ResourceClaimTemplate } from "../../../../facts/types/resource.v1.ts";
import { deepEqual, field } from "../../../machinery/index.ts";
import { defineRules } from "../../kind.ts";
import { claimSpec, defaultClaimSpec, dropDisabledClaimFields } from "../../lib/devices/claim-spec.ts";
import { goClaimSpec } from "../../lib/devices/go-forms.ts";
import { goEqual } from "../../lib/go-form.ts";
import { templateMetadata } from "../../lib/template-metadata.ts";
import { findings, immutableText } from "../../lib/validate.ts";

export const resourceClaimTemplateRules = defineRules<ResourceClaimTemplate>({
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
    goEqual(goClaimSpec, spec.spec, old.spec.spec) && deepEqual(spec.metadata, old.spec.metadata)
      ? []
      : [field.invalid("spec", { ...spec.metadata, Spec: goClaimSpec(spec.spec) }, immutableText)],
});
