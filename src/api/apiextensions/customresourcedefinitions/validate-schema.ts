// The schemas of a definition. Upstream: validateCustomResourceDefinitionValidation and what it calls, in
// pkg/apis/apiextensions/validation/validation.go.
import { checkRules } from "../../../machinery/cel/kubernetes/index.ts";
import { type FieldError, field } from "../../../machinery/index.ts";
import { validateDefaults } from "../custom/default-validation.ts";
import { defaultRuleFindings } from "../custom/expressions.ts";
import {
  additionalOf,
  childPath,
  hasDefault,
  hasItemList,
  indexPath,
  isEmbedded,
  itemsOf,
  type JsonSchema,
  keyPath,
  propertyOf,
  someSchema,
} from "../custom/schema.ts";
import { notStructural, validateStructural } from "../custom/structural.ts";
import { schemaForm, setFieldsOf } from "./internal.ts";

/** What is asked of a definition; updates leave alone what was wrong before. */
export interface SchemaRules {
  readonly openApiSchema: boolean;
  readonly validPropertyType: boolean;
  readonly structural: boolean;
  readonly prunedDefaults: boolean;
  readonly atomicSetType: boolean;
  readonly mapListKeys: boolean;
}

export interface SchemaPlace {
  /** Path of what holds `openAPIV3Schema`. */
  readonly at: string;
  readonly statusSubresource: boolean;
  /** The schema is the one that was there before: expressions may cost what they did. */
  readonly unchanged: boolean;
}

const allowedAtRoot = [
  "Description",
  "Type",
  "Format",
  "Title",
  "Maximum",
  "ExclusiveMaximum",
  "Minimum",
  "ExclusiveMinimum",
  "MaxLength",
  "MinLength",
  "Pattern",
  "MaxItems",
  "MinItems",
  "UniqueItems",
  "MultipleOf",
  "Required",
  "Items",
  "Properties",
  "ExternalDocs",
  "Example",
  "XPreserveUnknownFields",
  "XValidations",
];

export function validateSchema(schema: JsonSchema, place: SchemaPlace, rules: SchemaRules): FieldError[] {
  const path = childPath(place.at, "openAPIV3Schema");
  const found: FieldError[] = place.statusSubresource ? rootFindings(schema, path) : [];
  if (schema.nullable === true) found.push(field.forbidden(`${path}.nullable`, "nullable cannot be true at the root"));
  let structural = false;
  let why: string | undefined;
  if (rules.structural) {
    why = notStructural(schema);
    const wrong = why === undefined ? structuralFindings(schema, path, rules) : [];
    structural = why === undefined && wrong.length === 0;
    found.push(...wrong);
  }
  const own: FieldError[] = [];
  const owners = new Map<FieldError, string>();
  visit(schema, { path, rules, found: own, owners, isRoot: true, defaults: "allowed", insideMeta: false });
  const checked = checkRules(schema, path, {
    broken: (at) => !structural || own.some((each) => isWithin(owners.get(each) ?? each.field, at)),
    suppressPerExpressionCost: place.unchanged,
  });
  const costs = checked.errors.filter((each) => isTotalCost(each, path));
  found.push(...own, ...checked.errors.filter((each) => !costs.includes(each)));
  if (found.length === 0 && why !== undefined) found.push(field.invalid(path, "", why));
  return [...found, ...costs];
}

const isTotalCost = ({ field: at, message }: FieldError, path: string): boolean =>
  (at === path && message.includes("x-kubernetes-validations estimated rule cost total")) ||
  message.includes("contributed to estimated rule cost total");

const isWithin = (path: string, at: string): boolean =>
  path === at || path.startsWith(`${at}.`) || path.startsWith(`${at}[`);

function structuralFindings(schema: JsonSchema, path: string, rules: SchemaRules): FieldError[] {
  const found = validateStructural(schema, path);
  if (found.length > 0) return found;
  return validateDefaults(schema, path, {
    requirePruned: rules.prunedDefaults,
    rules: (of, value, at) => defaultRuleFindings(of, { value, at, root: of === schema }),
  });
}

