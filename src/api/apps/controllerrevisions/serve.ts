// How the API server serves ControllerRevision. Upstream: pkg/apis/apps/validation ValidateControllerRevision.
import type { ControllerRevision } from "../../../../facts/types/apps.v1.ts";
import { field, isObject } from "../../../machinery/index.ts";
import { defineRules } from "../../kind.ts";
import { type Check, findings, immutable, notNegative } from "../../lib/validate.ts";

const data: Check<unknown> = (value, at, found) => {
  if (value === undefined || value === null) found.push(field.required(at, "data is mandatory"));
  else if (!isObject(value)) found.push(field.required(at, "data must be a valid JSON object"));
};

export const controllerRevisionRules = defineRules<ControllerRevision>({
  metadataOnUpdate: "both",
  validate: ({ revision, data: held }) => [
    ...findings(revision, notNegative, "revision"),
    ...findings(held, data, "data"),
  ],
  validateOnUpdate: false,
  validateUpdate: ({ revision, data: held }, old) => [
    ...findings(revision, notNegative, "revision"),
    ...findings(held, immutable(old.data), "data"),
  ],
});
