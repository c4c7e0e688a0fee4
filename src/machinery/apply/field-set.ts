// Sets of field paths: the algebra under managedFields and server-side apply. Upstream: sigs.k8s.io/structured-merge-diff
// fieldpath. Sets are immutable; operations share what did not change.

import { parseJson } from "../codec/json-text.ts";
import { isObject } from "../equal.ts";
import { goJson, quoteGo } from "../go-text.ts";

/**
 * A set of field paths as a tree. A key is a path element in fieldsV1 form: `f:name`, `k:{"containerPort":80,"protocol":"TCP"}`,
 * `v:"x"`, `i:0`; `self` says that the path itself is a member.
 */
export interface FieldSet {
  readonly self: boolean;
  readonly children: ReadonlyMap<string, FieldSet>;
}

const noChildren: ReadonlyMap<string, FieldSet> = new Map();
export const emptyFieldSet: FieldSet = { self: false, children: noChildren };
export const leafFieldSet: FieldSet = { self: true, children: noChildren };

/** A set with these children and perhaps the path itself; empty children are left out. */
export function fieldSet(children: Iterable<readonly [string, FieldSet]>, self = false): FieldSet {
  const kept = new Map<string, FieldSet>();
  for (const [element, child] of children) keep(kept, element, child);
  return madeOf(kept, self);
}

function keep(kept: Map<string, FieldSet>, element: string, child: FieldSet): void {
  if (!isEmptyFieldSet(child)) kept.set(element, child);
}

/** Sets are taken apart and put together at every write: each map is made once, and walked without a pair for each member. */
const madeOf = (children: ReadonlyMap<string, FieldSet>, self: boolean): FieldSet =>
  children.size === 0 ? (self ? leafFieldSet : emptyFieldSet) : { self, children };

/** The set of plain field paths: `fieldSetOfPaths(["metadata"], ["metadata", "name"])`. */
export function fieldSetOfPaths(...paths: readonly (readonly string[])[]): FieldSet {
  let set = emptyFieldSet;
  for (const path of paths) {
    let one: FieldSet = leafFieldSet;
    for (const name of [...path].reverse()) one = { self: false, children: new Map([[`f:${name}`, one]]) };
    set = unionFields(set, one);
  }
  return set;
}

export const isEmptyFieldSet = (set: FieldSet): boolean => !set.self && set.children.size === 0;

export function unionFields(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b || isEmptyFieldSet(b)) return a;
  if (isEmptyFieldSet(a)) return b;
  const children = new Map(a.children);
  b.children.forEach((child, element) => {
    const own = children.get(element);
    children.set(element, own === undefined ? child : unionFields(own, child));
  });
  return { self: a.self || b.self, children };
}

export function intersectFields(a: FieldSet, b: FieldSet): FieldSet {
  const kept = new Map<string, FieldSet>();
  a.children.forEach((child, element) => {
    const other = b.children.get(element);
    if (other !== undefined) keep(kept, element, intersectFields(child, other));
  });
  return madeOf(kept, a.self && b.self);
}

/** What is in `a` and not in `b`; members below a member of `b` stay. */
export function subtractFields(a: FieldSet, b: FieldSet): FieldSet {
  if (isEmptyFieldSet(b)) return a;
  const kept = new Map<string, FieldSet>();
  a.children.forEach((child, element) => {
    const other = b.children.get(element);
    keep(kept, element, other === undefined ? child : subtractFields(child, other));
  });
  return madeOf(kept, a.self && !b.self);
}

/** Like subtractFields, but a member of `b` takes everything below it along. */
export function subtractFieldTrees(a: FieldSet, b: FieldSet): FieldSet {
  if (isEmptyFieldSet(b)) return a;
  const kept = new Map<string, FieldSet>();
  a.children.forEach((child, element) => {
    const other = b.children.get(element);
    if (other === undefined) keep(kept, element, child);
    else if (!other.self) keep(kept, element, subtractFieldTrees(child, other));
  });
  return madeOf(kept, a.self && !b.self);
}

export function equalFields(a: FieldSet, b: FieldSet): boolean {
  if (a === b) return true;
  if (a.self !== b.self || a.children.size !== b.children.size) return false;
  for (const [element, child] of a.children) {
    const other = b.children.get(element);
    if (other === undefined || !equalFields(child, other)) return false;
  }
  return true;
}

export function hasField(set: FieldSet, path: readonly string[]): boolean {
  let node: FieldSet | undefined = set;
  for (const element of path) {
    node = node.children.get(element);
    if (node === undefined) return false;
  }
  return path.length > 0 && node.self;
}

