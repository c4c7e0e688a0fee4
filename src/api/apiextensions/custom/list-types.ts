// Lists that are sets or maps hold nothing twice. Upstream: pkg/apiserver/schema/listtype.
import { type FieldError, field, goJson, isObject, sortedCopy } from "../../../machinery/index.ts";
import { additionalOf, childPath, indexPath, itemsOf, type JsonSchema, keyPath, propertyOf } from "./schema.ts";
import { type Shape, shapeOf } from "./shape.ts";

export function validateLists(value: unknown, schema: JsonSchema | undefined, at = ""): FieldError[] {
  const found: FieldError[] = [];
  if (schema !== undefined && !isCertainlyUnique(value, shapeOf(schema))) visit(value, schema, { at, found });
  return found;
}

/** Without garbage, for nearly every object: true only when nothing is there twice. */
function isCertainlyUnique(value: unknown, shape: Shape): boolean {
  if (!shape.hasKeyedLists || value === null || typeof value !== "object") return true;
  if (Array.isArray(value)) {
    const { schema, items } = shape;
    const type = schema["x-kubernetes-list-type"];
    const keys = type === "map" ? (schema["x-kubernetes-list-map-keys"] ?? []) : undefined;
    if ((type === "set" || keys !== undefined) && !areApart(value, keys)) return false;
    return items === undefined || value.every((each) => isCertainlyUnique(each, items));
  }
  const { properties, additional } = shape;
  for (const key in value) {
    const each = (value as Record<string, unknown>)[key];
    const property = properties.get(key);
    if (property !== undefined && !isCertainlyUnique(each, property)) return false;
    if (additional !== undefined && !isCertainlyUnique(each, additional)) return false;
  }
  return true;
}

/** `keys` tell the items of a map apart; without them they are compared as they are. */
function areApart(values: readonly unknown[], keys: readonly string[] | undefined): boolean {
  const seen = new Set<string>();
  for (const value of values) {
    const key = keys === undefined ? scalarKey(value) : keysOf(value, keys);
    if (key === undefined || seen.has(key)) return false;
    seen.add(key);
  }
  return true;
}

function keysOf(item: unknown, keys: readonly string[]): string | undefined {
  if (!isObject(item)) return undefined;
  let all = "";
  for (const name of keys) {
    const key = Object.hasOwn(item, name) ? scalarKey(item[name]) : "";
    if (key === undefined) return undefined;
    all = all === "" ? key : `${all}\u0000${key}`;
  }
  return all;
}

/** Numbers of both types that are equal have one key; undefined for what is no scalar. */
function scalarKey(value: unknown): string | undefined {
  if (typeof value === "string") return `"${value}`;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : undefined;
}

interface Walk {
  readonly at: string;
  readonly found: FieldError[];
}

function visit(value: unknown, schema: JsonSchema, walk: Walk): void {
  const { at, found } = walk;
  if (Array.isArray(value)) {
    const type = schema["x-kubernetes-list-type"];
    if (type === "set")
      for (const index of repeated(value)) found.push(field.duplicate(indexPath(at, index), value[index]));
    else if (type === "map") for (const each of repeatedKeys(value, schema, at)) found.push(each);
    const items = itemsOf(schema);
    if (items === undefined) return;
    value.forEach((each, index) => {
      visit(each, items, { at: indexPath(at, index), found });
    });
  } else if (isObject(value)) {
    const additional = additionalOf(schema);
    for (const [key, each] of Object.entries(value)) {
      if (additional !== undefined) visit(each, additional, { at: keyPath(at, key), found });
      const property = propertyOf(schema, key);
      if (property !== undefined) visit(each, property, { at: childPath(at, key), found });
    }
  }
}

/** Indexes of the second of each value that occurs more than once. */
function repeated(values: readonly unknown[]): number[] {
  const times = new Map<string, number>();
  const found: number[] = [];
  values.forEach((value, index) => {
    const key = `${typeof value}:${goJson(sortedCopy(value ?? null))}`;
    const before = times.get(key) ?? 0;
    times.set(key, before + 1);
    if (before === 1) found.push(index);
  });
  return found;
}

function repeatedKeys(items: readonly unknown[], schema: JsonSchema, at: string): FieldError[] {
  const wrong = items.findIndex((item) => item !== null && !isObject(item));
  if (wrong >= 0)
    return [field.invalid(indexPath(at, wrong), items[wrong], "must be an object for an array of list-type map")];
  const names = schema["x-kubernetes-list-map-keys"] ?? [];
  const keys = items.map((item) => {
    const key: Record<string, unknown> = {};
    if (isObject(item)) for (const name of names) if (Object.hasOwn(item, name)) key[name] = item[name];
    return key;
  });
  return repeated(keys).map((index) => field.duplicate(indexPath(at, index), sortedCopy(keys[index])));
}
