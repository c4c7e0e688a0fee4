// Merging an applied configuration into an object, taking fields out of an object, and checking a configuration against its
// schema: the moves of server-side apply. Upstream: sigs.k8s.io/structured-merge-diff typed merge.go, remove.go, validate.go.
import { isObject, setOwn } from "../equal.ts";
import { mostFindings } from "../errors.ts";
import type { Schema, Schemas } from "../schema.ts";
import { type FieldSet, FieldSetError, fieldSet, isEmptyFieldSet, showPath } from "./field-set.ts";
import { type CompareTypes, itemElement, itemsByElement, type TypedNode, typedNode } from "./typed.ts";

type ListNode = Extract<TypedNode, { kind: "list" }>;

/** `applied` merged into `live`: its scalars and atomics win, maps and keyed lists are merged. */
export function mergeTyped(live: unknown, applied: unknown, types: CompareTypes): unknown {
  if (applied === undefined) return live;
  const { schemas } = types;
  const node = typedNode(types.schema, applied === null ? live : applied, schemas);
  if (node.kind === "scalar" || node.atomic) return applied;
  if (node.kind === "map") {
    const left = isObject(live) ? live : {};
    const right = isObject(applied) ? applied : {};
    const keys = new Set([...Object.keys(left), ...Object.keys(right)]);
    if (keys.size === 0) return applied;
    const merged: Record<string, unknown> = {};
    for (const key of keys) {
      const member = Object.hasOwn(right, key) ? right[key] : undefined;
      const before = Object.hasOwn(left, key) ? left[key] : undefined;
      setOwn(merged, key, mergeTyped(before, member, { schema: node.member(key).schema, schemas }));
    }
    return merged;
  }
  const left = Array.isArray(live) ? live : [];
  const right = Array.isArray(applied) ? applied : [];
  return left.length + right.length === 0 ? applied : mergeItems(node, { left, right }, schemas);
}

/** Items in the order of both lists where they agree, in the order of the right one where they do not. */
function mergeItems(
  list: ListNode,
  { left, right }: { left: unknown[]; right: unknown[] },
  schemas: Schemas,
): unknown[] {
  const leftElements = left.map((item) => itemElement(list, item, schemas));
  const rightElements = right.map((item) => itemElement(list, item, schemas));
  const leftItems = itemsByElement(list, left, schemas);
  const rightItems = itemsByElement(list, right, schemas);
  const types = { schema: list.item, schemas };
  const mergeOne = (element: string): unknown => {
    const before = leftItems.get(element);
    // Items that the live list holds twice are not merged with, they are replaced.
    return mergeTyped(before?.length === 1 ? before[0] : undefined, rightItems.get(element)?.[0], types);
  };
  const shared = rightElements.filter((element) => leftItems.has(element));
  const merged: unknown[] = [];
  const done = new Set<string>();
  let [leftAt, rightAt, sharedAt] = [0, 0, 0];
  const takeRight = (): void => {
    const element = rightElements[rightAt++]!;
    done.add(element);
    merged.push(mergeOne(element));
    if (element === shared[sharedAt]) sharedAt++;
  };
  while (leftAt < left.length || rightAt < right.length) {
    const element = leftElements[leftAt];
    if (element !== undefined && rightAt < right.length) {
      if (element === rightElements[rightAt]) {
        leftAt++;
        takeRight();
        continue;
      }
      if (rightItems.has(element) && shared[sharedAt] !== undefined && shared[sharedAt] !== element) {
        leftAt++;
        continue;
      }
    }
    if (element !== undefined) {
      if (!rightItems.has(element)) {
        merged.push(left[leftAt++]);
        continue;
      }
      if (done.has(element)) leftAt++;
    }
    if (rightAt < right.length) takeRight();
  }
  return merged;
}

/** The value without the members of the set; what becomes empty becomes null. */
export function removeFields(value: unknown, set: FieldSet, types: CompareTypes): unknown {
  if (isEmptyFieldSet(set)) return value;
  const { schemas } = types;
  const node = typedNode(types.schema, value, schemas);
  if (node.kind === "scalar") return value;
  if (node.kind === "list") {
    if (!Array.isArray(value) || value.length === 0 || node.atomic) return null;
    const kept: unknown[] = [];
    for (const item of value) {
      const below = set.children.get(itemElement(node, item, schemas));
      if (below?.self) continue;
      kept.push(below === undefined ? item : removeFields(item, below, { schema: node.item, schemas }));
    }
    return kept.length === 0 ? null : kept;
  }
  if (!isObject(value) || Object.keys(value).length === 0 || node.atomic) return null;
  const kept: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    const below = set.children.get(`f:${key}`);
    if (below?.self) continue;
    const member = value[key];
    setOwn(
      kept,
      key,
      below === undefined ? member : removeFields(member, below, { schema: node.member(key).schema, schemas }),
    );
  }
  return Object.keys(kept).length === 0 ? null : kept;
}

/** The set with every field that the schema names as a member, when something below it is. */
export function withNamedFields(set: FieldSet, schema: Schema | undefined, schemas: Schemas): FieldSet {
  const target = schema === undefined ? undefined : schemas.resolve(schema);
  const children: [string, FieldSet][] = [];
  for (const [element, child] of set.children) {
    const key = element.slice(2);
    const property =
      element.startsWith("f:") && target?.p !== undefined && Object.hasOwn(target.p, key) ? target.p[key] : undefined;
    const below = element.startsWith("f:") ? (property ?? target?.a) : target?.i;
    const inner = withNamedFields(child, below, schemas);
    children.push([element, property === undefined || inner.self ? inner : { self: true, children: inner.children }]);
  }
  return children.length === 0 ? set : fieldSet(children, set.self);
}

