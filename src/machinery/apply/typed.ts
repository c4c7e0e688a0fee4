// Objects seen through their schema as upstream's typed values: which fields an object has, how two objects differ, which
// item of a list is which. Upstream: sigs.k8s.io/structured-merge-diff typed, kube-openapi schemaconv.
import { identical, isObject } from "../equal.ts";
import { goJson } from "../go-text.ts";
import type { Schema, Schemas } from "../schema.ts";
import {
  countField,
  emptyFieldSet,
  type FieldSet,
  FieldSetError,
  fieldSet,
  isEmptyFieldSet,
  keyElement,
  leafFieldSet,
  unionFields,
  valueElement,
} from "./field-set.ts";

/** How a value of a schema node is tracked. */
export type TypedNode =
  | { readonly kind: "scalar" }
  | {
      readonly kind: "map";
      readonly atomic: boolean;
      member(key: string): { schema: Schema | undefined; named: boolean };
    }
  | {
      readonly kind: "list";
      readonly atomic: boolean;
      readonly keys: readonly string[];
      readonly item: Schema | undefined;
    };

const scalarNode: TypedNode = { kind: "scalar" };
const wholeNode: TypedNode = { kind: "scalar" };

/** What upstream deduces for values without a schema: maps field by field, lists as a whole. */
function deducedNode(value: unknown): TypedNode {
  if (Array.isArray(value)) return { kind: "list", atomic: true, keys: [], item: undefined };
  // A null takes the form of what it is compared with.
  if (isObject(value) || value === null)
    return { kind: "map", atomic: false, member: () => ({ schema: undefined, named: false }) };
  return wholeNode;
}

/** Nodes do not depend on values where the schema tells their kind. */
const nodes = new WeakMap<Schemas, WeakMap<Schema, TypedNode | "deduced">>();

/** The node of a value; `schema` undefined stands for no schema. */
export function typedNode(schema: Schema | undefined, value: unknown, schemas: Schemas): TypedNode {
  if (schema === undefined) return deducedNode(value);
  let known = nodes.get(schemas);
  if (known === undefined) nodes.set(schemas, (known = new WeakMap()));
  let node = known.get(schema);
  if (node === undefined) known.set(schema, (node = nodeOf(schema, schemas)));
  return node === "deduced" ? deducedNode(value) : node;
}

function nodeOf(schema: Schema, schemas: Schemas): TypedNode | "deduced" {
  // Raw extensions are tracked as a whole although their schema is an open object.
  if (schema.r?.endsWith(".runtime.RawExtension")) return wholeNode;
  const target = schemas.resolve(schema);
  if (target.p !== undefined || target.t === "object") return mapNode(schema, target);
  if (target.t === "array") return listNode(schema, target);
  return target.t === undefined && target.f === undefined ? "deduced" : scalarNode;
}

function mapNode(schema: Schema, target: Schema): TypedNode {
  const properties = target.p;
  return {
    kind: "map",
    atomic: (schema.m ?? target.m) === "atomic",
    member: (key) => {
      const property = properties !== undefined && Object.hasOwn(properties, key) ? properties[key] : undefined;
      return property === undefined ? { schema: target.a, named: false } : { schema: property, named: true };
    },
  };
}

function listNode(schema: Schema, target: Schema): TypedNode {
  const item = target.i ?? {};
  const type = schema.l ?? target.l;
  const node = (atomic: boolean, keys: readonly string[] = []): TypedNode => ({ kind: "list", atomic, keys, item });
  if (type !== undefined)
    return type === "atomic" ? node(true) : node(false, type === "map" ? (schema.k ?? target.k ?? []) : []);
  const strategy = schema.s ?? target.s;
  if (strategy === undefined || !strategy.split(",").includes("merge")) return node(true);
  const key = schema.g ?? target.g;
  return node(false, key === undefined ? [] : [key]);
}

/** Defaults of list keys that upstream declares beyond Go's zero values. */
const declaredKeyDefaults: Readonly<Record<string, string>> = {
  "io.k8s.api.core.v1.ContainerPort/protocol": "TCP",
  "io.k8s.api.core.v1.ServicePort/protocol": "TCP",
  "io.k8s.api.core.v1.LocalObjectReference/name": "",
};

