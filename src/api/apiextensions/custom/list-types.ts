// Lists that are sets or maps hold nothing twice. Upstream: pkg/apiserver/schema/listtype.
import { type FieldError, field, goJson, isObject, sortedCopy } from "../../../machinery/index.ts";
import { additionalOf, childPath, indexPath, itemsOf, type JsonSchema, keyPath, propertyOf } from "./schema.ts";

export function validateLists(value: unknown, schema: JsonSchema | undefined, at = ""): FieldError[] {
  const found: FieldError[] = [];
  if (schema !== undefined) visit(value, schema, { at, found });
  return found;
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
