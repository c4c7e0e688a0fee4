// Validation of CustomResourceDefinitions. Upstream: apiextensions-apiserver pkg/apis/apiextensions/validation.
import type { CustomResourceDefinition } from "../../../../facts/types/apiextensions.v1.ts";
import { deepEqual, dns1035Label, type FieldError, field, quoteGo } from "../../../machinery/index.ts";
import { approvalAnnotation, approvalOf, isProtectedGroup } from "../custom/approval.ts";
import { isKnownFormat } from "../custom/formats.ts";
import { hasDefault, indexPath, type JsonSchema, keyPath, someSchema } from "../custom/schema.ts";
import { validateConversion } from "./conversion.ts";
import { type InternalSpec, internalSpec, schemaOf, schemasOf, type Version, versionsForm } from "./internal.ts";
import { groupFindings, nameListFindings, namesFindings } from "./validate-names.ts";
import { schemaFaults } from "./validate-schema.ts";
import { commonFindings, mostSelectableFields, type SpecRules, versionFindings } from "./validate-version.ts";

type Definition = CustomResourceDefinition;

const strict: SpecRules = {
  openApiSchema: true,
  validPropertyType: true,
  structural: true,
  prunedDefaults: true,
  atomicSetType: true,
  mapListKeys: true,
  reviewVersions: true,
  caBundle: false,
  unchanged: new Set(),
  manyFields: new Set(),
};

export function validateDefinition(object: Definition): FieldError[] {
  return [
    ...nameFindings(object),
    ...specFindings(object, strict),
    ...statusFindings(object),
    ...storedVersionFindings(object),
    ...approvalFindings(object, undefined),
    ...preserveFindings(object, undefined),
  ];
}

export function validateDefinitionUpdate(object: Definition, old: Definition): FieldError[] {
  return [
    ...specFindings(object, rulesOfUpdate(object, old)),
    ...immutableFindings(object, old),
    ...statusFindings(object),
    ...storedVersionFindings(object),
    ...approvalFindings(object, old),
    ...preserveFindings(object, old),
  ];
}

export const validateDefinitionStatus = (object: Definition): FieldError[] => statusFindings(object);

const isEstablished = ({ status }: Definition): boolean =>
  status?.conditions?.some((each) => each.type === "Established" && each.status === "True") === true;

const acceptedReviewVersions = ["v1", "v1beta1"];

function rulesOfUpdate(object: Definition, old: Definition): SpecRules {
  const before = internalSpec(old.spec);
  const schemas = schemasOf(before);
  const none = (faulty: (schema: JsonSchema) => boolean): boolean => !schemas.some(faulty);
  const oldVersions = old.spec.conversion?.webhook?.conversionReviewVersions ?? [];
  const oldBundle = old.spec.conversion?.webhook?.clientConfig?.caBundle;
  const unchanged = (object.spec.versions ?? []).filter((version) => {
    const same = old.spec.versions.find((each) => each.name === version.name);
    return same !== undefined && deepEqual(same.schema, version.schema);
  });
  return {
    openApiSchema: old.spec.versions.every((version) => schemaOf(version) !== undefined),
    validPropertyType: none(schemaFaults.propertyType),
    structural: none(schemaFaults.structure),
    prunedDefaults: none(schemaFaults.defaults),
    atomicSetType: none(schemaFaults.atomicSets),
    mapListKeys: none(schemaFaults.mapListKeys),
    reviewVersions: oldVersions.length === 0 || oldVersions.some((each) => acceptedReviewVersions.includes(each)),
    caBundle: isEstablished(old) && oldBundle === undefined,
    unchanged: new Set(unchanged.map((version) => version.name)),
    manyFields: fieldsKept(object, old),
  };
}

