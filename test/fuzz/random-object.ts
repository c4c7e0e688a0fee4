// Objects that nobody would write: from the schemas of the built-in kinds, and from valid objects by small changes.
import type { Rng } from "../../src/base/index.ts";
import type { Schema, Schemas } from "../../src/machinery/index.ts";

type Json = unknown;
type JsonObject = Record<string, Json>;

export interface RandomObjects {
  /** Any value of a schema's type; one in twenty is of another. */
  value(schema: Schema): Json;
  /** A copy with about `changes` fields added, taken away or altered. */
  changed<T>(value: T, schema: Schema, changes: number): T;
}

const texts = [
  "",
  "a",
  "b",
  "web-1",
  "A_b.c",
  "example.com/x",
  "100m",
  "1Gi",
  "1.5",
  "-1",
  "0",
  "10%",
  "http",
  "10.0.0.1",
  "fd00::1",
  "10.96.0.0/16",
  "/a/b",
  "../c",
  "*",
  "* * * * *",
  "true",
  "null",
  "ü\u{1f600}",
  "a\u0000b",
  "1e400",
  "TCP",
  "Always",
  "Exists",
  "In",
  "self.x > 1",
  "[a-z",
  "__proto__",
  "constructor",
];
const integers = [0, 1, -1, 2, 5, 80, 443, 255, 65_535, 65_536, 2 ** 31 - 1, -(2 ** 31), 2 ** 31];
const times = ["2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000001Z", "2026-01-02T03:04:05+01:00"];
/** Nested values end here; a schema may contain itself. */
const deepest = 7;

export function randomObjects(schemas: Schemas, rng: Rng): RandomObjects {
  const pick = <T>(from: readonly T[]): T => from[rng.below(from.length)]!;
  const chance = (of: number): boolean => rng.below(of) === 0;

  function value(schema: Schema, depth = 0): Json {
    if (chance(20)) return pick([null, "x", 3, true, [], {}, [1], { a: null }]);
    const node = schemas.resolve(schema);
    if (node.e !== undefined && !chance(4)) return pick(node.e);
    if (node.f === "date-time") return pick(times);
    if (node.f === "byte") return pick(["", "YQ==", "YWJj", "not base64"]);
    if (node.f === "int-or-string") return chance(2) ? pick(integers) : pick(texts);
    switch (node.t) {
      case "string":
        return pick(texts);
      case "integer":
        return pick(integers);
      case "number":
        return pick([0, 1.5, -2.25, 1e21]);
      case "boolean":
        return chance(2);
      case "array":
        return list(node, depth);
      default:
        return node.p === undefined ? map(node, depth) : struct(node, depth);
    }
  }

  function list(node: Schema, depth: number): Json[] {
    if (depth >= deepest || node.i === undefined) return [];
    const items = Array.from({ length: rng.below(3) }, () => value(node.i as Schema, depth + 1));
    return chance(10) && items.length > 0 ? [...items, items[0]] : items;
  }

  function map(node: Schema, depth: number): JsonObject {
    const names = depth >= deepest ? [] : Array.from({ length: rng.below(3) }, () => pick(texts));
    return fromEntries(names.map((name) => [name, node.a === undefined ? pick(texts) : value(node.a, depth + 1)]));
  }

  function struct(node: Schema, depth: number): JsonObject {
    const required = new Set(node.q);
    const fields = Object.entries(node.p ?? {}).filter(
      ([name]) => (required.has(name) && !chance(10)) || (depth < deepest && chance(3 + depth)),
    );
    return fromEntries(fields.map(([name, member]) => [name, value(member, depth + 1)]));
  }

  /** A value of an object or list, changed once at a random depth. */
  function changedOnce(old: Json, schema: Schema): Json {
    const node = schemas.resolve(schema);
    if (Array.isArray(old) && node.i !== undefined) return changedList(old, node.i);
    if (isObject(old) && (node.p !== undefined || node.a !== undefined)) return changedObject(old, node);
    return value(schema, 3);
  }

  function changedList(old: readonly Json[], items: Schema): Json[] {
    const at = rng.below(old.length + 1);
    if (at === old.length) return [...old, value(items, 3)];
    if (chance(8)) return old.toSpliced(at, 1);
    if (chance(8)) return [...old, old[at]];
    return old.with(at, changedOnce(old[at], items));
  }

  function changedObject(old: JsonObject, node: Schema): JsonObject {
    const known = node.p === undefined ? [pick(texts), ...Object.keys(old)] : Object.keys(node.p);
    const there = Object.keys(old).filter((name) => node.p === undefined || node.p[name] !== undefined);
    const name = there.length > 0 && !chance(3) ? pick(there) : pick(known);
    const member = node.p === undefined ? node.a : node.p[name];
    if (name === undefined || member === undefined || fixed.has(name)) return old;
    if (!Object.hasOwn(old, name)) return fromEntries([...Object.entries(old), [name, value(member, 3)]]);
    if (chance(8)) return fromEntries(Object.entries(old).filter(([other]) => other !== name));
    return fromEntries(
      Object.entries(old).map(([other, inner]) => [other, other === name ? changedOnce(inner, member) : inner]),
    );
  }

  return {
    value: (schema) => value(schema),
    changed(old, schema, changes) {
      let next: Json = old;
      for (let change = 0; change < changes; change++) next = changedOnce(next, schema);
      return next as typeof old;
    },
  };
}

/** A change of these says nothing about the kind. */
const fixed = new Set(["apiVersion", "kind", "metadata"]);
/** Also for a field called `__proto__`. */
const fromEntries = (entries: readonly (readonly [string, Json])[]): JsonObject => Object.fromEntries(entries);
const isObject = (value: Json): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);