/** What a configuration holds against its schema, `mostFindings` at most, with upstream's texts: `.spec.foo: field not declared in schema`. */
export function typeErrors(value: unknown, types: CompareTypes & { readonly allowDuplicates?: true }): string[] {
  const errors: string[] = [];
  validate(value, types.schema, {
    schemas: types.schemas,
    path: [],
    errors,
    allowDuplicates: types.allowDuplicates === true,
  });
  return errors;
}

/** As upstream joins them. */
export const joinedTypeErrors = (errors: readonly string[]): string =>
  errors.length === 1 ? errors[0]! : `errors:\n${errors.map((error) => `  ${error}`).join("\n")}`;

interface Validation {
  readonly schemas: Schemas;
  readonly path: readonly string[];
  readonly errors: string[];
  readonly allowDuplicates: boolean;
}

function validate(value: unknown, schema: Schema | undefined, validation: Validation): void {
  const { schemas, path, errors } = validation;
  const fail = (text: string): void => {
    if (errors.length < mostFindings) errors.push(`${showPath(path)}: ${text}`);
  };
  if (value === null || value === undefined || schema === undefined) return;
  const node = typedNode(schema, value, schemas);
  if (node.kind === "scalar") {
    const text = scalarError(value, isQuantity(schema) ? {} : schemas.resolve(schema));
    if (text !== undefined) fail(text);
  } else if (node.kind === "map") {
    if (isObject(value)) validateMembers(node, value, { schema, validation });
    else fail(`expected map, got ${goPointer(value)}`);
  } else if (Array.isArray(value)) validateItems(node, value, validation);
  else fail(`expected list, got ${goPointer(value)}`);
}

function validateMembers(
  map: Extract<TypedNode, { kind: "map" }>,
  value: Record<string, unknown>,
  { schema, validation }: { schema: Schema; validation: Validation },
): void {
  // A type without any field is anything to upstream's schema of apply.
  const closed = Object.keys(validation.schemas.resolve(schema).p ?? {}).length > 0;
  for (const [key, member] of Object.entries(value)) {
    const { schema: below, named } = map.member(key);
    const path = [...validation.path, `f:${key}`];
    if (validation.errors.length >= mostFindings) return;
    if (!named && below === undefined && closed) {
      validation.errors.push(`${showPath(path)}: field not declared in schema`);
      return;
    }
    validate(member, below, { ...validation, path });
  }
}

function validateItems(list: ListNode, items: readonly unknown[], validation: Validation): void {
  const { schemas, path, errors } = validation;
  const seen = new Set<string>();
  for (const [index, item] of items.entries()) {
    if (errors.length >= mostFindings) return;
    const element = list.atomic ? `i:${index}` : elementOrError(list, item, schemas);
    if (element instanceof FieldSetError) {
      errors.push(`${showPath(path)}: element ${index}: ${element.message}`);
      return;
    }
    if (seen.has(element) && !validation.allowDuplicates)
      errors.push(`${showPath(path)}: duplicate entries for key ${showPath([element])}`);
    seen.add(element);
    validate(item, list.item, { ...validation, path: [...path, element] });
  }
}

function elementOrError(list: ListNode, item: unknown, schemas: Schemas): string | FieldSetError {
  try {
    return itemElement(list, item, schemas);
  } catch (error) {
    if (error instanceof FieldSetError) return error;
    throw error;
  }
}

/** Written as a text, and taken as any scalar. */
const isQuantity = ({ r }: Schema): boolean => r === "io.k8s.apimachinery.pkg.api.resource.Quantity";

function scalarError(value: unknown, schema: Schema): string | undefined {
  const numeric = typeof value === "number" || typeof value === "bigint";
  switch (schema.t) {
    case "object":
      // A raw extension: tracked like a scalar, but it is an open object.
      return isObject(value) ? undefined : `expected map, got ${goPointer(value)}`;
    case "integer":
    case "number":
      return numeric ? undefined : `expected numeric (int or float), got ${goTypeName(value)}`;
    case "string":
      if (schema.f !== undefined && schema.f !== "byte") break;
      return typeof value === "string"
        ? undefined
        : `expected string, got &value.valueUnstructured{Value:${goSyntax(value)}}`;
    case "boolean":
      return typeof value === "boolean" ? undefined : `expected boolean, got ${goPointer(value)}`;
  }
  return typeof value === "object" ? `expected any scalar, got ${goPointer(value)}` : undefined;
}

/** Go's %T. */
const goTypeName = (value: unknown): string =>
  Array.isArray(value)
    ? "[]interface {}"
    : typeof value === "object"
      ? "map[string]interface {}"
      : typeof value === "boolean"
        ? "bool"
        : "string";

/** Go's %v of the pointer that holds a value. */
const goPointer = (value: unknown): string => `&{${plain(value)}}`;
function plain(value: unknown): string {
  if (value === null || value === undefined) return "<nil>";
  if (Array.isArray(value)) return `[${value.map(plain).join(" ")}]`;
  if (!isObject(value)) return String(value);
  return `map[${Object.keys(value)
    .sort()
    .map((key) => `${key}:${plain(value[key])}`)
    .join(" ")}]`;
}

/** Go's %#v of JSON values. */
function goSyntax(value: unknown): string {
  if (value === null || value === undefined) return "interface {}(nil)";
  if (Array.isArray(value)) return `[]interface {}{${value.map(goSyntax).join(", ")}}`;
  if (!isObject(value)) return typeof value === "string" ? JSON.stringify(value) : String(value);
  const members = Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${goSyntax(value[key])}`);
  return `map[string]interface {}{${members.join(", ")}}`;
}
