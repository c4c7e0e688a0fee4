// How the API server serves StorageClass. Upstream: pkg/apis/storage/validation, pkg/registry/storage/storageclass.
import type { TopologySelectorTerm } from "../../../../facts/types/core.v1.ts";
import type { StorageClass } from "../../../../facts/types/storage.v1.ts";
import { deepEqual, field, goJson, mostFindings, sortedCopy } from "../../../machinery/index.ts";
import { defineRules } from "../../kind.ts";
import { mapOrNull } from "../../lib/internal-form.ts";
import { labelKey } from "../../lib/metadata.ts";
import { oldLabelText } from "../../lib/pod-spec/warnings.ts";
import {
  type Check,
  child,
  findings,
  immutableText,
  item,
  oneOf,
  required,
  unlessEmpty,
  worthChecking,
} from "../../lib/validate.ts";
import { parameters, provisioner } from "../../lib/volumes/storage-rules.ts";

/** The values asked for, by label. */
function topologyTerm(term: TopologySelectorTerm, at: string, found: Parameters<Check<unknown>>[2]) {
  const values: Record<string, string[]> = {};
  for (const [index, requirement] of worthChecking(term.matchLabelExpressions ?? [], found)) {
    const path = item(child(at, "matchLabelExpressions"), index);
    const { key = "" } = requirement;
    const own = requirement.values ?? [];
    if (own.length === 0) found.push(field.required(child(path, "values")));
    const known = new Set<string>();
    for (const [number, value] of worthChecking(own, found)) {
      if (known.has(value)) found.push(field.duplicate(item(child(path, "values"), number), value));
      known.add(value);
    }
    labelKey(key, child(path, "key"), found);
    if (values[key] !== undefined) found.push(field.duplicate(child(path, "key"), key));
    values[key] = [...new Set(own)].sort();
  }
  return values;
}

const topologies: Check<readonly TopologySelectorTerm[] | undefined> = (list, at, found) => {
  // Upstream begins with as many empty terms as there are terms, so an empty one is always a repetition.
  const seen = new Map<string, number>([["{}", list?.length ?? 0]]);
  for (const [index, term] of worthChecking(list ?? [], found)) {
    const values = topologyTerm(term, item(at, index), found);
    const text = goJson(sortedCopy(values));
    const times = seen.get(text) ?? 0;
    for (let count = Math.min(times, mostFindings); count > 0; count--)
      found.push(field.duplicate(child(item(at, index), "matchLabelExpressions"), ""));
    seen.set(text, times + 1);
  }
};

const fixed = ["parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"] as const;

export const storageClassRules = defineRules<StorageClass>({
  default: (storage) => {
    storage.reclaimPolicy ??= "Delete";
    storage.volumeBindingMode ??= "Immediate";
  },
  metadataOnUpdate: "both",
  validate: (storage) => [
    ...findings(storage.provisioner, provisioner, "provisioner"),
    ...findings(storage.parameters, parameters({ needed: false }), "parameters"),
    ...findings(storage.reclaimPolicy, unlessEmpty(oneOf("Delete", "Retain")), "reclaimPolicy"),
    ...(storage.volumeBindingMode === undefined
      ? findings(storage.volumeBindingMode, required(), "volumeBindingMode")
      : findings(storage.volumeBindingMode, oneOf("Immediate", "WaitForFirstConsumer"), "volumeBindingMode")),
    ...findings(storage.allowedTopologies, topologies, "allowedTopologies"),
  ],
  validateUpdate: (storage, old) =>
    fixed.flatMap((name) =>
      deepEqual(storage[name] ?? undefined, old[name] ?? undefined)
        ? []
        : [
            field.invalid(
              name,
              name === "parameters" ? mapOrNull(storage, name) : (storage[name] ?? null),
              immutableText,
            ),
          ],
    ),
  warnings: ({ allowedTopologies }) =>
    (allowedTopologies ?? []).flatMap(({ matchLabelExpressions }, index) =>
      (matchLabelExpressions ?? []).flatMap(({ key }, number) => {
        const text = oldLabelText(key);
        return text === undefined ? [] : [`allowedTopologies[${index}].matchLabelExpressions[${number}].key: ${text}`];
      }),
    ),
});
