// How the API server serves ResourceSlice. Upstream: pkg/apis/resource/validation, pkg/registry/resource/resourceslice.
import type { ResourceSlice } from "../../../../facts/types/resource.v1.ts";
import { deepEqual, quoteGo } from "../../../machinery/index.ts";
import { defineRules } from "../../kind.ts";
import { defaultSliceSpec, dropDisabledSliceFields, stampTaints } from "../../lib/devices/slice-fields.ts";
import { sliceSpec } from "../../lib/devices/slice-spec.ts";
import { findings } from "../../lib/validate.ts";

export const resourceSliceRules = defineRules<ResourceSlice>({
  default: (draft) => {
    draft.spec ??= {} as ResourceSlice["spec"];
    draft.spec.pool ??= {} as ResourceSlice["spec"]["pool"];
    defaultSliceSpec(draft.spec);
  },
  prepareCreate: (draft, { featureEnabled, now }) => {
    draft.metadata.generation = 1;
    stampTaints(draft.spec, now);
    dropDisabledSliceFields(draft.spec, { old: undefined, featureEnabled });
  },
  prepareUpdate: (draft, old, { featureEnabled, now }) => {
    stampTaints(draft.spec, now);
    // What is dropped behind this line counts as a change all the same.
    if (!deepEqual(draft.spec, old.spec)) draft.metadata.generation = (old.metadata.generation ?? 0) + 1;
    dropDisabledSliceFields(draft.spec, { old: old.spec, featureEnabled });
  },
  validate: ({ spec }) => findings(spec, sliceSpec(undefined), "spec"),
  validateOnUpdate: false,
  validateUpdate: ({ spec }, old) => findings(spec, sliceSpec(old.spec), "spec"),
  warnings: ({ spec }) =>
    spec.driver === spec.driver?.toLowerCase()
      ? []
      : [`spec.driver: driver names should be lowercase; ${quoteGo(spec.driver)} contains uppercase characters`],
});
