// Definitions as upstream holds them while it validates: what all versions have in common stands above them, and error texts
// name it there. Upstream: pkg/apis/apiextensions/v1/conversion.go.
import type {
  CustomResourceDefinition,
  CustomResourceDefinitionVersion,
} from "../../../../facts/types/apiextensions.v1.ts";
import { identical } from "../../../machinery/index.ts";
import {
  type GoForm,
  goBool,
  goList,
  goMap,
  goNumber,
  goOptional,
  goPointer,
  goString,
  goStruct,
} from "../../lib/formats/go-form.ts";
import type { JsonSchema } from "../custom/schema.ts";

export type Version = CustomResourceDefinitionVersion;
type Common = Pick<Version, "subresources" | "schema" | "additionalPrinterColumns" | "selectableFields">;

export interface InternalSpec {
  readonly spec: CustomResourceDefinition["spec"];
  /** What all versions share, if they do; versions do not have it then. */
  readonly common: Common;
  readonly versions: readonly Version[];
}

const commonFields = ["subresources", "schema", "additionalPrinterColumns", "selectableFields"] as const;

export function internalSpec(spec: CustomResourceDefinition["spec"]): InternalSpec {
  const versions = spec.versions ?? [];
  const [first, ...others] = versions;
  if (first === undefined) return { spec, common: {}, versions };
  const common: Record<string, unknown> = {};
  const shared = commonFields.filter((name) => others.every((each) => same(name, each, first)));
  for (const name of shared) if (first[name] !== undefined) common[name] = first[name];
  return {
    spec,
    common,
    versions: versions.map((version) => {
      const own = { ...version };
      for (const name of shared) delete own[name];
      return own;
    }),
  };
}

/** Compared as Go's values are: an empty list is as an absent one, an empty schema is not. */
function same(name: (typeof commonFields)[number], a: Version, b: Version): boolean {
  const [left, right] = [versionForm(a), versionForm(b)] as Record<string, unknown>[];
  const goName = name[0]!.toUpperCase() + name.slice(1);
  return identical(withoutEmpty(left![goName]), withoutEmpty(right![goName]));
}

const goMaps: ReadonlySet<string> = new Set(["Properties", "PatternProperties", "Dependencies", "Definitions"]);

function withoutEmpty(value: unknown, name = ""): unknown {
  if (isList(value)) return value.length === 0 ? null : value.map((each) => withoutEmpty(each));
  if (value === null || typeof value !== "object") return value;
  const members = Object.entries(value);
  if (members.length === 0 && goMaps.has(name)) return null;
  return Object.fromEntries(members.map(([key, each]) => [key, withoutEmpty(each, key)]));
}

export const schemaOf = (holder: Pick<Version, "schema"> | undefined): JsonSchema | undefined =>
  holder?.schema?.openAPIV3Schema as JsonSchema | undefined;

/** Every schema of a definition, with its version's name; one that all share has the first one's. */
export const schemasOf = ({ common, versions }: InternalSpec): JsonSchema[] =>
  [schemaOf(common), ...versions.map(schemaOf)].filter((schema) => schema !== undefined);

const lazy =
  (form: () => GoForm): GoForm =>
  (value) =>
    form()(value);
const schema: GoForm = lazy(() => schemaForm);
const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value);
const schemaOrList: GoForm = (value) =>
  isList(value)
    ? { Schema: null, JSONSchemas: value.map((each) => schema(each)) }
    : { Schema: schema(value), JSONSchemas: null };
const schemaOrBool: GoForm = (value) =>
  typeof value === "boolean" ? { Allows: value, Schema: null } : { Allows: true, Schema: schema(value) };
const schemaOrStrings: GoForm = (value) =>
  isList(value) ? { Schema: null, Property: value } : { Schema: schema(value), Property: null };

const ruleForm = goStruct({
  Rule: goString,
  Message: goString,
  MessageExpression: goString,
  Reason: goPointer,
  FieldPath: goString,
  OptionalOldSelf: goPointer,
});

/** A JSON schema as Go prints its internal type. */
export const schemaForm: GoForm = goStruct({
  ID: ["id", goString],
  Schema: ["$schema", goString],
  Ref: ["$ref", goPointer],
  Description: goString,
  Type: goString,
  Nullable: goBool,
  Format: goString,
  Title: goString,
  Default: goPointer,
  Maximum: goPointer,
  ExclusiveMaximum: goBool,
  Minimum: goPointer,
  ExclusiveMinimum: goBool,
  MaxLength: goPointer,
  MinLength: goPointer,
  Pattern: goString,
  MaxItems: goPointer,
  MinItems: goPointer,
  UniqueItems: goBool,
  MultipleOf: goPointer,
  Enum: goPointer,
  MaxProperties: goPointer,
  MinProperties: goPointer,
  Required: goPointer,
  Items: goOptional(schemaOrList),
  AllOf: goList(schema),
  OneOf: goList(schema),
  AnyOf: goList(schema),
  Not: goOptional(schema),
  Properties: goMap(schema),
  AdditionalProperties: goOptional(schemaOrBool),
  PatternProperties: goMap(schema),
  Dependencies: goMap(schemaOrStrings),
  AdditionalItems: goOptional(schemaOrBool),
  Definitions: goMap(schema),
  ExternalDocs: goOptional(goStruct({ Description: goString, URL: ["url", goString] })),
  Example: goPointer,
  XPreserveUnknownFields: ["x-kubernetes-preserve-unknown-fields", goPointer],
  XEmbeddedResource: ["x-kubernetes-embedded-resource", goBool],
  XIntOrString: ["x-kubernetes-int-or-string", goBool],
  XListMapKeys: ["x-kubernetes-list-map-keys", goPointer],
  XListType: ["x-kubernetes-list-type", goPointer],
  XMapType: ["x-kubernetes-map-type", goPointer],
  XValidations: ["x-kubernetes-validations", goList(ruleForm)],
});

/** Which fields of the Go type are not zero, in its order. */
export const setFieldsOf = (value: JsonSchema): string[] =>
  Object.entries(schemaForm(value) as Record<string, unknown>)
    .filter(([, each]) => each !== null && each !== "" && each !== false)
    .map(([name]) => name);

const columnForm = goStruct({
  Name: goString,
  Type: goString,
  Format: goString,
  Description: goString,
  Priority: goNumber,
  JSONPath: ["jsonPath", goString],
});

const versionForm: GoForm = goStruct({
  Name: goString,
  Served: goBool,
  Storage: goBool,
  Deprecated: goBool,
  DeprecationWarning: goPointer,
  Schema: goOptional(goStruct({ OpenAPIV3Schema: ["openAPIV3Schema", goOptional(schema)] })),
  Subresources: goOptional(
    goStruct({
      Status: goOptional(() => ({})),
      Scale: goOptional(
        goStruct({ SpecReplicasPath: goString, StatusReplicasPath: goString, LabelSelectorPath: goPointer }),
      ),
    }),
  ),
  AdditionalPrinterColumns: goList(columnForm),
  SelectableFields: goList(goStruct({ JSONPath: ["jsonPath", goString] })),
});

export const versionsForm: GoForm = goList(versionForm);
