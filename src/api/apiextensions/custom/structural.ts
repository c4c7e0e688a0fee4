// Structural schemas: every value has one type on the way from the root, so that pruning and defaulting are well-defined.
// Upstream: pkg/apiserver/schema {convert,validation,complete}.go, KEP-1111.

import { type FieldError, field } from "../../../machinery/index.ts";
import { compileGoPattern, patternCost } from "../../../machinery/regexp/index.ts";
import {
  additionalOf,
  childPath,
  hasItemList,
  indexPath,
  isEmbedded,
  isIntOrString,
  itemsOf,
  type JsonSchema,
  keyPath,
  preservesUnknown,
  propertyOf,
} from "./schema.ts";

/** Why a schema cannot even be looked at as a structural one, in upstream's words; undefined when it can. */
export function notStructural(schema: JsonSchema | undefined): string | undefined {
  if (schema === undefined) return undefined;
  const own = unsupported(schema);
  if (own !== undefined) return own;
  for (const nested of [schema.not, ...(schema.allOf ?? []), ...(schema.anyOf ?? []), ...(schema.oneOf ?? [])]) {
    const why = notStructural(nested);
    if (why !== undefined) return why;
  }
  if (schema["x-kubernetes-preserve-unknown-fields"] === false)
    return "internal error: 'x-kubernetes-preserve-unknown-fields' must be true or undefined";
  if (hasItemList(schema)) return "OpenAPIV3Schema 'items' must be a schema, but is an array";
  for (const child of [itemsOf(schema), ...Object.values(schema.properties ?? {}), additionalOf(schema)]) {
    const why = notStructural(child);
    if (why !== undefined) return why;
  }
  return undefined;
}

function unsupported(schema: JsonSchema): string | undefined {
  const has = (value: object | undefined): boolean => value !== undefined && Object.keys(value).length > 0;
  const name = schema.id
    ? "id"
    : schema.$schema
      ? "schema"
      : schema.$ref
        ? "$ref"
        : has(schema.patternProperties)
          ? "patternProperties"
          : has(schema.dependencies)
            ? "dependencies"
            : schema.additionalItems !== undefined
              ? "additionalItems"
              : has(schema.definitions)
                ? "definitions"
                : undefined;
  return name === undefined ? undefined : `OpenAPIV3Schema '${name}' is not supported`;
}

type Level = "root" | "item" | "field";

/** Findings about a schema that can be looked at as structural, sorted by their text. */
export function validateStructural(schema: JsonSchema, at: string): FieldError[] {
  const patterns = new Set<string>();
  collectPatterns(schema, patterns);
  let cost = 0;
  for (const pattern of patterns) cost += patternCost(pattern);
  if (cost > mostCostOfPatterns)
    return [field.invalid(at, `${patterns.size} patterns`, "must be smaller in all: expressions too large")];
  const found = [...invariants(schema, "root", at), ...completeness(schema, schema, { schemaAt: at, at })];
  const text = (each: FieldError): string => `${each.field}: ${each.message}`;
  return found.sort((a, b) => (text(a) < text(b) ? -1 : text(a) > text(b) ? 1 : 0));
}

/** What the patterns of one schema may cost together, where some tens are usual. */
const mostCostOfPatterns = 200_000;

function collectPatterns(schema: JsonSchema, patterns: Set<string>): void {
  if (schema.pattern) patterns.add(schema.pattern);
  const inside = [itemsOf(schema), additionalOf(schema), schema.not];
  for (const child of inside) if (child !== undefined) collectPatterns(child, patterns);
  for (const list of [schema.anyOf, schema.allOf, schema.oneOf])
    for (const child of list ?? []) collectPatterns(child, patterns);
  for (const child of Object.values(schema.properties ?? {})) collectPatterns(child, patterns);
}

const typeless: Readonly<Record<Level, string>> = {
  root: "must not be empty at the root",
  item: "must not be empty for specified array items",
  field: "must not be empty for specified object fields",
};

function invariants(schema: JsonSchema, level: Level, at: string): FieldError[] {
  const found: FieldError[] = [];
  const items = itemsOf(schema);
  const additional = additionalOf(schema);
  const type = schema.type ?? "";
  if (type === "array" && items === undefined) found.push(field.required(childPath(at, "items"), "must be specified"));
  if (items !== undefined) found.push(...invariants(items, "item", childPath(at, "items")));
  for (const [name, property] of Object.entries(schema.properties ?? {}))
    found.push(...invariants(property, "field", keyPath(childPath(at, "properties"), name)));
  if (schema.additionalProperties !== undefined) {
    const path = childPath(at, "additionalProperties");
    if (level === "root") found.push(field.forbidden(path, "must not be used at the root"));
    if (additional !== undefined) found.push(...invariants(additional, "field", path));
  }
  found.push(...extensions(schema, at));
  found.push(...valueValidation(schema, { intOrString: intOrStringPattern(schema), at }));
  found.push(...typeFindings(schema, level, at));
  if (isEmbedded(schema) && schema.additionalProperties !== undefined)
    found.push(
      field.forbidden(
        childPath(at, "additionalProperties"),
        "must not be used if x-kubernetes-embedded-resource is set",
      ),
    );
  if (level === "root" && type !== "" && type !== "object")
    found.push(field.invalid(childPath(at, "type"), type, "must be object at the root"));
  found.push(...typeMeta(schema, level, at));
  if (isEmbedded(schema) && !preservesUnknown(schema) && Object.keys(schema.properties ?? {}).length === 0)
    found.push(
      field.required(
        childPath(at, "properties"),
        "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields",
      ),
    );
  return found;
}