/** With a status subresource the root is for properties and little else. */
function rootFindings(schema: JsonSchema, path: string): FieldError[] {
  for (const name of setFieldsOf(schema)) {
    if (name === "Type") {
      if (schema.type === "object") continue;
      return [
        field.invalid(
          `${path}.type`,
          schema.type,
          'only "object" is allowed as the type at the root of the schema if the status subresource is enabled',
        ),
      ];
    }
    if (!allowedAtRoot.includes(name))
      return [
        field.invalid(
          path,
          schemaForm(schema),
          `only [${allowedAtRoot.join(" ")}] fields are allowed at the root of the schema if the status subresource is enabled`,
        ),
      ];
  }
  return [];
}

interface Visit {
  readonly path: string;
  readonly rules: SchemaRules;
  readonly found: FieldError[];
  /** Which schema a finding came up with: a list may find fault with its items. */
  readonly owners: Map<FieldError, string>;
  readonly isRoot: boolean;
  /** "allowed", or why they are not. */
  readonly defaults: string;
  readonly insideMeta: boolean;
}

function visit(schema: JsonSchema, at: Visit): void {
  const { path, found } = at;
  found.push(...ownFindings(schema, at));
  if (schema.uniqueItems === true)
    found.push(
      field.forbidden(
        childPath(path, "uniqueItems"),
        "uniqueItems cannot be set to true since the runtime complexity becomes quadratic",
      ),
    );
  visitAdditional(schema, at);
  visitProperties(schema, at);
  const below = (child: JsonSchema | undefined, childAt: string): void => {
    if (child !== undefined) visit(child, { ...at, path: childAt, isRoot: false });
  };
  below(schema.not, childPath(path, "not"));
  for (const name of ["allOf", "oneOf", "anyOf"] as const)
    schema[name]?.forEach((each, index) => {
      below(each, indexPath(childPath(path, name), index));
    });
  for (const [name, each] of Object.entries(schema.definitions ?? {}))
    below(each, keyPath(childPath(path, "definitions"), name));
  below(itemsOf(schema), childPath(path, "items"));
  if (hasItemList(schema))
    (schema.items as readonly JsonSchema[]).forEach((each, index) => {
      below(each, indexPath(childPath(path, "items"), index));
    });
  for (const [name, each] of Object.entries(schema.dependencies ?? {}))
    if (!Array.isArray(each)) below(each as JsonSchema, keyPath(childPath(path, "dependencies"), name));
  const extensions = extensionFindings(schema, at);
  for (const each of extensions) at.owners.set(each, path);
  found.push(...extensions);
}

function visitAdditional(schema: JsonSchema, at: Visit): void {
  const { additionalProperties } = schema;
  if (additionalProperties === undefined) return;
  const path = childPath(at.path, "additionalProperties");
  if (Object.keys(schema.properties ?? {}).length > 0 && additionalProperties !== true)
    at.found.push(field.forbidden(path, "additionalProperties and properties are mutual exclusive"));
  const additional = additionalOf(schema);
  if (additional === undefined) return;
  const defaults = at.insideMeta ? "inside additionalProperties applying to object metadata" : at.defaults;
  visit(additional, { ...at, path, isRoot: false, defaults });
}

const metaFields: ReadonlySet<string> = new Set(["metadata", "kind", "apiVersion"]);

function visitProperties(schema: JsonSchema, at: Visit): void {
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const meta = (at.isRoot || isEmbedded(schema)) && metaFields.has(name);
    visit(property, {
      ...at,
      path: keyPath(childPath(at.path, "properties"), name),
      isRoot: false,
      insideMeta: at.insideMeta || meta,
      defaults: meta && at.isRoot ? `in top-level ${name}` : at.defaults,
    });
  }
}

const types = ["array", "boolean", "integer", "number", "object", "string"];
const isSet = (value: object | undefined): boolean => value !== undefined && Object.keys(value).length > 0;