/** Members that have nothing below them. */
export function leavesOf(set: FieldSet): FieldSet {
  return fieldSet(
    [...set.children].map(([element, child]) => [element, leavesOf(child)] as const),
    set.self && set.children.size === 0,
  );
}

/** Every member path, members of one level before those below them, as upstream iterates. */
export function* fieldPaths(set: FieldSet, prefix: readonly string[] = []): Generator<readonly string[]> {
  const elements = sortedElements(set);
  for (const element of elements) if (set.children.get(element)!.self) yield [...prefix, element];
  for (const element of elements) yield* fieldPaths(set.children.get(element)!, [...prefix, element]);
}

/** `.spec.containers[name="a"].image`: how conflicts name a path. */
export function showPath(path: readonly string[]): string {
  return path.map(showElement).join("");
}

function showElement(element: string): string {
  const content = element.slice(2);
  switch (element[0]) {
    case "f":
      return `.${content}`;
    case "k":
      return `[${Object.entries(JSON.parse(content) as Record<string, unknown>)
        .map(([name, value]) => `${name}=${showValue(value)}`)
        .join(",")}]`;
    case "v":
      return `[=${content}]`;
    default:
      return `[${content}]`;
  }
}

/** Upstream: ToString in structured-merge-diff's value package; members of a map stand without anything between them. */
function showValue(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(showValue).join(",")}]`;
  if (typeof value === "object" && value !== null)
    return Object.entries(value)
      .map(([name, member]) => `${name}=${showValue(member)}`)
      .join("");
  return typeof value === "string" ? quoteGo(value) : JSON.stringify(value);
}

/** Text that is no fieldsV1. */
export class FieldSetError extends Error {
  override readonly name = "FieldSetError";
}

/** More fields than are tracked of one object. */
export class TooManyFieldsError extends FieldSetError {}

let limited = false;
let left = 0;

/**
 * Runs `work`, which may look at so many fields in all. Each costs some hundred bytes in a set, and an object that has nothing but
 * fields costs its sender five bytes for one. Throws TooManyFieldsError.
 */
export function withinFields<T>(most: number, work: () => T): T {
  const outside = { limited, left };
  limited = true;
  left = most;
  try {
    return work();
  } finally {
    ({ limited, left } = outside);
  }
}

/** Called for each field that is looked at. */
export const countField = (): void => countFields(1);
function countFields(fields: number): void {
  if (!limited) return;
  left -= fields;
  if (left < 0) throw new TooManyFieldsError("too many fields");
}

/**
 * Sets that were parsed or written last, by their fieldsV1: the next write of the same object begins with them. Few, because a set takes several
 * times what its fields take.
 */
const recent = new Map<object, { readonly set: FieldSet; readonly fields: number }>();
const written = new WeakMap<FieldSet, Record<string, unknown>>();
const mostRecent = 128;

function remember(fields: object, known: { readonly set: FieldSet; readonly fields: number }): void {
  recent.set(fields, known);
  if (recent.size <= mostRecent) return;
  for (const oldest of recent.keys()) {
    recent.delete(oldest);
    return;
  }
}

/** Throws FieldSetError. Nobody changes fields that were parsed or written once. */
export function parseFieldsV1(fields: Record<string, unknown>): FieldSet {
  const known = recent.get(fields);
  if (known !== undefined) {
    countFields(known.fields);
    return known.set;
  }
  const before = left;
  const set = parseLevel(fields);
  if (limited) remember(fields, { set, fields: before - left });
  return set;
}

function parseLevel(fields: Record<string, unknown>): FieldSet {
  const children = new Map<string, FieldSet>();
  let self = false;
  for (const key of Object.keys(fields)) {
    if (key === ".") {
      self = true;
      continue;
    }
    countField();
    const value = fields[key];
    if (!isObject(value)) throw new FieldSetError(`fields below ${key} are not a map`);
    const child = parseLevel(value);
    children.set(canonicalElement(key), child.self || child.children.size > 0 ? child : leafFieldSet);
  }
  return madeOf(children, self);
}

/** One spelling for each path element: sorted keys, compact JSON. */
function canonicalElement(key: string): string {
  if (key.length < 2) throw new FieldSetError(`key must be 2 characters long: ${key}`);
  if (key[1] !== ":") throw new FieldSetError(`missing colon: ${key}`);
  const content = key.slice(2);
  switch (key[0]) {
    case "f":
      return key;
    case "v":
      return valueElement(parseJson(content).value);
    case "k": {
      const parsed = parseJson(content).value;
      if (!isObject(parsed)) throw new FieldSetError(`not a map of keys: ${key}`);
      return keyElement(Object.entries(parsed));
    }
    case "i":
      if (/^[+-]?[0-9]+$/.test(content)) return `i:${Number(content)}`;
      throw new FieldSetError(`not an index: ${key}`);
    default:
      throw new FieldSetError("unknown path element type");
  }
}

/** JSON as Go writes it: HTML's characters escaped. */
const compactJson = (value: unknown): string => goJson(typeof value === "bigint" ? Number(value) : value);

export const valueElement = (value: unknown): string => `v:${compactJson(value)}`;

/** The element of a list map's item: its keys, sorted. */
export function keyElement(pairs: readonly (readonly [string, unknown])[]): string {
  const sorted = [...pairs].sort(([a], [b]) => compareText(a, b));
  return `k:{${sorted.map(([name, value]) => `${JSON.stringify(name)}:${compactJson(value)}`).join(",")}}`;
}

/** Fields of the set that is being written. */
let formatted = 0;

/** The same object each time for the same set: nobody changes it. */
export function formatFieldsV1(set: FieldSet): Record<string, unknown> {
  const known = written.get(set);
  if (known !== undefined) return known;
  formatted = 0;
  const fields = formatLevel(set);
  written.set(set, fields);
  remember(fields, { set, fields: formatted });
  return fields;
}

function formatLevel(set: FieldSet): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  if (set.self) fields["."] = {};
  for (const element of sortedElements(set)) {
    const child = set.children.get(element)!;
    formatted++;
    fields[element] = child.children.size === 0 ? {} : formatLevel(child);
  }
  return fields;
}

interface Sortable {
  readonly element: string;
  /** What a keyed item, a value or an index is compared by; parsed once for all comparisons. */
  readonly content: unknown;
}

function sortedElements(set: FieldSet): string[] {
  const elements = [...set.children.keys()];
  if (elements.length < 2) return elements;
  if (elements.every((element) => element.startsWith("f:"))) return elements.sort();
  if (isKeyedByOneText(elements)) return elements.map(withoutEnd).sort().map(withEnd);
  return elements
    .map((element): Sortable => ({ element, content: contentOf(element) }))
    .sort(compareElements)
    .map(({ element }) => element);
}

/** `k:{"name":"a"}` and the like: the order of the texts without their ends is the order of the names. */
function isKeyedByOneText(elements: readonly string[]): boolean {
  const start = /^k:\{"[^"\\]*":"/.exec(elements[0]!)?.[0];
  if (start === undefined) return false;
  return elements.every(
    (element) =>
      element.startsWith(start) && element.indexOf('"', start.length) === element.length - 2 && !element.includes("\\"),
  );
}
const withoutEnd = (element: string): string => element.slice(0, -2);
const withEnd = (element: string): string => `${element}"}`;