function fieldsKept(object: Definition, old: Definition): Set<string> {
  const kept = new Set<string>();
  const [now, before] = [internalSpec(object.spec), internalSpec(old.spec)];
  const keep = (name: string, fields: Version["selectableFields"], mine: Version["selectableFields"]): void => {
    if ((fields?.length ?? 0) > mostSelectableFields && deepEqual(fields, mine)) kept.add(name);
  };
  keep("", before.common.selectableFields, now.common.selectableFields);
  for (const version of now.versions) {
    const same = before.versions.find((each) => each.name === version.name);
    if (same !== undefined) keep(version.name, same.selectableFields, version.selectableFields);
  }
  return kept;
}

function nameFindings({ metadata, spec }: Definition): FieldError[] {
  const wanted = `${spec.names?.plural ?? ""}.${spec.group ?? ""}`;
  const found: FieldError[] = [];
  const check = (name: string | undefined, path: string): void => {
    if (name && name !== wanted) found.push(field.invalid(path, name, 'must be spec.names.plural+"."+spec.group'));
  };
  check(metadata.generateName, "metadata.generateName");
  check(metadata.name, "metadata.name");
  return found;
}

/** Each version is a kind of its own in discovery, among the group's versions and in what the server does after every change of it. */
const mostVersions = 500;

function specFindings(object: Definition, asked: SpecRules): FieldError[] {
  const count = object.spec.versions?.length ?? 0;
  if (count > mostVersions) return [field.tooMany("spec.versions", count, mostVersions)];
  const internal = internalSpec(object.spec);
  const { spec, versions } = internal;
  const preserves = spec.preserveUnknownFields === true;
  const schemas = schemasOf(internal);
  const rules: SpecRules = {
    ...asked,
    structural: asked.structural || !preserves || schemas.some(hasDefaults) || schemas.some(hasExtensions),
  };
  return [
    ...groupFindings(spec.group ?? ""),
    ...oneOf("spec.scope", spec.scope ?? "", ["Cluster", "Namespaced"]),
    ...missingSchemas(internal, rules, preserves),
    ...(preserves && schemas.some(hasDefaults)
      ? [field.invalid("spec.preserveUnknownFields", true, "must be false in order to use defaults in the schema")]
      : []),
    ...versions.flatMap((version, index) => versionFindings(version, { index, internal, rules })),
    ...versionListFindings(internal),
    ...namesFindings(spec.names),
    ...commonFindings(internal, rules),
    ...validateConversion(spec.conversion, {
      preserves,
      reviewVersions: rules.reviewVersions,
      caBundle: rules.caBundle,
    }),
  ];
}

const hasDefaults = (schema: JsonSchema): boolean => someSchema(schema, hasDefault);

const hasExtensions = (schema: JsonSchema): boolean =>
  someSchema(
    schema,
    (each) =>
      each["x-kubernetes-embedded-resource"] === true ||
      each["x-kubernetes-preserve-unknown-fields"] !== undefined ||
      each["x-kubernetes-int-or-string"] === true ||
      (each["x-kubernetes-list-map-keys"]?.length ?? 0) > 0 ||
      each["x-kubernetes-list-type"] !== undefined ||
      (each["x-kubernetes-validations"]?.length ?? 0) > 0,
  );

function oneOf(path: string, value: string, accepted: readonly string[]): FieldError[] {
  if (value === "") return [field.required(path)];
  return accepted.includes(value) ? [] : [field.notSupported(path, value, accepted)];
}

function missingSchemas({ common, versions }: InternalSpec, rules: SpecRules, preserves: boolean): FieldError[] {
  if (schemaOf(common) !== undefined) return [];
  return versions.flatMap((version, index) => {
    if (schemaOf(version) !== undefined) return [];
    const path = `${indexPath("spec.versions", index)}.schema.openAPIV3Schema`;
    if (rules.openApiSchema) return [field.required(path)];
    return !preserves && version.served ? [field.required(path, "because otherwise all fields are pruned")] : [];
  });
}

