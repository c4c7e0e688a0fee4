// How the API server serves CSINode. Upstream: pkg/apis/storage/validation, pkg/registry/storage/csinode.
import type { CSINode, CSINodeDriver } from "../../../../facts/types/storage.v1.ts";
import { deepEqual, field, qualifiedName, utf8Length } from "../../../machinery/index.ts";
import { defineRules } from "../../kind.ts";
import { internalForm } from "../../lib/internal-form.ts";
import {
  type Check,
  child,
  type Findings,
  findings,
  immutableText,
  item,
  named,
  notNegative,
  worthChecking,
} from "../../lib/validate.ts";
import { csiDriverName } from "../../lib/volumes/volume-sources.ts";

const longestNodeId = 256;

const driver: Check<CSINodeDriver> = (value, at, found) => {
  csiDriverName(value.name, child(at, "name"), found);
  const { nodeID = "" } = value;
  if (nodeID === "") found.push(field.required(child(at, "nodeID")));
  if (utf8Length(nodeID) > longestNodeId)
    found.push(field.invalid(child(at, "nodeID"), nodeID, `must be ${longestNodeId} characters or less`));
  if (value.allocatable?.count !== undefined)
    notNegative(value.allocatable.count, child(at, "allocatable.count"), found);
};

function topologyKeys(keys: readonly string[], at: string, found: Findings): void {
  const seen = new Set<string>();
  for (const key of keys) {
    if (key === "") found.push(field.required(at));
    if (seen.has(key)) found.push(field.duplicate(at, key));
    seen.add(key);
    named(qualifiedName)(key, at, found);
  }
}

const drivers: Check<readonly CSINodeDriver[] | undefined | null> = (list, at, found) => {
  const names = new Set<string>();
  for (const [index, value] of worthChecking(list ?? [], found)) {
    const path = item(at, index);
    driver(value, path, found);
    if (names.has(value.name)) found.push(field.duplicate(child(path, "name"), value.name));
    names.add(value.name);
    topologyKeys(value.topologyKeys ?? [], path, found);
  }
};

const withoutAllocatable = ({ allocatable: _, ...rest }: CSINodeDriver): object => rest;

/** A driver that stays may only report other limits. */
function keptDrivers(node: CSINode, old: CSINode): Findings {
  const found: Findings = [];
  const now = node.spec?.drivers ?? [];
  for (const [, before] of worthChecking(old.spec?.drivers ?? [], found))
    for (const each of now)
      if (each.name === before.name && !deepEqual(withoutAllocatable(each), withoutAllocatable(before)))
        found.push(
          field.invalid("spec.drivers", internalForm("storage.CSINodeDriver", withoutAllocatable(each)), immutableText),
        );
  return found;
}

export const csiNodeRules = defineRules<CSINode>({
  default: (node) => {
    node.spec ??= {} as CSINode["spec"];
  },
  unconditionalUpdate: false,
  metadataOnUpdate: "create",
  validate: ({ spec }) => findings(spec?.drivers, drivers, "spec.drivers"),
  validateUpdate: keptDrivers,
});
