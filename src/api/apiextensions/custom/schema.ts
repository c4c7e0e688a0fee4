// JSON schemas of custom resources as a CustomResourceDefinition carries them, and walks over them.
// Upstream: apiextensions-apiserver pkg/apis/apiextensions types_jsonschema.go, pkg/apiserver/schema.

export interface ValidationRule {
  readonly rule: string;
  readonly message?: string;
  readonly messageExpression?: string;
  readonly reason?: string;
  readonly fieldPath?: string;
  readonly optionalOldSelf?: boolean;
}

/** One schema of `spec.versions[].schema.openAPIV3Schema`. */
export interface JsonSchema {
  readonly $ref?: string;
  readonly $schema?: string;
  readonly id?: string;
  readonly description?: string;
  readonly title?: string;
  readonly type?: string;
  readonly format?: string;
  readonly default?: unknown;
  readonly example?: unknown;
  readonly externalDocs?: { readonly description?: string; readonly url?: string };
  readonly nullable?: boolean;
  readonly maximum?: number;
  readonly exclusiveMaximum?: boolean;
  readonly minimum?: number;
  readonly exclusiveMinimum?: boolean;
  readonly maxLength?: number;
  readonly minLength?: number;
  readonly pattern?: string;
  readonly maxItems?: number;
  readonly minItems?: number;
  readonly uniqueItems?: boolean;
  readonly multipleOf?: number;
  readonly enum?: readonly unknown[];
  readonly maxProperties?: number;
  readonly minProperties?: number;
  readonly required?: readonly string[];
  readonly items?: JsonSchema | readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly anyOf?: readonly JsonSchema[];
  readonly not?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly patternProperties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalItems?: JsonSchema | boolean;
  readonly definitions?: Readonly<Record<string, JsonSchema>>;
  readonly dependencies?: Readonly<Record<string, JsonSchema | readonly string[]>>;
  readonly "x-kubernetes-preserve-unknown-fields"?: boolean;
  readonly "x-kubernetes-embedded-resource"?: boolean;
  readonly "x-kubernetes-int-or-string"?: boolean;
  readonly "x-kubernetes-list-map-keys"?: readonly string[];
  readonly "x-kubernetes-list-type"?: string;
  readonly "x-kubernetes-map-type"?: string;
  readonly "x-kubernetes-validations"?: readonly ValidationRule[];
}

export const preservesUnknown = (schema: JsonSchema): boolean =>
  schema["x-kubernetes-preserve-unknown-fields"] === true;
export const isEmbedded = (schema: JsonSchema): boolean => schema["x-kubernetes-embedded-resource"] === true;
export const isIntOrString = (schema: JsonSchema): boolean => schema["x-kubernetes-int-or-string"] === true;

/** The one schema of a list's items; undefined when there is none or a list of them. */
export const itemsOf = (schema: JsonSchema): JsonSchema | undefined =>
  schema.items === undefined || Array.isArray(schema.items) ? undefined : (schema.items as JsonSchema);

export const hasItemList = (schema: JsonSchema): boolean => Array.isArray(schema.items) && schema.items.length > 0;

/** A default of null is none. */
export const hasDefault = (schema: JsonSchema): boolean => schema.default !== undefined && schema.default !== null;

export const propertyOf = (schema: JsonSchema, name: string): JsonSchema | undefined =>
  schema.properties !== undefined && Object.hasOwn(schema.properties, name) ? schema.properties[name] : undefined;

/** The schema of additional properties, when it is one; true and false are none. */
export const additionalOf = (schema: JsonSchema): JsonSchema | undefined =>
  typeof schema.additionalProperties === "object" && schema.additionalProperties !== null
    ? schema.additionalProperties
    : undefined;

/** The root of a resource and embedded resources have kind, apiVersion and metadata without naming them. */
export const asResource = (schema: JsonSchema | undefined): JsonSchema =>
  schema === undefined
    ? { "x-kubernetes-embedded-resource": true }
    : isEmbedded(schema)
      ? schema
      : { ...schema, "x-kubernetes-embedded-resource": true };

export const typeMetaFields: ReadonlySet<string> = new Set(["apiVersion", "kind", "metadata"]);

/** Every schema in a schema, itself first; `visit` returns true to end the walk. */
export function someSchema(schema: JsonSchema | undefined, visit: (schema: JsonSchema) => boolean): boolean {
  if (schema === undefined) return false;
  if (visit(schema)) return true;
  return childrenOf(schema).some((child) => someSchema(child, visit));
}

function childrenOf(schema: JsonSchema): JsonSchema[] {
  const items = schema.items === undefined ? [] : Array.isArray(schema.items) ? schema.items : [schema.items];
  const maps = [schema.properties, schema.patternProperties, schema.definitions];
  const dependencies = Object.values(schema.dependencies ?? {}).filter((each) => !Array.isArray(each));
  const singles = [schema.not, schema.additionalProperties, schema.additionalItems];
  return [
    ...(items as readonly JsonSchema[]),
    ...(schema.allOf ?? []),
    ...(schema.anyOf ?? []),
    ...(schema.oneOf ?? []),
    ...maps.flatMap((map) => Object.values(map ?? {})),
    ...singles.filter((each): each is JsonSchema => typeof each === "object" && each !== null),
    ...(dependencies as JsonSchema[]),
  ];
}

/** Path of a map's entry and of a field, as upstream prints them; a path that does not exist yet is "". */
export const keyPath = (at: string, key: string): string => `${at}[${key}]`;
export const childPath = (at: string, name: string): string => (at === "" ? name : `${at}.${name}`);
export const indexPath = (at: string, index: number): string => `${at}[${index}]`;
