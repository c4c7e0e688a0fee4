// Validation of CustomResourceDefinitions. Upstream: apiextensions-apiserver pkg/apis/apiextensions/validation.
import type { CustomResourceDefinition } from "../../../../facts/types/apiextensions.v1.ts";
import { resolveFieldPath } from "../../../machinery/cel/kubernetes/index.ts";
import {
  deepEqual,
  dns1035Label,
  dns1123Subdomain,
  type FieldError,
  field,
  quoteGo,
} from "../../../machinery/index.ts";
import { subdomainName } from "../../lib/metadata.ts";
import { approvalAnnotation, approvalOf, isProtectedGroup } from "../custom/approval.ts";
import { isKnownFormat } from "../custom/formats.ts";
import { childPath, hasDefault, indexPath, type JsonSchema, keyPath, someSchema } from "../custom/schema.ts";
import { notStructural } from "../custom/structural.ts";
import { validateConversion } from "./conversion.ts";
import { type InternalSpec, internalSpec, schemaOf, schemasOf, type Version, versionsForm } from "./internal.ts";
import { type SchemaRules, schemaFaults, validateSchema } from "./validate-schema.ts";

type Definition = CustomResourceDefinition;
type Names = Definition["spec"]["names"];

interface SpecRules extends SchemaRules {
  readonly reviewVersions: boolean;
  readonly caBundle: boolean;
  /** Names of versions whose schemas are those that were there before. */
  readonly unchanged: ReadonlySet<string>;
  /** Names of versions, "" for all of them, with too many selectable fields ever since. */
  readonly manyFields: ReadonlySet<string>;
}

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

const mostSelectableFields = 8;

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
  void subdomainName;
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
  const { spec, common, versions } = internal;
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
    ...(common === undefined ? [] : []),
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

function groupFindings(group: string): FieldError[] {
  if (group === "") return [field.required("spec.group")];
  const wrong = dns1123Subdomain(group);
  if (wrong.length > 0) return [field.invalid("spec.group", group, wrong.join(","))];
  return group.includes(".") ? [] : [field.invalid("spec.group", group, "should be a domain with at least one dot")];
}

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

interface VersionPlace {
  readonly index: number;
  readonly internal: InternalSpec;
  readonly rules: SpecRules;
}

function versionFindings(version: Version, { index, internal, rules }: VersionPlace): FieldError[] {
  const path = indexPath("spec.versions", index);
  const wrongName = dns1035Label(version.name ?? "");
  const perVersion = internal.versions.some((each) => each.subresources !== undefined);
  const subresources = perVersion ? version.subresources : internal.common.subresources;
  const schema = schemaOf(version);
  return [
    ...(wrongName.length > 0 ? [field.invalid(`${path}.name`, version.name ?? "", wrongName.join(","))] : []),
    ...deprecationFindings(version, `${path}.deprecationWarning`),
    ...(schema === undefined
      ? []
      : validateSchema(
          schema,
          {
            at: `${path}.schema`,
            statusSubresource: subresources?.status !== undefined,
            unchanged: rules.unchanged.has(version.name),
          },
          rules,
        )),
    ...subresourceFindings(version.subresources, `${path}.subresources`),
    ...columnFindings(version.additionalPrinterColumns, `${path}.additionalPrinterColumns`),
    ...selectableFindings(version, { at: path, name: version.name, rules }),
  ];
}

function deprecationFindings({ deprecated, deprecationWarning: text }: Version, path: string): FieldError[] {
  if (text === undefined) return [];
  const found: string[] = [];
  if (deprecated !== true) return [field.invalid(path, text, "can only be set for deprecated versions")];
  const bytes = new TextEncoder();
  if (bytes.encode(text).length > 256) found.push("must be <= 256 characters long");
  if (text === "") found.push("must not be an empty string");
  const bad = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.exec(text);
  if (bad !== null)
    found.push(
      `must only contain printable UTF-8 characters; non-printable character found at index ${bytes.encode(text.slice(0, bad.index)).length}`,
    );
  return found.map((why) => field.invalid(path, text, why));
}

/** Simple paths begin with a dot; what upstream checks beside that never fails. */
function pathFindings(path: string, at: string): FieldError[] {
  return path.startsWith(".") ? [] : [field.invalid(at, path, "must be a simple json path starting with .")];
}

function subresourceFindings(subresources: Version["subresources"], at: string): FieldError[] {
  const scale = subresources?.scale;
  if (scale === undefined) return [];
  const check = (name: "specReplicasPath" | "statusReplicasPath", prefix: string): FieldError[] => {
    const path = `${at}.scale.${name}`;
    const value = scale[name] ?? "";
    if (value === "") return [field.required(path)];
    const wrong = pathFindings(value, path);
    if (wrong.length > 0 || value.startsWith(`${prefix}.`)) return wrong;
    return [field.invalid(path, value, `should be a json path under ${prefix}`)];
  };
  const selector = scale.labelSelectorPath ?? "";
  const selectorPath = `${at}.scale.labelSelectorPath`;
  const wrongSelector = selector === "" ? [] : pathFindings(selector, selectorPath);
  const outside = selector !== "" && wrongSelector.length === 0 && !/^\.(?:spec|status)\./.test(selector);
  return [
    ...check("specReplicasPath", ".spec"),
    ...check("statusReplicasPath", ".status"),
    ...wrongSelector,
    ...(outside ? [field.invalid(selectorPath, selector, "should be a json path under either .spec or .status")] : []),
  ];
}

