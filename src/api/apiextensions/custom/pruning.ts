// What a structural schema does to an object on its way in: unknown fields go, nulls where null is no value go, defaults come.
// All functions change the value that they are given. Upstream: pkg/apiserver/schema/{pruning,defaulting}.
import { deepClone, isObject, setOwn } from "../../../machinery/index.ts";
import {
  additionalOf,
  asResource,
  isEmbedded,
  itemsOf,
  type JsonSchema,
  preservesUnknown,
  propertyOf,
  typeMetaFields,
} from "./schema.ts";

/** Takes unknown fields out of a whole resource and returns their paths, sorted: `spec.items[0].z`. */
export function pruneResource(value: unknown, schema: JsonSchema | undefined): string[] {
  const unknown: string[] = [];
  prune(value, asResource(schema), { path: "", unknown });
  return unknown.sort();
}

/** The same for a part of a resource: a default. */
export function pruneValue(value: unknown, schema: JsonSchema): void {
  prune(value, schema, { path: "", unknown: [] });
}

interface Pruning {
  readonly path: string;
  readonly unknown: string[];
}

const below = (at: Pruning, key: string): Pruning => ({ ...at, path: at.path === "" ? key : `${at.path}.${key}` });
const item = (at: Pruning, index: number): Pruning => ({ ...at, path: `${at.path}[${index}]` });

function prune(value: unknown, schema: JsonSchema | undefined, at: Pruning): void {
  if (schema !== undefined && preservesUnknown(schema)) {
    descend(value, schema, at);
    return;
  }
  if (Array.isArray(value)) {
    const items = schema === undefined ? undefined : itemsOf(schema);
    value.forEach((each, index) => {
      prune(each, items, item(at, index));
    });
  } else if (isObject(value)) {
    for (const key of Object.keys(value)) pruneMember(value, key, { schema, at });
  }
}

function pruneMember(
  value: Record<string, unknown>,
  key: string,
  { schema, at }: { schema: JsonSchema | undefined; at: Pruning },
): void {
  if (schema !== undefined && isEmbedded(schema) && typeMetaFields.has(key)) return;
  const property = schema === undefined ? undefined : propertyOf(schema, key);
  if (property !== undefined) prune(value[key], property, below(at, key));
  else if (schema?.additionalProperties !== undefined) prune(value[key], additionalOf(schema), below(at, key));
  else {
    if (schema === undefined || !typeMetaFields.has(key) || at.path !== "") at.unknown.push(below(at, key).path);
    delete value[key];
  }
}

/** Below x-kubernetes-preserve-unknown-fields only what is specified is pruned. */
function descend(value: unknown, schema: JsonSchema | undefined, at: Pruning): void {
  if (schema === undefined) return;
  if (Array.isArray(value)) {
    const items = itemsOf(schema);
    value.forEach((each, index) => {
      descend(each, items, item(at, index));
    });
  } else if (isObject(value)) {
    for (const key of Object.keys(value)) {
      if (isEmbedded(schema) && typeMetaFields.has(key)) continue;
      const property = propertyOf(schema, key);
      if (property !== undefined) prune(value[key], property, below(at, key));
      else if (schema.additionalProperties !== undefined) prune(value[key], additionalOf(schema), below(at, key));
    }
  }
}

const hasDefault = (schema: JsonSchema): boolean => schema.default !== undefined && schema.default !== null;
const isWrongNull = (value: unknown, schema: JsonSchema | undefined): boolean =>
  value === null && schema !== undefined && schema.nullable !== true;

/** Takes out nulls of fields that are not nullable and have no default. */
export function dropNulls(value: unknown, schema: JsonSchema | undefined): void {
  if (Array.isArray(value)) {
    const items = schema === undefined ? undefined : itemsOf(schema);
    for (const each of value) dropNulls(each, items);
  } else if (isObject(value)) {
    for (const key of Object.keys(value)) {
      const member = schema === undefined ? undefined : (propertyOf(schema, key) ?? additionalOf(schema));
      if (member !== undefined && isWrongNull(value[key], member) && !hasDefault(member)) delete value[key];
      else dropNulls(value[key], member);
    }
  }
}

/** Fills in defaults, also in place of nulls that are no values. Idempotent. */
export function applyDefaults(value: unknown, schema: JsonSchema | undefined): void {
  if (schema === undefined) return;
  if (Array.isArray(value)) {
    const items = itemsOf(schema);
    value.forEach((each, index) => {
      if (items !== undefined && isWrongNull(each, items)) value[index] = defaultOf(items);
      applyDefaults(value[index], items);
    });
  } else if (isObject(value)) {
    for (const [key, property] of Object.entries(schema.properties ?? {}))
      if (hasDefault(property) && (!Object.hasOwn(value, key) || isWrongNull(value[key], property)))
        setOwn(value, key, deepClone(property.default));
    const additional = additionalOf(schema);
    for (const key of Object.keys(value)) {
      const property = propertyOf(schema, key);
      if (property !== undefined) applyDefaults(value[key], property);
      else if (additional !== undefined) {
        if (isWrongNull(value[key], additional)) setOwn(value, key, defaultOf(additional));
        applyDefaults(value[key], additional);
      }
    }
  }
}

const defaultOf = (schema: JsonSchema): unknown => (hasDefault(schema) ? deepClone(schema.default) : null);