function contentOf(element: string): unknown {
  const text = element.slice(2);
  switch (element[0]) {
    case "f":
      return text;
    case "i":
      return Number(text);
    case "v":
      return JSON.parse(text);
    default:
      return Object.entries(JSON.parse(text) as object);
  }
}

const elementRank: Readonly<Record<string, number>> = { f: 0, k: 1, v: 2, i: 3 };
export const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Upstream's order: fields, keyed items, values, indexes. */
function compareElements(a: Sortable, b: Sortable): number {
  const kind = a.element[0];
  const rank = elementRank[kind!]! - elementRank[b.element[0]!]!;
  if (rank !== 0 || a.element === b.element) return rank;
  return kind === "k"
    ? comparePairs(a.content as [string, unknown][], b.content as [string, unknown][])
    : compareValues(a.content, b.content);
}

function comparePairs(a: readonly [string, unknown][], b: readonly [string, unknown][]): number {
  for (let index = 0; index < Math.min(a.length, b.length); index++) {
    const order = compareText(a[index]![0], b[index]![0]) || compareValues(a[index]![1], b[index]![1]);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

const valueRank = (value: unknown): number =>
  typeof value === "number" ? 0 : typeof value === "string" ? 1 : typeof value === "boolean" ? 2 : 3;

function compareValues(a: unknown, b: unknown): number {
  const rank = valueRank(a) - valueRank(b);
  if (rank !== 0) return rank;
  if (typeof a === "number") return a - (b as number);
  if (typeof a === "boolean") return Number(a) - Number(b);
  return compareText(String(a), String(b));
}