const columnTypes = ["boolean", "date", "integer", "number", "string"];
const columnFormats = ["byte", "date", "date-time", "double", "float", "int32", "int64", "password"];

function columnFindings(columns: Version["additionalPrinterColumns"], at: string): FieldError[] {
  return (columns ?? []).flatMap((column, index) => {
    const path = indexPath(at, index);
    const found: FieldError[] = [];
    const type = column.type ?? "";
    if (!column.name) found.push(field.required(`${path}.name`));
    const typeText = `must be one of ${columnTypes.join(",")}`;
    if (type === "") found.push(field.required(`${path}.type`, typeText));
    else if (!columnTypes.includes(type)) found.push(field.invalid(`${path}.type`, type, typeText));
    if (column.format && !columnFormats.includes(column.format))
      found.push(field.invalid(`${path}.format`, column.format, `must be one of ${columnFormats.join(",")}`));
    if (!column.jsonPath) found.push(field.required(`${path}.JSONPath`));
    else found.push(...pathFindings(column.jsonPath, `${path}.JSONPath`));
    return found;
  });
}

const selectableTypes: ReadonlySet<string> = new Set(["string", "boolean", "integer"]);

function selectableFindings(
  holder: Pick<Version, "schema" | "selectableFields">,
  { at, name, rules }: { at: string; name: string; rules: SpecRules },
): FieldError[] {
  const fields = holder.selectableFields ?? [];
  if (fields.length === 0) return [];
  const path = childPath(at, "selectableFields");
  const schema = schemaOf(holder);
  if (schema === undefined)
    return [
      field.invalid(
        path,
        "",
        name === ""
          ? "may only be set when validations.schema is included"
          : "may only be set when `version.schema.openAPIV3Schema` is not included",
      ),
    ];
  const why = notStructural(schema);
  if (why !== undefined) return [field.invalid(`${at}.schema.openAPIV3Schema`, "", why)];
  const found: FieldError[] = [];
  const seen = new Set<string>();
  fields.forEach(({ jsonPath }, index) => {
    const fieldPath = `${indexPath(path, index)}.jsonPath`;
    if (!jsonPath) {
      found.push(field.required(fieldPath));
      return;
    }
    const resolved = resolveFieldPath(jsonPath, schema, { brackets: false });
    if ("error" in resolved) {
      found.push(field.invalid(fieldPath, jsonPath, `is an invalid path: ${resolved.error}`));
      return;
    }
    if (/^metadata(?:[.[]|$)/.test(resolved.path))
      found.push(field.invalid(fieldPath, jsonPath, "must not point to fields in metadata"));
    if (!selectableTypes.has(resolved.schema.type ?? ""))
      found.push(
        field.invalid(
          fieldPath,
          jsonPath,
          "must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.",
        ),
      );
    if (seen.has(resolved.path)) found.push(field.duplicate(fieldPath, jsonPath));
    seen.add(resolved.path);
  });
  if (seen.size > mostSelectableFields && !rules.manyFields.has(name))
    found.push(field.tooMany(path, seen.size, mostSelectableFields));
  return found;
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

function namesFindings(names: Names | undefined): FieldError[] {
  const required = (["plural", "singular", "kind", "listKind"] as const).flatMap((name) =>
    names?.[name] ? [] : [field.required(`spec.names.${name}`)],
  );
  return [...required, ...nameListFindings(names, "spec.names")];
}

function nameListFindings(names: Names | undefined, at: string): FieldError[] {
  if (names === undefined) return [];
  const found: FieldError[] = [];
  const label = (value: string | undefined, path: string): void => {
    const wrong = value ? dns1035Label(value) : [];
    if (wrong.length > 0) found.push(field.invalid(path, value, wrong.join(",")));
  };
  const kind = (value: string | undefined, path: string): void => {
    const wrong = value ? dns1035Label(value.toLowerCase()) : [];
    if (wrong.length > 0)
      found.push(field.invalid(path, value, `may have mixed case, but should otherwise match: ${wrong.join(",")}`));
  };
  label(names.plural, `${at}.plural`);
  label(names.singular, `${at}.singular`);
  kind(names.kind, `${at}.kind`);
  kind(names.listKind, `${at}.listKind`);
  const every = (list: readonly string[] | undefined, path: string): void =>
    list?.forEach((each, index) => {
      const wrong = dns1035Label(each);
      if (wrong.length > 0) found.push(field.invalid(indexPath(path, index), each, wrong.join(",")));
    });
  every(names.shortNames, `${at}.shortNames`);
  if (names.kind && names.kind === names.listKind)
    found.push(field.invalid(`${at}.listKind`, names.listKind, "kind and listKind may not be the same"));
  every(names.categories, `${at}.categories`);
  return found;
}

/** What all versions share is checked where upstream keeps it. */
function commonFindings({ common, versions }: InternalSpec, rules: SpecRules): FieldError[] {
  const schema = schemaOf(common);
  const [first] = versions;
  const status =
    common.subresources?.status ?? versions.find((each) => each.subresources?.status)?.subresources?.status;
  return [
    ...(schema === undefined
      ? []
      : validateSchema(
          schema,
          {
            at: "spec.validation",
            statusSubresource: status !== undefined,
            unchanged: first !== undefined && rules.unchanged.has(first.name),
          },
          rules,
        )),
    ...subresourceFindings(common.subresources, "spec.subresources"),
    ...columnFindings(common.additionalPrinterColumns, "spec.additionalPrinterColumns"),
    ...selectableFindings(common, { at: "spec", name: "", rules }),
  ];
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