/** Names, number and storage flags of the versions. */
function versionListFindings({ spec, versions }: InternalSpec): FieldError[] {
  const found: FieldError[] = [];
  const shown = spec.versions === undefined || spec.versions === null ? null : versionsForm(versions);
  const names = versions.map((version) => version.name);
  if (new Set(names).size < names.length)
    found.push(field.invalid("spec.versions", shown, "must contain unique version names"));
  if (versions.filter((version) => version.storage).length !== 1)
    found.push(field.invalid("spec.versions", shown, "must have exactly one version marked as storage version"));
  const [first] = names;
  const wrong = first ? dns1035Label(first) : [];
  if (wrong.length > 0) found.push(field.invalid("spec.version", first, wrong.join(",")));
  return found;
}

function immutableFindings(object: Definition, old: Definition): FieldError[] {
  const check = (value: unknown, before: unknown, path: string): FieldError[] =>
    deepEqual(value, before) ? [] : [field.invalid(path, value ?? "", "field is immutable")];
  const [now, before] = [object.spec, old.spec];
  return [
    ...(isEstablished(old)
      ? [
          ...check(now.scope, before.scope, "spec.scope"),
          ...check(now.names?.kind, before.names.kind, "spec.names.kind"),
        ]
      : []),
    ...check(now.group, before.group, "spec.group"),
    ...check(now.names?.plural, before.names.plural, "spec.names.plural"),
  ];
}

const statusFindings = ({ status }: Definition): FieldError[] =>
  nameListFindings(status?.acceptedNames, "status.acceptedNames");

function storedVersionFindings({ status, spec }: Definition): FieldError[] {
  const stored = status?.storedVersions ?? [];
  const path = "status.storedVersions";
  if (stored.length === 0) return [field.invalid(path, null, "must have at least one stored version")];
  const versions = spec.versions ?? [];
  return [
    ...versions
      .filter(
        ({ name, storage }, index) =>
          // A name that occurs again stands for nothing that is stored.
          storage && (!stored.includes(name) || versions.findIndex((each) => each.name === name) < index),
      )
      .map((version) => field.invalid(path, stored, `must have the storage version ${version.name}`)),
    ...stored.flatMap((name, index) =>
      versions.some((version) => version.name === name) || stored.lastIndexOf(name) !== index
        ? []
        : [
            field.invalid(
              indexPath(path, index),
              name,
              `missing from spec.versions; ${name} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${name} and removes ${name} from status.storedVersions`,
            ),
          ],
    ),
  ];
}

function approvalFindings(object: Definition, old: Definition | undefined): FieldError[] {
  if (!isProtectedGroup(object.spec.group ?? "")) return [];
  const { annotations } = object.metadata;
  const { state, reason } = approvalOf(annotations);
  if (old !== undefined && approvalOf(old.metadata.annotations).state === state) return [];
  const path = keyPath("metadata.annotations", approvalAnnotation);
  if (state === "missing") return [field.required(path, reason)];
  return state === "invalid" ? [field.invalid(path, annotations?.[approvalAnnotation] ?? "", reason)] : [];
}

function preserveFindings({ spec }: Definition, old: Definition | undefined): FieldError[] {
  if (spec.preserveUnknownFields !== true || old?.spec.preserveUnknownFields === true) return [];
  return [
    field.invalid(
      "spec.preserveUnknownFields",
      true,
      "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead",
    ),
  ];
}

/** Formats that nobody knows are taken and mean nothing; writers are told of new ones. */
export function formatWarnings(object: Definition, old: Definition | undefined): string[] {
  const known = new Set(old === undefined ? [] : unknownFormats(old));
  return unknownFormats(object)
    .filter((format) => !known.has(format))
    .map((format) => `unrecognized format ${quoteGo(format)}`);
}

function unknownFormats({ spec }: Definition): string[] {
  const found: string[] = [];
  for (const schema of schemasOf(internalSpec(spec)))
    someSchema(schema, ({ type, format }) => {
      if (format && !isKnownFormat(type ?? "", format)) found.push(format);
      return false;
    });
  return found;
}
