/**
 * Old items of a list by the keys of new ones. Source: k8s.io/apiserver/pkg/cel/common/maplist.go.
 */
import { isObject } from "../../../equal.ts";
import type { RuleSchema } from "../schema/schema.ts";

/** Finds the item with the keys of another one, undefined when there is none or the list has no keys. */
export function itemsByKey(schema: RuleSchema, items: readonly unknown[]): (item: unknown) => unknown {
  const keys = schema["x-kubernetes-list-map-keys"] ?? [];
  if (schema["x-kubernetes-list-type"] !== "map" || keys.length === 0 || items.length === 0) return () => undefined;
  let byKey: Map<string, unknown> | undefined;
  return (item) => {
    const wanted = keyOf(item, keys);
    if (wanted === undefined) return undefined;
    if (byKey === undefined) {
      byKey = new Map();
      for (const each of items) {
        const key = keyOf(each, keys);
        if (key !== undefined && !byKey.has(key)) byKey.set(key, each);
      }
    }
    return byKey.get(wanted);
  };
}

/** Undefined when a key is missing or no scalar. */
function keyOf(item: unknown, keys: readonly string[]): string | undefined {
  if (!isObject(item)) return undefined;
  const parts: string[] = [];
  for (const key of keys) {
    const value = item[key];
    if (value === undefined || value === null || typeof value === "object") return undefined;
    parts.push(`${typeof value === "bigint" ? "number" : typeof value}:${String(value)}`);
  }
  return parts.join("\u0000");
}