function ownFindings(schema: JsonSchema, { path, rules, defaults, insideMeta }: Visit): FieldError[] {
  const found: FieldError[] = [];
  const refuse = (name: string, why = `${name} is not supported`): void =>
    void found.push(field.forbidden(childPath(path, name), why));
  if (rules.validPropertyType && schema.type && !types.includes(schema.type))
    found.push(field.notSupported(childPath(path, "type"), schema.type, types));
  if (hasDefault(schema) && defaults !== "allowed") refuse("default", `must not be set ${defaults}`);
  if (schema.id) refuse("id");
  if (schema.additionalItems !== undefined) refuse("additionalItems");
  if (isSet(schema.patternProperties)) refuse("patternProperties");
  if (isSet(schema.definitions)) refuse("definitions");
  if (schema.dependencies !== undefined) refuse("dependencies");
  if (schema.$ref !== undefined) refuse("$ref");
  if (schema.type === "null") refuse("type", "type cannot be set to null, use nullable as an alternative");
  if (hasItemList(schema)) refuse("items", "items must be a schema object and not an array");
  if (insideMeta && isEmbedded(schema))
    refuse("x-kubernetes-embedded-resource", "must not be used inside of resource meta");
  return found;
}

function extensionFindings(schema: JsonSchema, { path, rules }: Visit): FieldError[] {
  const found: FieldError[] = [];
  if (schema["x-kubernetes-preserve-unknown-fields"] === false)
    found.push(
      field.invalid(childPath(path, "x-kubernetes-preserve-unknown-fields"), false, "must be true or undefined"),
    );
  const mapType = schema["x-kubernetes-map-type"];
  if (mapType !== undefined) {
    found.push(...typeFor(schema, path, { type: "object", extension: "x-kubernetes-map-type" }));
    if (mapType !== "atomic" && mapType !== "granular")
      found.push(field.notSupported(childPath(path, "x-kubernetes-map-type"), mapType, ["atomic", "granular"]));
  }
  found.push(...listFindings(schema, path, rules));
  return found;
}

function typeFor(schema: JsonSchema, path: string, of: { type: string; extension: string }): FieldError[] {
  if (schema.type === of.type) return [];
  const why = `must be ${of.type} if ${of.extension} is specified`;
  const at = childPath(path, "type");
  return [schema.type ? field.invalid(at, schema.type, why) : field.required(at, why)];
}

function listFindings(schema: JsonSchema, path: string, rules: SchemaRules): FieldError[] {
  const found: FieldError[] = [];
  const type = schema["x-kubernetes-list-type"];
  const keys = schema["x-kubernetes-list-map-keys"] ?? [];
  const typePath = childPath(path, "x-kubernetes-list-type");
  if (type !== undefined) {
    const wrong = typeFor(schema, path, { type: "array", extension: "x-kubernetes-list-type" });
    found.push(...wrong);
    if (wrong.length === 0 && rules.atomicSetType && type === "set") found.push(...setItemFindings(schema, path));
    if (type !== "atomic" && type !== "set" && type !== "map")
      found.push(field.notSupported(typePath, type, ["atomic", "set", "map"]));
  }
  if (keys.length > 0 && type !== "map") {
    const why = "must be map if x-kubernetes-list-map-keys is non-empty";
    found.push(type === undefined ? field.required(typePath, why) : field.invalid(typePath, type, why));
  }
  if (type === "map") found.push(...mapItemFindings(schema, path));
  if (rules.mapListKeys) found.push(...keyFindings(schema, path));
  return found;
}

/** Items of sets are compared as a whole. */
function setItemFindings(schema: JsonSchema, path: string): FieldError[] {
  const items = itemsOf(schema);
  if (items === undefined || !isNotAtomic(items)) return [];
  const name = items.type === "array" ? "x-kubernetes-list-type" : "x-kubernetes-map-type";
  return [
    field.invalid(
      childPath(childPath(path, "items"), name),
      items["x-kubernetes-list-type"] ?? null,
      "must be atomic as item of a list with x-kubernetes-list-type=set",
    ),
  ];
}

function isNotAtomic(items: JsonSchema): boolean {
  if (items.type === "array") return (items["x-kubernetes-list-type"] ?? "atomic") !== "atomic";
  return items.type === "object" && items["x-kubernetes-map-type"] !== "atomic";
}