/** What stands for a key that an item leaves out; undefined: nothing. Required keys of Go types have their zero value. */
function keyDefault(item: Schema | undefined, key: string, schemas: Schemas): unknown {
  if (item === undefined) return undefined;
  const target = schemas.resolve(item);
  const property = target.p?.[key];
  if (property?.d !== undefined) return property.d;
  const name = schemas.nameOf?.(target);
  if (name === undefined || schemas.shapeOf?.(name) === undefined) return undefined;
  const declared = declaredKeyDefaults[`${name}/${key}`];
  if (declared !== undefined || !target.q?.includes(key)) return declared;
  return property?.t === "integer" ? 0 : "";
}

/** The path element of a list item. Throws FieldSetError for items that cannot be told apart. */
export function itemElement(list: Extract<TypedNode, { kind: "list" }>, item: unknown, schemas: Schemas): string {
  if (list.keys.length === 0) {
    if (Array.isArray(item)) throw new FieldSetError("not supported: associative list with lists as elements");
    if (isObject(item)) throw new FieldSetError("associative list without keys has an element that's a map type");
    if (item === null || item === undefined)
      throw new FieldSetError("associative list without keys has an element that's an explicit null");
    return valueElement(item);
  }
  if (item === null) throw new FieldSetError("associative list with keys may not have a null element");
  if (!isObject(item)) throw new FieldSetError("associative list with keys may not have non-map elements");
  if (list.keys.length === 1) {
    const key = list.keys[0]!;
    const value = item[key];
    if (typeof value === "string") return `k:{${JSON.stringify(key)}:${goJson(value)}}`;
  }
  const pairs: [string, unknown][] = [];
  for (const key of list.keys) {
    const value = item[key] === undefined ? keyDefault(list.item, key, schemas) : item[key];
    if (value !== undefined) pairs.push([key, value]);
  }
  if (pairs.length === 0)
    throw new FieldSetError(
      `associative list with keys has an element that omits all key fields [${list.keys.map((key) => JSON.stringify(key)).join(" ")}] (and doesn't have default values for any key fields)`,
    );
  return keyElement(pairs);
}

/** The fields that an object has. The object itself is no member. */
export function fieldSetOf(object: unknown, schema: Schema | undefined, schemas: Schemas): FieldSet {
  countField();
  const node = typedNode(schema, object, schemas);
  switch (node.kind) {
    case "scalar":
      return leafFieldSet;
    case "list": {
      if (node.atomic) return leafFieldSet;
      if (!Array.isArray(object)) return emptyFieldSet;
      const children: [string, FieldSet][] = [];
      for (const [element, items] of itemsByElement(node, object, schemas)) {
        const below = items.length > 1 ? leafFieldSet : fieldSetOf(items[0], node.item, schemas);
        children.push([element, { self: true, children: below.children }]);
      }
      return fieldSet(children);
    }
    case "map": {
      if (node.atomic) return leafFieldSet;
      if (!isObject(object)) return emptyFieldSet;
      const children: [string, FieldSet][] = [];
      for (const [key, value] of Object.entries(object)) {
        if (value === undefined) continue;
        const member = node.member(key);
        const below = fieldSetOf(value, member.schema, schemas);
        const self = below.self || value === null || isEmptyMap(value) || !member.named;
        children.push([`f:${key}`, self ? { self, children: below.children } : below]);
      }
      return fieldSet(children);
    }
  }
}

const isEmptyMap = (value: unknown): boolean => isObject(value) && Object.keys(value).length === 0;

/** Items of an associative list by path element, in order; more than one item is a duplicate. */
export function itemsByElement(
  list: Extract<TypedNode, { kind: "list" }>,
  items: readonly unknown[],
  schemas: Schemas,
): Map<string, unknown[]> {
  const found = new Map<string, unknown[]>();
  for (const item of items) {
    const element = itemElement(list, item, schemas);
    const same = found.get(element);
    if (same === undefined) found.set(element, [item]);
    else same.push(item);
  }
  return found;
}

