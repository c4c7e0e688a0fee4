// How the API server serves ConfigMap.
import type { ConfigMap } from "../../../../facts/types/core.v1.ts";
import { configMapKey, deepEqual, field, sentEmpty, utf8Length } from "../../../machinery/index.ts";
import { defineRules } from "../../kind.ts";
import { base64Length, fillNullBytes } from "../../lib/formats/base64.ts";
import { type Check, entry, findings, visit } from "../../lib/validate.ts";

const sizeLimitBytes = 1024 * 1024;
const frozen = "field is immutable when `immutable` is set";

const contents: Check<ConfigMap> = (map, _at, found) => {
  let size = 0;
  // By key alone: an order of pairs would compare the values' texts.
  visit(Object.keys(map.data ?? {}).sort(), found, (key) => {
    for (const text of configMapKey(key)) found.push(field.invalid(entry("data", key), key, text));
    if (map.binaryData?.[key] !== undefined)
      found.push(field.invalid(entry("data", key), key, "duplicate of key present in binaryData"));
    size += utf8Length(map.data?.[key] ?? "");
  });
  visit(Object.keys(map.binaryData ?? {}).sort(), found, (key) => {
    for (const text of configMapKey(key)) found.push(field.invalid(entry("binaryData", key), key, text));
    size += base64Length(map.binaryData?.[key] ?? "");
  });
  if (size > sizeLimitBytes) found.push(field.tooLong("[]", sizeLimitBytes));
};

const keptWhenImmutable =
  (old: ConfigMap): Check<ConfigMap> =>
  (map, _at, found) => {
    if (old.immutable !== true) return;
    if (map.immutable !== true) found.push(field.forbidden("immutable", frozen));
    for (const name of ["data", "binaryData"] as const)
      if (!deepEqual(map[name] ?? {}, old[name] ?? {}) || sentEmpty(map, name))
        found.push(field.forbidden(name, frozen));
  };

export const configMapRules = defineRules<ConfigMap>({
  default: ({ binaryData }) => fillNullBytes(binaryData),
  metadataOnUpdate: "both",
  validate: (map) => findings(map, contents),
  validateUpdate: (map, old) => findings(map, keptWhenImmutable(old)),
});