function mapItemFindings(schema: JsonSchema, path: string): FieldError[] {
  const found: FieldError[] = [];
  const keys = schema["x-kubernetes-list-map-keys"] ?? [];
  const keysPath = childPath(path, "x-kubernetes-list-map-keys");
  const itemsPath = childPath(path, "items");
  if (keys.length === 0) found.push(field.required(keysPath, "must not be empty if x-kubernetes-list-type is map"));
  if (schema.items === undefined)
    found.push(field.required(itemsPath, "must have a schema if x-kubernetes-list-type is map"));
  const items = itemsOf(schema);
  if (schema.items !== undefined && items === undefined)
    found.push(
      field.invalid(
        itemsPath,
        { Schema: null, JSONSchemas: (schema.items as readonly JsonSchema[]).map((each) => schemaForm(each)) },
        "must only have a single schema if x-kubernetes-list-type is map",
      ),
    );
  if (items === undefined) return found;
  if (items.type !== "object")
    return [
      ...found,
      field.invalid(
        childPath(itemsPath, "type"),
        items.type ?? "",
        "must be object if parent array's x-kubernetes-list-type is map",
      ),
    ];
  const seen = new Set<string>();
  for (const key of keys) {
    const property = propertyOf(items, key);
    if (property === undefined)
      found.push(field.invalid(keysPath, keys, "entries must all be names of item properties"));
    else if (property.type === "array" || property.type === "object")
      found.push(
        field.invalid(
          childPath(keyPath(childPath(itemsPath, "properties"), key), "type"),
          items.type,
          "must be a scalar type if parent array's x-kubernetes-list-type is map",
        ),
      );
    if (seen.has(key)) found.push(field.invalid(keysPath, keys, "must not contain duplicate entries"));
    seen.add(key);
  }
  return found;
}

/** Keys of maps have to be there, and items of both kinds of list are never null. */
function keyFindings(schema: JsonSchema, path: string): FieldError[] {
  const items = itemsOf(schema);
  const type = schema["x-kubernetes-list-type"];
  if (items === undefined || (type !== "set" && type !== "map")) return [];
  const itemsPath = childPath(path, "items");
  const found: FieldError[] = [];
  if (items.nullable === true)
    found.push(
      field.forbidden(childPath(itemsPath, "nullable"), `cannot be nullable when x-kubernetes-list-type is ${type}`),
    );
  if (type !== "map") return found;
  for (const key of schema["x-kubernetes-list-map-keys"] ?? []) {
    const property = propertyOf(items, key);
    if (property === undefined) continue;
    const at = keyPath(childPath(itemsPath, "properties"), key);
    if (!items.required?.includes(key) && !hasDefault(property))
      found.push(
        field.required(
          childPath(at, "default"),
          "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property",
        ),
      );
    if (property.nullable === true)
      found.push(
        field.forbidden(
          childPath(at, "nullable"),
          "this property is in x-kubernetes-list-map-keys, so it cannot be nullable",
        ),
      );
  }
  return found;
}

/** What was wrong with an old definition is not asked of its successor. */
export const schemaFaults = {
  propertyType: (schema: JsonSchema): boolean =>
    someSchema(schema, ({ type }) => type !== undefined && type !== "" && !types.includes(type)),
  structure: (schema: JsonSchema): boolean =>
    notStructural(schema) !== undefined || validateStructural(schema, "").length > 0,
  atomicSets: (schema: JsonSchema): boolean =>
    someSchema(schema, (each) => {
      const items = itemsOf(each);
      return each["x-kubernetes-list-type"] === "set" && items !== undefined && isNotAtomic(items);
    }),
  mapListKeys: (schema: JsonSchema): boolean => someSchema(schema, (each) => keyFindings(each, "").length > 0),
  defaults: (schema: JsonSchema): boolean =>
    notStructural(schema) === undefined &&
    validateStructural(schema, "").length === 0 &&
    validateDefaults(schema, "", { requirePruned: true }).some((each) =>
      each.message.endsWith("must not have unknown fields"),
    ),
} as const;