/** How `after` differs from `before`; no field is in more than one of the sets. */
export interface Comparison {
  readonly added: FieldSet;
  readonly removed: FieldSet;
  readonly modified: FieldSet;
}

const same: Comparison = { added: emptyFieldSet, removed: emptyFieldSet, modified: emptyFieldSet };

export interface CompareTypes {
  readonly schema: Schema | undefined;
  readonly schemas: Schemas;
}

/** Compares two objects, undefined standing for one that is not there. Throws FieldSetError. */
export function compareTyped(before: unknown, after: unknown, types: CompareTypes): Comparison {
  if (before === after) return same;
  countField();
  const left = typedNode(types.schema, before, types.schemas);
  const right = typedNode(types.schema, after, types.schemas);
  let result: Compared;
  if (after === undefined) result = compareAs(left, before, after, types.schemas);
  else if (before === undefined || left.kind === right.kind) result = compareAs(right, before, after, types.schemas);
  else result = join(compareAs(left, before, after, types.schemas), compareAs(right, before, after, types.schemas));
  if (result.leaf) return result;
  if (before === undefined) return { ...result, added: { self: true, children: result.added.children } };
  if (after === undefined) return { ...result, removed: { self: true, children: result.removed.children } };
  return result;
}

interface Compared extends Comparison {
  /** Compared as a whole: the path itself is settled. */
  readonly leaf?: true;
}
const join = (a: Compared, b: Compared): Compared => ({
  added: unionFields(a.added, b.added),
  removed: unionFields(a.removed, b.removed),
  modified: unionFields(a.modified, b.modified),
  ...(a.leaf && b.leaf ? { leaf: true } : {}),
});

function compareLeaf(before: unknown, after: unknown): Compared {
  if (before === undefined) return { ...same, added: leafFieldSet, leaf: true };
  if (after === undefined) return { ...same, removed: leafFieldSet, leaf: true };
  return identical(before, after) ? { ...same, leaf: true } : { ...same, modified: leafFieldSet, leaf: true };
}

function checkScalar(node: TypedNode, value: unknown): void {
  if (node === scalarNode && value !== null && typeof value === "object")
    throw new FieldSetError("a list or map stands where the schema has a scalar");
}

function compareAs(node: TypedNode, before: unknown, after: unknown, schemas: Schemas): Compared {
  checkScalar(node, after);
  if (node.kind === "scalar" || node.atomic) return compareLeaf(before, after);
  if (node.kind === "map") {
    const left = isObject(before) ? before : {};
    const right = isObject(after) ? after : {};
    const keys = Object.keys(left);
    for (const key of Object.keys(right)) if (!Object.hasOwn(left, key)) keys.push(key);
    if (keys.length === 0) return compareLeaf(before, after);
    return collect(keys, (key) => {
      if (left[key] === right[key]) return same;
      return compareTyped(left[key], right[key], { schema: node.member(key).schema, schemas });
    });
  }
  const left = Array.isArray(before) ? before : [];
  const right = Array.isArray(after) ? after : [];
  if (left.length + right.length === 0) return compareLeaf(before, after);
  return compareItems(node, { left, right }, schemas);
}

function collect(keys: Iterable<string>, compare: (key: string) => Comparison, prefix = "f:"): Compared {
  let found: Record<keyof Comparison, Map<string, FieldSet> | undefined> | undefined;
  for (const key of keys) {
    const child = compare(key);
    if (child === same) continue;
    found ??= { added: undefined, removed: undefined, modified: undefined };
    const element = prefix + key;
    if (!isEmptyFieldSet(child.added)) (found.added ??= new Map()).set(element, child.added);
    if (!isEmptyFieldSet(child.removed)) (found.removed ??= new Map()).set(element, child.removed);
    if (!isEmptyFieldSet(child.modified)) (found.modified ??= new Map()).set(element, child.modified);
  }
  if (found === undefined) return same;
  const { added, removed, modified } = found;
  return { added: below(added), removed: below(removed), modified: below(modified) };
}

const below = (children: ReadonlyMap<string, FieldSet> | undefined): FieldSet =>
  children === undefined ? emptyFieldSet : { self: false, children };

