// Documents as Go writes them: error texts of JSON and merge patches show the patched object, and its strict findings come
// in the order of that text. Struct fields stand in declaration order, maps sorted, what a patch looked into sorted, what it
// only put in as it was sent. Upstream: encoding/json, evanphx/json-patch (lazily read nodes).
import { JsonNumber } from "../codec/json-text.ts";
import { isObject, setOwn } from "../equal.ts";
import { goJson } from "../go-text.ts";
import type { Schema, Schemas } from "../schema.ts";

/** What a document's objects print as; objects in neither print their members in the order they have. */
export interface DocumentMarks {
  /** Objects that print with sorted keys. */
  readonly sorted: WeakSet<object>;
  /** Objects and lists that print as the client wrote them. */
  readonly raw: WeakMap<object, string>;
}

export const documentMarks = (raw: WeakMap<object, string> = new WeakMap()): DocumentMarks => ({
  sorted: new WeakSet(),
  raw,
});

export const isJsonObject = (value: unknown): value is Record<string, unknown> =>
  isObject(value) && !(value instanceof JsonNumber);

/** A copy of an object as the server holds it, its struct fields in Go's order, its maps marked as sorted. */
export function inGoOrder(value: unknown, types: DocumentTypes, marks: DocumentMarks): unknown {
  const { schemas } = types;
  const target = types.schema === undefined ? undefined : schemas.resolve(types.schema);
  if (Array.isArray(value)) return value.map((item) => inGoOrder(item, { schema: target?.i, schemas }, marks));
  if (!isJsonObject(value)) return value;
  const fields = target?.p;
  const copy: Record<string, unknown> = {};
  const names = fields === undefined ? Object.keys(value) : inOrderOf(Object.keys(fields), value);
  for (const name of names) {
    const property = fields !== undefined && Object.hasOwn(fields, name) ? fields[name] : target?.a;
    setOwn(copy, name, inGoOrder(value[name], { schema: property, schemas }, marks));
  }
  if (fields === undefined) marks.sorted.add(copy);
  return copy;
}

const inOrderOf = (order: readonly string[], value: Record<string, unknown>): Iterable<string> =>
  new Set([...order.filter((name) => Object.hasOwn(value, name)), ...Object.keys(value)]);

export interface DocumentTypes {
  readonly schema: Schema | undefined;
  readonly schemas: Schemas;
}

/** The JSON text of a marked document. With types the structs that have no mark stand in Go's order and the maps are sorted. */
export function documentText(value: unknown, marks: DocumentMarks, types?: DocumentTypes): string {
  if (typeof value === "number") return JSON.stringify(value);
  if (value === null || typeof value !== "object") return goJson(value);
  if (value instanceof JsonNumber) return value.text;
  const raw = marks.raw.get(value);
  if (raw !== undefined) return raw;
  const target = types?.schema === undefined ? undefined : types.schemas.resolve(types.schema);
  const typed = (schema: Schema | undefined): DocumentTypes | undefined => types && { schema, schemas: types.schemas };
  if (Array.isArray(value)) {
    const items = typed(target?.i);
    return `[${value.map((item) => documentText(item ?? null, marks, items)).join(",")}]`;
  }
  const fields = target?.p;
  const others = typed(target?.a);
  const members: string[] = [];
  for (const name of documentNames(value as Record<string, unknown>, marks, types && { fields })) {
    const member = (value as Record<string, unknown>)[name];
    if (member === undefined) continue;
    const inner = fields !== undefined && Object.hasOwn(fields, name) ? typed(fields[name]) : others;
    members.push(`${goJson(name)}:${documentText(member, marks, inner)}`);
  }
  return `{${members.join(",")}}`;
}

/** Names of an object's members in the order in which they print. */
function documentNames(
  value: Record<string, unknown>,
  marks: DocumentMarks,
  struct: { readonly fields: Schema["p"] } | undefined,
): Iterable<string> {
  if (!marks.sorted.has(value)) {
    if (struct === undefined) return Object.keys(value);
    if (struct.fields !== undefined) return inOrderOf(Object.keys(struct.fields), value);
  }
  return sortByBytes(Object.keys(value));
}

/** The names of a marked object in the order in which they print, undefined for others: `DecodeOptions.namesOf`. */
export const sortedNames =
  (marks: DocumentMarks) =>
  (value: object): readonly string[] | undefined =>
    marks.sorted.has(value) ? sortByBytes(Object.keys(value)) : undefined;

/** JavaScript's own order, by UTF-16 units, is that of the bytes where no surrogates are. */
const sortByBytes = (names: string[]): string[] =>
  names.some((name) => /[\ud800-\udfff]/.test(name)) ? names.sort(compareBytes) : names.sort();

/** By code points, which is the order of UTF-8 bytes. */
function compareBytes(a: string, b: string): number {
  const shorter = Math.min(a.length, b.length);
  for (let at = 0; at < shorter; at++) {
    const [left, right] = [a.charCodeAt(at), b.charCodeAt(at)];
    if (left === right) continue;
    const surrogates = left >= 0xd800 && left < 0xe000 ? 1 : 0;
    const others = right >= 0xd800 && right < 0xe000 ? 1 : 0;
    return surrogates === others ? left - right : surrogates - others;
  }
  return a.length - b.length;
}
