// What a structural schema does to an object on its way in: unknown fields go, nulls where null is no value go, defaults come.
// All functions change the value that they are given. Upstream: pkg/apiserver/schema/{pruning,defaulting}.
import { deepClone, isObject, requestTooLarge, StatusError, setOwn, toJson } from "../../../machinery/index.ts";
import {
  additionalOf,
  asResource,
  hasDefault,
  isEmbedded,
  itemsOf,
  type JsonSchema,
  preservesUnknown,
  propertyOf,
  typeMetaFields,
} from "./schema.ts";
import { type Shape, shapeOf } from "./shape.ts";

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

/** JSON that defaults may add to one object, in characters: as much as a body may have. */
const mostFilled = 3 * 1024 * 1024;
/** What the smallest default costs. */
const leastFilled = 20;

/** What defaults have added so far. */
export interface Filled {
  characters: number;
}

/**
 * Fills in defaults, also in place of nulls that are no values. Idempotent. With `filled` it throws StatusError 413 when there
 * would be very much of them: an empty item costs its sender three bytes, its defaults may be long.
 */
export function applyDefaults(value: unknown, schema: JsonSchema | undefined, filled?: Filled): void {
  if (schema !== undefined) fill(value, shapeOf(schema), filled);
}

function fill(value: unknown, shape: Shape, filled: Filled | undefined): void {
  // Without a default, what is null stays so.
  if (!shape.hasDefaults || value === null || typeof value !== "object") return;
  if (Array.isArray(value)) {
    const { items } = shape;
    if (items === undefined) return;
    for (let index = 0; index < value.length; index++) {
      if (isWrongNull(value[index], items.schema)) value[index] = defaultOf(items.schema, filled);
      fill(value[index], items, filled);
    }
    return;
  }
  const object = value as Record<string, unknown>;
  for (const [key, property] of shape.defaulted)
    if (!Object.hasOwn(object, key) || isWrongNull(object[key], property))
      setOwn(object, key, defaultOf(property, filled));
  const { properties, additional } = shape;
  for (const key in object) {
    const property = properties.get(key);
    if (property !== undefined) fill(object[key], property, filled);
    else if (additional !== undefined) {
      if (isWrongNull(object[key], additional.schema)) setOwn(object, key, defaultOf(additional.schema, filled));
      fill(object[key], additional, filled);
    }
  }
}

/** Fills in defaults of an object that is read, when they are few enough to be written; else says false, and some are there. */
export function fillDefaults(value: unknown, schema: JsonSchema | undefined): boolean {
  try {
    applyDefaults(value, schema, { characters: 0 });
    return true;
  } catch (error) {
    if (error instanceof StatusError && error.code === 413) return false;
    throw error;
  }
}

function defaultOf(schema: JsonSchema, filled: Filled | undefined): unknown {
  if (!hasDefault(schema)) return null;
  if (filled !== undefined) {
    filled.characters += lengthOf(schema);
    if (filled.characters > mostFilled) throw requestTooLarge(`limit is ${mostFilled} of defaults`);
  }
  return deepClone(schema.default);
}

const lengths = new WeakMap<JsonSchema, number>();

function lengthOf(schema: JsonSchema): number {
  let length = lengths.get(schema);
  if (length === undefined) lengths.set(schema, (length = Math.max(leastFilled, toJson(schema.default).length)));
  return length;
}
