// Which old value a new value stands for, so that findings about what did not change are let through (ratcheting, KEP-4008).
// Upstream: k8s.io/apiserver pkg/cel/common CorrelatedObject, MapList.
import { isObject } from "../../../../machinery/index.ts";
import { additionalOf, itemsOf, type JsonSchema, propertyOf } from "../schema.ts";

/** A new value with its old one. Comparisons are made once. */
export class Correlated {
  readonly value: unknown;
  readonly old: unknown;
  readonly schema: JsonSchema;
  readonly #children = new Map<string | number, Correlated>();
  #same: boolean | undefined;
  #oldByKey: ReadonlyMap<string, unknown> | undefined;

  constructor(value: unknown, old: unknown, schema: JsonSchema) {
    this.value = value;
    this.old = old;
    this.schema = schema;
  }

  /** Undefined when one of the two has no such member, or the schema does not know it. */
  key(name: string): Correlated | undefined {
    const known = this.#children.get(name);
    if (known !== undefined) return known;
    const { value, old, schema } = this;
    if (!isObject(value) || !isObject(old) || !Object.hasOwn(value, name) || !Object.hasOwn(old, name))
      return undefined;
    const below = propertyOf(schema, name) ?? additionalOf(schema);
    if (below === undefined) return undefined;
    const child = new Correlated(value[name], old[name], below);
    this.#children.set(name, child);
    return child;
  }

  /** Only items of lists with keys can be told apart. */
  index(at: number): Correlated | undefined {
    const known = this.#children.get(at);
    if (known !== undefined) return known;
    const { value, schema } = this;
    const items = itemsOf(schema);
    if (items === undefined || !Array.isArray(value) || at >= value.length) return undefined;
    const old = this.#oldItem(value[at]);
    if (old === undefined || old === null) return undefined;
    const child = new Correlated(value[at], old, items);
    this.#children.set(at, child);
    return child;
  }

  get same(): boolean {
    this.#same ??= this.#compare();
    return this.#same;
  }

  #compare(): boolean {
    const { value, old } = this;
    if (value === null || value === undefined || old === null || old === undefined)
      return (value ?? null) === (old ?? null);
    if (Array.isArray(value) !== Array.isArray(old) || isObject(value) !== isObject(old)) return false;
    if (Array.isArray(value) && Array.isArray(old)) {
      if (value.length !== old.length) return false;
      if (this.schema["x-kubernetes-list-type"] !== "map") return strictlyEqual(value, old);
      return value.every((_, index) => this.index(index)?.same === true);
    }
    if (isObject(value) && isObject(old)) {
      const keys = Object.keys(value);
      return keys.length === Object.keys(old).length && keys.every((key) => this.key(key)?.same === true);
    }
    return value === old;
  }

  #oldItem(item: unknown): unknown {
    const { old, schema } = this;
    const keys = schema["x-kubernetes-list-map-keys"] ?? [];
    if (schema["x-kubernetes-list-type"] !== "map" || keys.length === 0 || !Array.isArray(old)) return undefined;
    if (this.#oldByKey === undefined) {
      const found = new Map<string, unknown>();
      for (const each of old) {
        const key = itemKey(each, keys);
        if (key !== undefined && !found.has(key)) found.set(key, each);
      }
      this.#oldByKey = found;
    }
    const key = itemKey(item, keys);
    return key === undefined ? undefined : this.#oldByKey.get(key);
  }
}

function itemKey(item: unknown, keys: readonly string[]): string | undefined {
  if (!isObject(item)) return undefined;
  const parts: string[] = [];
  for (const key of keys) {
    const value = item[key];
    if (value === undefined || value === null || typeof value === "object") return undefined;
    parts.push(`${typeof value}:${String(value)}`);
  }
  return parts.join("\u0000");
}

/** Go's reflect.DeepEqual of JSON values: absent is not the same as empty. */
export function strictlyEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((each, index) => strictlyEqual(each, b[index]));
  if (!isObject(a) || !isObject(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && strictlyEqual(a[key], b[key]))
  );
}
