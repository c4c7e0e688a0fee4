// How the API server serves CSIStorageCapacity. Upstream: pkg/apis/storage/validation, pkg/registry/storage.
import type { CSIStorageCapacity } from "../../../../facts/types/storage.v1.ts";
import { canonicalQuantity, compareQuantities, deepEqual, dns1123Subdomain, field } from "../../../machinery/index.ts";
import { defineRules } from "../../kind.ts";
import { oldLabelText } from "../../lib/pod-spec/warnings.ts";
import { labelSelector } from "../../lib/selector-rules.ts";
import { type Check, findings, immutableText, named, notNegativeText } from "../../lib/validate.ts";

const quantity: Check<string | undefined> = (value, at, found) => {
  if (value !== undefined && compareQuantities(value, "0") < 0)
    found.push(field.invalid(at, canonicalQuantity(value), notNegativeText));
};

const fixed = ["nodeTopology", "storageClassName"] as const;

function topologyWarnings({ nodeTopology }: CSIStorageCapacity): string[] {
  const expressions = (nodeTopology?.matchExpressions ?? []).flatMap(({ key }, index) => {
    const text = oldLabelText(key);
    return text === undefined ? [] : [`nodeTopology.matchExpressions[${index}].key: ${key} is ${text}`];
  });
  const labels = Object.keys(nodeTopology?.matchLabels ?? {})
    .sort()
    .flatMap((key) => {
      const text = oldLabelText(key);
      return text === undefined ? [] : [`nodeTopology.matchLabels.${key}: ${text}`];
    });
  return [...expressions, ...labels];
}

export const csiStorageCapacityRules = defineRules<CSIStorageCapacity>({
  unconditionalUpdate: false,
  metadataOnUpdate: "both",
  validate: (each) => [
    ...findings(each.nodeTopology, labelSelector, "nodeTopology"),
    ...findings(each.storageClassName, named(dns1123Subdomain), "storageClassName"),
    ...findings(each.capacity, quantity, "capacity"),
  ],
  validateUpdate: (each, old) =>
    fixed.flatMap((name) =>
      // A selector of everything is another thing than none.
      deepEqual(each[name], old[name]) && (each[name] === undefined) === (old[name] === undefined)
        ? []
        : [field.invalid(name, each[name] ?? null, immutableText)],
    ),
  warnings: topologyWarnings,
});
