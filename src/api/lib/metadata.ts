// Rules of ObjectMeta that all kinds share; the registry runs them around the kind's own rules.
// Upstream: k8s.io/apimachinery/pkg/api/validation/objectmeta.go, pkg/apis/meta/v1/validation.
import {
  deepClone,
  deepEqual,
  dns1123Label,
  dns1123Subdomain,
  field,
  type KubeObject,
  labelValue,
  mostFindings,
  type ObjectMeta,
  type OwnerReference,
  parseApiVersion,
  pathSegmentName,
  pathSegmentPrefix,
  qualifiedName,
  utf8Length,
} from "../../machinery/index.ts";
import type { KindDefinition, ServeRules } from "../kind.ts";
import {
  type Check,
  child,
  entry,
  type Findings,
  findings,
  immutable,
  item,
  sortedKeys,
  worthChecking,
} from "./validate.ts";

/** Keys and values of all annotations together, in bytes. */
const annotationsLimitBytes = 256 * 1024;
const fieldManagerLimitBytes = 128;
const subresourceLimitBytes = 256;
const standardFinalizers: ReadonlySet<string> = new Set(["kubernetes", "orphan", "foregroundDeletion"]);

export type NameRule = NonNullable<ServeRules["validateName"]>;

/** Where a suffix will follow, a dash at the end is fine. */
const masked = (name: string, prefix: boolean): string =>
  prefix && name.length > 1 && name.endsWith("-") ? `${name.slice(0, -2)}a` : name;

/** Makes a name rule of a check; prefixes (generateName) may end in a dash. */
const nameRule =
  (check: (name: string) => string[]): NameRule =>
  (name, prefix) =>
    check(masked(name, prefix));

export const subdomainName: NameRule = nameRule(dns1123Subdomain);
export const labelName: NameRule = nameRule(dns1123Label);

/** Any one segment of a path. */
export const pathName: NameRule = (name, prefix) => (prefix ? pathSegmentPrefix(name) : pathSegmentName(name));

export const labelKey: Check<string> = (key, at, found) => {
  for (const text of qualifiedName(key)) found.push(field.invalid(at, key, text));
};

/** Labels, in key order: upstream walks its map in random order. */
export const labels: Check<Readonly<Record<string, string>> | undefined> = (map, at, found) => {
  for (const key of sortedKeys(map)) {
    if (found.length >= mostFindings) break;
    const value = map?.[key] ?? "";
    labelKey(key, at, found);
    for (const text of labelValue(value)) found.push(field.invalid(at, value, text));
  }
};

export const annotations: Check<Readonly<Record<string, string>> | undefined> = (map, at, found) => {
  let size = 0;
  for (const key of sortedKeys(map)) {
    if (found.length >= mostFindings) break;
    for (const text of qualifiedName(key.toLowerCase())) found.push(field.invalid(at, key, text));
    size += utf8Length(key) + utf8Length(map?.[key] ?? "");
  }
  if (size > annotationsLimitBytes) found.push(field.tooLong(at, annotationsLimitBytes));
};

/** With the fields in the order of Go's. */
const shownOwner = (reference: OwnerReference): object => ({
  apiVersion: reference.apiVersion ?? "",
  kind: reference.kind ?? "",
  name: reference.name ?? "",
  uid: reference.uid ?? "",
  ...(reference.controller === undefined ? {} : { controller: reference.controller }),
  ...(reference.blockOwnerDeletion === undefined ? {} : { blockOwnerDeletion: reference.blockOwnerDeletion }),
});

const ownerReference = (reference: OwnerReference, at: string, found: Findings): void => {
  const slashes = (reference.apiVersion ?? "").split("/").length - 1;
  const { group, version } = parseApiVersion(reference.apiVersion ?? "");
  if (version === "" || slashes > 1)
    found.push(field.invalid(child(at, "apiVersion"), reference.apiVersion ?? "", "version must not be empty"));
  for (const name of ["kind", "name", "uid"] as const) {
    if (!reference[name]) found.push(field.invalid(child(at, name), "", "must not be empty"));
  }
  if (group === "" && version === "v1" && reference.kind === "Event")
    found.push(field.invalid(at, shownOwner(reference), "/v1, Kind=Event is disallowed from being an owner"));
};

const ownerReferences: Check<readonly OwnerReference[] | undefined> = (references, at, found) => {
  let first: string | undefined;
  for (const reference of references ?? []) {
    ownerReference(reference, at, found);
    if (reference.controller !== true) continue;
    const controller = `${reference.kind}/${reference.name}`;
    if (first === undefined) first = controller;
    else
      found.push(
        field.invalid(
          at,
          references?.map(shownOwner),
          `Only one reference can have Controller set to true. Found "true" in references for ${first} and ${controller}`,
        ),
      );
  }
};

const finalizers: Check<readonly string[] | undefined> = (list, at, found) => {
  for (const finalizer of list ?? [])
    for (const text of qualifiedName(finalizer)) found.push(field.invalid(at, finalizer, text));
  if (list?.includes("orphan") && list.includes("foregroundDeletion"))
    found.push(field.invalid(at, list, "finalizer orphan and foregroundDeletion cannot be both set"));
};

