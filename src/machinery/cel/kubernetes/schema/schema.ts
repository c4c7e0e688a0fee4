/**
 * What CEL needs to know of an OpenAPI v3 schema, in the form in which CustomResourceDefinitions carry it. A schema must be
 * structural: every value has one type on the way from the root. Source: k8s.io/apiserver/pkg/cel/common/adaptor.go.
 */

export interface ValidationRule {
  readonly rule: string;
  readonly message?: string;
  readonly messageExpression?: string;
  readonly reason?: string;
  readonly fieldPath?: string;
  readonly optionalOldSelf?: boolean;
}

export interface RuleSchema {
  readonly type?: string;
  readonly format?: string;
  readonly default?: unknown;
  readonly nullable?: boolean;
  readonly maxLength?: number;
  readonly maxItems?: number;
  readonly maxProperties?: number;
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
  /** A list of schemas is never structural and is not looked into. */
  readonly items?: RuleSchema | readonly RuleSchema[];
  readonly properties?: Readonly<Record<string, RuleSchema>>;
  readonly additionalProperties?: RuleSchema | boolean;
  readonly allOf?: readonly RuleSchema[];
  readonly "x-kubernetes-preserve-unknown-fields"?: boolean;
  readonly "x-kubernetes-embedded-resource"?: boolean;
  readonly "x-kubernetes-int-or-string"?: boolean;
  readonly "x-kubernetes-list-map-keys"?: readonly string[];
  readonly "x-kubernetes-list-type"?: string;
  readonly "x-kubernetes-map-type"?: string;
  readonly "x-kubernetes-validations"?: readonly ValidationRule[];
}

export const itemsOf = (schema: RuleSchema): RuleSchema | undefined =>
  schema.items === undefined || Array.isArray(schema.items) ? undefined : (schema.items as RuleSchema);

export const propertyOf = (schema: RuleSchema, name: string): RuleSchema | undefined =>
  schema.properties !== undefined && Object.hasOwn(schema.properties, name) ? schema.properties[name] : undefined;

/** The schema of additional properties, when it is one: true and false are none. */
export const additionalOf = (schema: RuleSchema): RuleSchema | undefined =>
  typeof schema.additionalProperties === "object" && schema.additionalProperties !== null
    ? schema.additionalProperties
    : undefined;

export const isEmbedded = (schema: RuleSchema): boolean => schema["x-kubernetes-embedded-resource"] === true;
export const isIntOrString = (schema: RuleSchema): boolean => schema["x-kubernetes-int-or-string"] === true;
export const rulesOf = (schema: RuleSchema): readonly ValidationRule[] => schema["x-kubernetes-validations"] ?? [];

const text: RuleSchema = { type: "string" };
const minimalMetadata: RuleSchema = { type: "object", properties: { name: text, generateName: text } };

/** The schema with kind, apiVersion, and a metadata that has name and generateName and nothing else. */
export function withTypeAndObjectMeta(schema: RuleSchema): RuleSchema {
  const metadata = propertyOf(schema, "metadata");
  const complete =
    propertyOf(schema, "kind")?.type === "string" &&
    propertyOf(schema, "apiVersion")?.type === "string" &&
    metadata?.type === "object" &&
    propertyOf(metadata, "name")?.type === "string" &&
    propertyOf(metadata, "generateName")?.type === "string";
  if (complete) return schema;
  return { ...schema, properties: { ...schema.properties, kind: text, apiVersion: text, metadata: minimalMetadata } };
}

/** Whether the schema or one below it, outside allOf and the like, has a rule. */
export function hasRules(schema: RuleSchema | undefined): boolean {
  if (schema === undefined) return false;
  if (rulesOf(schema).length > 0) return true;
  return (
    hasRules(itemsOf(schema)) ||
    hasRules(additionalOf(schema)) ||
    Object.values(schema.properties ?? {}).some((property) => hasRules(property))
  );
}
