// How the API server serves VolumeAttributesClass. Upstream: pkg/apis/storage/validation.
import type { VolumeAttributesClass } from "../../../../facts/types/storage.v1.ts";
import { deepEqual, field } from "../../../machinery/index.ts";
import { defineRules } from "../../kind.ts";
import { findings } from "../../lib/validate.ts";
import { parameters, provisioner } from "../../lib/volumes/storage-rules.ts";

const judge = (each: VolumeAttributesClass) => [
  ...findings(each.driverName, provisioner, "driverName"),
  ...findings(each.parameters, parameters({ needed: true }), "parameters"),
];

export const volumeAttributesClassRules = defineRules<VolumeAttributesClass>({
  metadataOnUpdate: "both",
  validate: judge,
  validateOnUpdate: false,
  validateUpdate: (each, old) => [
    ...((each.driverName ?? "") === (old.driverName ?? "")
      ? []
      : [field.forbidden("driverName", "updates to driverName are forbidden.")]),
    ...(deepEqual(each.parameters ?? {}, old.parameters ?? {})
      ? []
      : [field.forbidden("parameters", "updates to parameters are forbidden.")]),
    ...judge(each),
  ],
});