function compareItems(
  list: Extract<TypedNode, { kind: "list" }>,
  { left, right }: { left: readonly unknown[]; right: readonly unknown[] },
  schemas: Schemas,
): Compared {
  const before = itemsByElement(list, left, schemas);
  const after = itemsByElement(list, right, schemas);
  const types = { schema: list.item, schemas };
  return collect(
    new Set([...before.keys(), ...after.keys()]),
    (element) => {
      const [mine = [], other = []] = [before.get(element), after.get(element)];
      if (mine.length <= 1 && other.length <= 1) return compareTyped(mine[0], other[0], types);
      // Items that occur twice are compared as a whole.
      if (mine.length >= 2 && other.length >= 2)
        return identical(mine, other) ? same : { ...same, modified: leafFieldSet };
      if (mine.length >= 2) {
        const now = other.length === 1 ? compareTyped(undefined, other[0], types) : same;
        return { ...now, removed: unionFields(now.removed, leafFieldSet) };
      }
      const then = mine.length === 1 ? compareTyped(mine[0], undefined, types) : same;
      return { ...then, added: unionFields(then.added, leafFieldSet) };
    },
    "",
  );
}

/**
 * What is new or another value in `after`: `added` and `modified` of compareTyped as one set, made in one walk. The object
 * itself is no member.
 */
export function changedFields(before: unknown, after: unknown, types: CompareTypes): FieldSet {
  const { schema, schemas } = types;
  if (before === after || after === undefined) return emptyFieldSet;
  if (before === undefined) return wholeFields(after, schema, schemas);
  const node = typedNode(schema, after, schemas);
  if (node.kind === "map" && !node.atomic && isObject(before) && isObject(after)) {
    const keys = Object.keys(after);
    if (keys.length === 0) return unionOfChanges(before, after, types);
    const children = new Map<string, FieldSet>();
    for (const key of keys) {
      const child = changedFields(before[key], after[key], { schema: node.member(key).schema, schemas });
      if (!isEmptyFieldSet(child)) children.set(`f:${key}`, child);
    }
    return children.size === 0 ? emptyFieldSet : { self: false, children };
  }
  const fills = node.kind === "list" && !node.atomic && schema !== undefined && isEmptyList(before);
  if (!fills || !Array.isArray(after) || after.length === 0) return unionOfChanges(before, after, types);
  return { self: false, children: itemFields(node, after, schemas) };
}

const isEmptyList = (value: unknown): boolean => value === null || (Array.isArray(value) && value.length === 0);

function unionOfChanges(before: unknown, after: unknown, types: CompareTypes): FieldSet {
  const { added, modified } = compareTyped(before, after, types);
  return unionFields(modified, added);
}

/** Of a value where there was none: it and everything below it are new. */
function wholeFields(value: unknown, schema: Schema | undefined, schemas: Schemas): FieldSet {
  if (value === undefined) return emptyFieldSet;
  countField();
  const node = typedNode(schema, value, schemas);
  checkScalar(node, value);
  if (node.kind === "scalar" || node.atomic) return leafFieldSet;
  if (node.kind === "list")
    return Array.isArray(value) && value.length > 0
      ? { self: true, children: itemFields(node, value, schemas) }
      : leafFieldSet;
  if (!isObject(value)) return leafFieldSet;
  const children = new Map<string, FieldSet>();
  for (const key of Object.keys(value)) {
    const child = wholeFields(value[key], node.member(key).schema, schemas);
    if (!isEmptyFieldSet(child)) children.set(`f:${key}`, child);
  }
  return children.size === 0 ? leafFieldSet : { self: true, children };
}

function itemFields(
  list: Extract<TypedNode, { kind: "list" }>,
  items: readonly unknown[],
  schemas: Schemas,
): Map<string, FieldSet> {
  const children = new Map<string, FieldSet>();
  for (const item of items) {
    const element = itemElement(list, item, schemas);
    // Items that occur twice are owned as a whole.
    children.set(element, children.has(element) ? leafFieldSet : wholeFields(item, list.item, schemas));
  }
  return children;
}