/** Finalizers without a domain must be Kubernetes' own. */
export const kubeFinalizer: Check<string> = (finalizer, at, found) => {
  if (!finalizer.includes("/") && !standardFinalizers.has(finalizer))
    found.push(field.invalid(at, finalizer, "name is neither a standard finalizer name nor is it fully qualified"));
};
const kubeFinalizers = (list: readonly string[] | undefined, found: Findings): void => {
  for (const [index, each] of worthChecking(list ?? [], found))
    kubeFinalizer(each, item("metadata.finalizers", index), found);
};

const managedFields: Check<ObjectMeta["managedFields"]> = (entries, at, found) => {
  entries?.forEach((each, index) => {
    const path = item(at, index);
    if (each.operation !== "Apply" && each.operation !== "Update")
      found.push(field.invalid(child(path, "operation"), each.operation ?? "", "must be `Apply` or `Update`"));
    if (each.fieldsType && each.fieldsType !== "FieldsV1")
      found.push(field.invalid(child(path, "fieldsType"), each.fieldsType, "must be `FieldsV1`"));
    if (utf8Length(each.manager ?? "") > fieldManagerLimitBytes)
      found.push(field.tooLong(child(path, "manager"), fieldManagerLimitBytes));
    if (utf8Length(each.subresource ?? "") > subresourceLimitBytes)
      found.push(field.tooLong(child(path, "subresource"), subresourceLimitBytes));
  });
};

type Named = Pick<KindDefinition, "namespaced">;

/** What create finds in metadata; names have been generated by then. */
export function validateObjectMeta(meta: ObjectMeta, kind: Named, validateName: NameRule = subdomainName): Findings {
  return findings(meta, (value, _at, found) => {
    if (value.generateName)
      for (const text of validateName(value.generateName, true))
        found.push(field.invalid("metadata.generateName", value.generateName, text));
    if (!value.name) found.push(field.required("metadata.name", "name or generateName is required"));
    else
      for (const text of validateName(value.name, false)) found.push(field.invalid("metadata.name", value.name, text));
    if (!kind.namespaced) {
      if (value.namespace) found.push(field.forbidden("metadata.namespace", "not allowed on this type"));
    } else if (!value.namespace) found.push(field.required("metadata.namespace"));
    else
      for (const text of dns1123Label(value.namespace))
        found.push(field.invalid("metadata.namespace", value.namespace, text));
    if ((value.generation ?? 0) < 0)
      found.push(field.invalid("metadata.generation", value.generation, "must be greater than or equal to 0"));
    labels(value.labels, "metadata.labels", found);
    annotations(value.annotations, "metadata.annotations", found);
    ownerReferences(value.ownerReferences, "metadata.ownerReferences", found);
    finalizers(value.finalizers, "metadata.finalizers", found);
    managedFields(value.managedFields, "metadata.managedFields", found);
    kubeFinalizers(value.finalizers, found);
  });
}

const frozenFields = [
  "name",
  "namespace",
  "uid",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
] as const;

/** What update finds in metadata; `meta.resourceVersion` has been filled for unconditional updates. */
export function validateObjectMetaUpdate(meta: ObjectMeta, old: ObjectMeta): Findings {
  const found: Findings = [];
  if (old.deletionTimestamp !== undefined) {
    const before = new Set(old.finalizers);
    const extra = (meta.finalizers ?? []).filter((each) => !before.has(each));
    if (extra.length > 0)
      found.push(
        field.forbidden(
          "metadata.finalizers",
          `no new finalizers can be added if the object is being deleted, found new finalizers []string{${[
            ...new Set(extra),
          ]
            .sort()
            .map((each) => JSON.stringify(each))
            .join(", ")}}`,
        ),
      );
  }
  if (!meta.resourceVersion)
    found.push(
      field.invalid("metadata.resourceVersion", meta.resourceVersion ?? "", "must be specified for an update"),
    );
  if ((meta.generation ?? 0) < (old.generation ?? 0))
    found.push(field.invalid("metadata.generation", meta.generation ?? 0, "must not be decremented"));
  for (const name of frozenFields) {
    if (!deepEqual(meta[name], old[name])) immutable(old[name])(meta[name], `metadata.${name}`, found);
  }
  labels(meta.labels, "metadata.labels", found);
  annotations(meta.annotations, "metadata.annotations", found);
  ownerReferences(meta.ownerReferences, "metadata.ownerReferences", found);
  managedFields(meta.managedFields, "metadata.managedFields", found);
  kubeFinalizers(meta.finalizers, found);
  return found;
}

/** An annotation's path, as upstream prints it. */
export const annotationPath = (key: string): string => entry("metadata.annotations", key);

/** A status update changes nothing of the metadata but who manages what. Upstream: metav1.ResetObjectMetaForStatus. */
export function keepMetadata(draft: KubeObject, old: KubeObject): void {
  const { managedFields, resourceVersion } = draft.metadata;
  const { managedFields: _, ...kept } = deepClone(old.metadata);
  draft.metadata = { ...kept, resourceVersion, ...(managedFields === undefined ? {} : { managedFields }) };
}
