// The spec of a PersistentVolumeClaim, also as a template inside pods and StatefulSets.
import type { PersistentVolumeClaimSpec } from "../../../../facts/types/core.v1.ts";
import { compareQuantities, deepEqual, field } from "../../../machinery/index.ts";
import { quantityRules } from "../resource-rules.ts";
import { labelSelector } from "../selector-rules.ts";
import {
  type Check,
  child,
  dnsLabel,
  dnsSubdomain,
  entry,
  oneOf,
  optional,
  required,
  unlessEmpty,
} from "../validate.ts";

const modes = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];

/** Access modes of claims and volumes. */
export const accessModes: Check<readonly string[] | undefined> = (list = [], at, found) => {
  for (const mode of list) oneOf(...modes)(mode, at, found);
  if (list.includes("ReadWriteOncePod") && list.some((mode) => mode !== "ReadWriteOncePod" && modes.includes(mode)))
    found.push(field.forbidden(at, "may not use ReadWriteOncePod with other access modes"));
};

export const volumeMode = optional(oneOf("Block", "Filesystem"));

interface DataSource {
  readonly apiGroup?: string;
  readonly kind?: string;
  readonly name?: string;
  readonly namespace?: string;
}

/** Claims that name a group already may name any. */
type Groups = "valid" | "any";

const dataSource =
  (groups: Groups): Check<DataSource> =>
  (source, at, found) => {
    required()(source.name, child(at, "name"), found);
    required()(source.kind, child(at, "kind"), found);
    if (!source.apiGroup && source.kind !== "PersistentVolumeClaim")
      found.push(
        field.invalid(at, source.kind ?? "", "must be 'PersistentVolumeClaim' when referencing the default apiGroup"),
      );
    if (groups === "valid") unlessEmpty(dnsSubdomain)(source.apiGroup, child(at, "apiGroup"), found);
    unlessEmpty(dnsLabel)(source.namespace, child(at, "namespace"), found);
  };

const size: Check<string> = (quantity, at, found) => {
  if (compareQuantities(quantity, "0") <= 0) found.push(field.invalid(at, quantity, "must be greater than zero"));
  else quantityRules("storage")(quantity, at, found);
};

const sameSource = (a: DataSource, b: DataSource): boolean =>
  deepEqual([a.apiGroup, a.kind, a.name], [b.apiGroup, b.kind, b.name]);

const claimSpecWith =
  (groups: Groups): Check<PersistentVolumeClaimSpec | undefined> =>
  (spec, at, found) => {
    if (!spec?.accessModes?.length)
      found.push(field.required(child(at, "accessModes"), "at least 1 access mode is required"));
    labelSelector(spec?.selector, child(at, "selector"), found);
    accessModes(spec?.accessModes, child(at, "accessModes"), found);
    required(size)(spec?.resources?.requests?.["storage"], entry(child(at, "resources"), "storage"), found);
    unlessEmpty(dnsSubdomain)(spec?.storageClassName, child(at, "storageClassName"), found);
    volumeMode(spec?.volumeMode, child(at, "volumeMode"), found);
    optional(dataSource(groups))(spec?.dataSource, child(at, "dataSource"), found);
    optional(dataSource(groups))(spec?.dataSourceRef, child(at, "dataSourceRef"), found);
    if (spec?.dataSource && spec.dataSourceRef) {
      if (spec.dataSourceRef.namespace)
        found.push(field.invalid(at, {}, "may not be specified when dataSourceRef.namespace is specified"));
      else if (!sameSource(spec.dataSource, spec.dataSourceRef))
        found.push(field.invalid(at, {}, "must match dataSourceRef"));
    }
    unlessEmpty(dnsSubdomain)(spec?.volumeAttributesClassName, child(at, "volumeAttributesClassName"), found);
  };

export const claimSpec = claimSpecWith("valid");

/** The spec of a claim that was `before`. */
export const changedClaimSpec = (before: PersistentVolumeClaimSpec | undefined): typeof claimSpec =>
  claimSpecWith([before?.dataSource, before?.dataSourceRef].some(namesGroup) ? "any" : "valid");

/** An absent group is written as null. */
const namesGroup = (source: { readonly apiGroup?: string | null } | undefined): boolean =>
  source?.apiGroup !== undefined && source.apiGroup !== null;
