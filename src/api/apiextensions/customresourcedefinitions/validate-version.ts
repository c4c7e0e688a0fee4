// One version of a definition, and what all of its versions share: schema, subresources, columns, selectable fields.
import { resolveFieldPath } from "../../../machinery/cel/kubernetes/index.ts";
import { dns1035Label, type FieldError, field } from "../../../machinery/index.ts";
import { childPath, indexPath } from "../custom/schema.ts";
import { notStructural } from "../custom/structural.ts";
import { type InternalSpec, schemaOf, type Version } from "./internal.ts";
import { type SchemaRules, validateSchema } from "./validate-schema.ts";

export interface SpecRules extends SchemaRules {
  readonly reviewVersions: boolean;
  readonly caBundle: boolean;
  /** Names of versions whose schemas are those that were there before. */
  readonly unchanged: ReadonlySet<string>;
  /** Names of versions, "" for all of them, with too many selectable fields ever since. */
  readonly manyFields: ReadonlySet<string>;
}

export const mostSelectableFields = 8;

interface VersionPlace {
  readonly index: number;
  readonly internal: InternalSpec;
  readonly rules: SpecRules;
}

export function versionFindings(version: Version, { index, internal, rules }: VersionPlace): FieldError[] {
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

/** What all versions share is checked where upstream keeps it. */
export function commonFindings({ common, versions }: InternalSpec, rules: SpecRules): FieldError[] {
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