function typeFindings(schema: JsonSchema, level: Level, at: string): FieldError[] {
  const type = schema.type ?? "";
  const path = childPath(at, "type");
  const wanted = "must be object if x-kubernetes-embedded-resource is true";
  if (isEmbedded(schema) && type !== "object")
    return [type === "" ? field.required(path, wanted) : field.invalid(path, type, wanted)];
  if (type === "" && !isIntOrString(schema) && !preservesUnknown(schema))
    return [field.required(path, typeless[level])];
  return [];
}

function typeMeta(schema: JsonSchema, level: Level, at: string): FieldError[] {
  const found: FieldError[] = [];
  const isResource = level === "root" || isEmbedded(schema);
  const pathOf = (name: string): string => keyPath(childPath(at, "properties"), name);
  if (isResource)
    for (const name of ["kind", "apiVersion"]) {
      const property = propertyOf(schema, name);
      if (property !== undefined && property.type !== "string")
        found.push(field.invalid(childPath(pathOf(name), "type"), property.type ?? "", "must be string"));
    }
  const metadata = propertyOf(schema, "metadata");
  if (metadata === undefined) return found;
  if (isResource && metadata.type !== "object")
    found.push(field.invalid(childPath(pathOf("metadata"), "type"), metadata.type ?? "", "must be object"));
  if (level === "root" && saysMoreThanNames(metadata))
    found.push(
      field.forbidden(
        pathOf("metadata"),
        "must not specify anything other than name and generateName, but metadata is implicitly specified",
      ),
    );
  return found;
}

function saysMoreThanNames(metadata: JsonSchema): boolean {
  const { type: _, default: __, properties = {}, ...rest } = metadata;
  if (Object.values(rest).some((value) => !isEmpty(value))) return true;
  return Object.keys(properties).some((name) => name !== "name" && name !== "generateName");
}

const isEmpty = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  value === "" ||
  value === false ||
  (Array.isArray(value) && value.length === 0);

function extensions(schema: JsonSchema, at: string): FieldError[] {
  if (!isIntOrString(schema)) return [];
  const found: FieldError[] = [];
  const wanted = "must be false if x-kubernetes-int-or-string is true";
  if (preservesUnknown(schema))
    found.push(field.invalid(childPath(at, "x-kubernetes-preserve-unknown-fields"), true, wanted));
  if (isEmbedded(schema)) found.push(field.invalid(childPath(at, "x-kubernetes-embedded-resource"), true, wanted));
  return found;
}

/** The one use of types in anyOf that is allowed: integer, then string. */
const isIntOrStringList = (list: readonly JsonSchema[] | undefined): boolean =>
  list?.length === 2 && onlyType(list[0]!, "integer") && onlyType(list[1]!, "string");
const onlyType = (schema: JsonSchema, type: string): boolean =>
  schema.type === type && Object.entries(schema).every(([key, value]) => key === "type" || isEmpty(value));

interface IntOrStringPattern {
  readonly anyOf: boolean;
  /** In the first of allOf. */
  readonly allOf: boolean;
}
const intOrStringPattern = (schema: JsonSchema): IntOrStringPattern => ({
  anyOf: isIntOrStringList(schema.anyOf),
  allOf: isIntOrStringList(schema.allOf?.[0]?.anyOf),
});

interface ValueWalk {
  readonly intOrString: IntOrStringPattern;
  readonly at: string;
  /** x-kubernetes-validations may stand here. */
  readonly rules?: boolean;
}

const nothingSpecial: IntOrStringPattern = { anyOf: false, allOf: false };

function valueValidation(schema: JsonSchema, { intOrString, at }: ValueWalk): FieldError[] {
  const found: FieldError[] = [];
  if (!intOrString.anyOf)
    schema.anyOf?.forEach((each, index) => {
      found.push(...nested(each, nothingSpecial, indexPath(childPath(at, "anyOf"), index)));
    });
  schema.allOf?.forEach((each, index) => {
    const special = { anyOf: intOrString.allOf && index === 0, allOf: false };
    found.push(...nested(each, special, indexPath(childPath(at, "allOf"), index)));
  });
  schema.oneOf?.forEach((each, index) => {
    found.push(...nested(each, nothingSpecial, indexPath(childPath(at, "oneOf"), index)));
  });
  if (schema.not !== undefined) found.push(...nested(schema.not, nothingSpecial, childPath(at, "not")));
  if (schema.pattern) {
    const problem = patternProblem(schema.pattern);
    if (problem !== undefined)
      found.push(
        field.invalid(
          childPath(at, "pattern"),
          schema.pattern,
          `must be a valid regular expression, but isn't: ${problem}`,
        ),
      );
  }
  return found;
}

/** Go's error of a pattern that it cannot compile. */
function patternProblem(pattern: string): string | undefined {
  try {
    compileGoPattern(pattern);
    return undefined;
  } catch (error) {
    const text = (error as Error).message;
    return text.startsWith("error parsing regexp") ? text : `error parsing regexp: ${text}`;
  }
}

function nested(schema: JsonSchema, special: IntOrStringPattern, at: string): FieldError[] {
  const found = valueValidation(schema, { intOrString: special, at });
  const items = itemsOf(schema);
  if (items !== undefined) found.push(...nested(items, nothingSpecial, childPath(at, "items")));
  for (const [name, property] of Object.entries(schema.properties ?? {}))
    found.push(...nested(property, nothingSpecial, keyPath(childPath(at, "properties"), name)));
  const refuse = (name: string, wanted: string): void =>
    void found.push(field.forbidden(childPath(at, name), `${wanted} to be structural`));
  if (schema.type) refuse("type", "must be empty");
  if (schema.additionalProperties !== undefined && schema.additionalProperties !== false)
    refuse("additionalProperties", "must be undefined");
  if (schema.default !== undefined && schema.default !== null) refuse("default", "must be undefined");
  if (schema.title) refuse("title", "must be empty");
  if (schema.description) refuse("description", "must be empty");
  if (schema.nullable === true) refuse("nullable", "must be false");
  for (const name of ["preserve-unknown-fields", "embedded-resource", "int-or-string"] as const)
    if (schema[`x-kubernetes-${name}`] === true) refuse(`x-kubernetes-${name}`, "must be false");
  if ((schema["x-kubernetes-list-map-keys"]?.length ?? 0) > 0) refuse("x-kubernetes-list-map-keys", "must be empty");
  if (schema["x-kubernetes-list-type"] !== undefined) refuse("x-kubernetes-list-type", "must be undefined");
  if (schema["x-kubernetes-map-type"] !== undefined) refuse("x-kubernetes-map-type", "must be undefined");
  if ((schema["x-kubernetes-validations"]?.length ?? 0) > 0) refuse("x-kubernetes-validations", "must be empty");
  if (propertyOf(schema, "metadata") !== undefined)
    found.push(
      field.forbidden(keyPath(childPath(at, "properties"), "metadata"), "must not be specified in a nested context"),
    );
  return found;
}

/** Where the nested schema stands, and the structural one that has to know what it speaks of. */
interface Completing {
  readonly schemaAt: string;
  readonly at: string;
}

function completeness(schema: JsonSchema, whole: JsonSchema, { schemaAt, at }: Completing): FieldError[] {
  const list = (name: "allOf" | "anyOf" | "oneOf"): FieldError[] =>
    (schema[name] ?? []).flatMap((each, index) =>
      nestedCompleteness(each, whole, { schemaAt, at: indexPath(childPath(at, name), index) }),
    );
  return [
    ...(schema.not === undefined ? [] : nestedCompleteness(schema.not, whole, { schemaAt, at: childPath(at, "not") })),
    ...list("allOf"),
    ...list("anyOf"),
    ...list("oneOf"),
  ];
}

function nestedCompleteness(
  schema: JsonSchema,
  whole: JsonSchema | undefined,
  { schemaAt, at }: Completing,
): FieldError[] {
  if (whole === undefined) return [field.required(schemaAt, `because it is defined in ${at}`)];
  const found = completeness(schema, whole, { schemaAt, at });
  const items = itemsOf(schema);
  if (items !== undefined)
    found.push(
      ...nestedCompleteness(items, itemsOf(whole), {
        schemaAt: childPath(schemaAt, "items"),
        at: childPath(at, "items"),
      }),
    );
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const below = {
      schemaAt: keyPath(childPath(schemaAt, "properties"), name),
      at: keyPath(childPath(at, "properties"), name),
    };
    const known = propertyOf(whole, name);
    if (known === undefined) found.push(field.required(below.schemaAt, `because it is defined in ${below.at}`));
    else found.push(...nestedCompleteness(property, known, below));
  }
  return found;
}
