// What strategic merge patch and its diff share: how lists and maps of a schema are merged, Go's way to print values in error
// texts, and the order of merged lists. Upstream: k8s.io/apimachinery/pkg/util/strategicpatch, pkg/util/mergepatch.
import { isObject } from "../equal.ts";
import { badRequest, StatusError } from "../errors.ts";
import type { Schema, Schemas } from "../schema.ts";

export const directive = "$patch";
export const retainKeysDirective = "$retainKeys";
export const deleteFromPrefix = "$deleteFromPrimitiveList";
export const setOrderPrefix = "$setElementOrder";

export type JsonMap = Record<string, unknown>;

/** An error that upstream does not classify: a 500 with the bare text. */
export const plainError = (message: string): StatusError => new StatusError({ code: 500, message });

export const badFormat = {
  primitiveList: () => badRequest("invalid patch format of primitive list"),
  retainKeys: () => badRequest("invalid patch format of retainKeys"),
  setElementOrder: () => badRequest("invalid patch format of setElementOrder list"),
} as const;

export const noMergeKey = (map: JsonMap, mergeKey: string): StatusError =>
  plainError(`map: ${goText(map)} does not contain declared merge key: ${mergeKey}`);

/** Go's name of a JSON value's type. */
export function goType(value: unknown): string {
  if (value === null || value === undefined) return "%!s(<nil>)";
  if (Array.isArray(value)) return "[]interface {}";
  switch (typeof value) {
    case "string":
      return "string";
    case "boolean":
      return "bool";
    case "number":
      return Number.isInteger(value) ? "int64" : "float64";
    case "bigint":
      return "int64";
    default:
      return "map[string]interface {}";
  }
}

export const badType = (expected: string, actual: unknown): StatusError =>
  plainError(`expected a ${expected}, but received a ${goType(actual)}`);

/** Go's %v: maps with sorted keys, lists in brackets. */
export function goText(value: unknown): string {
  if (value === null || value === undefined) return "<nil>";
  if (Array.isArray(value)) return `[${value.map(goText).join(" ")}]`;
  if (!isObject(value)) return String(value);
  const members = Object.keys(value)
    .sort()
    .map((key) => `${key}:${goText(value[key])}`);
  return `map[${members.join(" ")}]`;
}

/** Go's %s, which tells what is no string. */
function goStringText(value: unknown): string {
  if (typeof value === "string") return value;
  if (value === null || value === undefined) return "%!s(<nil>)";
  if (Array.isArray(value)) return `[${value.map(goStringText).join(" ")}]`;
  if (!isObject(value)) return `%!s(${goType(value)}=${goText(value)})`;
  const members = Object.keys(value)
    .sort()
    .map((key) => `${key}:${goStringText(value[key])}`);
  return `map[${members.join(" ")}]`;
}

/** A `$patch` that is none of upstream's. */
export const unknownDirective = (what: unknown, map: unknown): StatusError =>
  plainError(`unknown patch type: ${goStringText(what)} in map: ${goText(map)}`);

export interface PatchTypes {
  readonly schema: Schema | undefined;
  readonly schemas: Schemas;
}

/** How one field is patched. */
export interface FieldRule {
  /** Types of the field's value; of the items when it is a list. */
  readonly types: PatchTypes;
  readonly strategy: "merge" | "replace" | "";
  readonly retainKeys: boolean;
  readonly mergeKey: string;
}

export function ruleOf(types: PatchTypes, key: string, value: "map" | "list"): FieldRule {
  const parent = types.schema === undefined ? undefined : types.schemas.resolve(types.schema);
  const property = parent?.p !== undefined && Object.hasOwn(parent.p, key) ? parent.p[key] : parent?.a;
  const target = property === undefined ? undefined : types.schemas.resolve(property);
  const strategies = (property?.s ?? target?.s ?? "").split(",").filter((each) => each !== "");
  const strategy = strategies.find((each) => each !== "retainKeys") ?? "";
  return {
    types: { schema: value === "list" ? target?.i : property, schemas: types.schemas },
    strategy: strategy === "merge" || strategy === "replace" ? strategy : "",
    retainKeys: strategies.includes("retainKeys"),
    mergeKey: property?.g ?? target?.g ?? "",
  };
}

export type ItemKind = "map" | "list" | "scalar";

/** The one kind of all items. Throws StatusError when they differ. */
export function itemKind(...lists: readonly (readonly unknown[])[]): ItemKind {
  let kind: ItemKind | undefined;
  let type = "";
  for (const list of lists) {
    for (const item of list) {
      const now: ItemKind = Array.isArray(item) ? "list" : isObject(item) ? "map" : "scalar";
      const nowType = now === "scalar" ? typeof item : now;
      if (kind !== undefined && nowType !== type)
        throw plainError(`list element types are not identical: ${goText(lists)}`);
      kind = now;
      type = nowType;
    }
  }
  if (kind === undefined) throw plainError("no elements in any of the given slices");
  if (kind === "list") throw listOfLists();
  return kind;
}

const listOfLists = (): StatusError => {
  const status = new StatusError({
    code: 422,
    reason: "Invalid",
    message: "the server rejected our request due to an error in our request",
    details: {},
  });
  status.cause = new Error("lists of lists are not supported");
  return status;
};

/** What tells items apart: the merge key's value, or the scalar itself. */
export const identityOf = (item: unknown, mergeKey: string): unknown =>
  mergeKey === "" ? item : isObject(item) ? item[mergeKey] : undefined;

export function checkMergeKeys(mergeKey: string, ...lists: readonly (readonly unknown[])[]): void {
  for (const list of lists)
    for (const item of list) {
      if (!isObject(item)) throw badType("map[string]interface {}", item);
      if (item[mergeKey] === undefined) throw noMergeKey(item, mergeKey);
    }
}

/** Deletions last, the rest in the order given; what that order does not name moves to the front, as upstream's sort has it. */
export function inOrder(items: readonly unknown[], order: readonly unknown[], mergeKey: string): unknown[] {
  let kept = [...items];
  let deletions: unknown[] = [];
  if (mergeKey !== "") {
    checkMergeKeys(mergeKey, items, order);
    deletions = kept.filter((item) => (item as JsonMap)[directive] === "delete");
    kept = kept.filter((item) => (item as JsonMap)[directive] !== "delete");
  }
  const places = placesOf(order, mergeKey);
  const ranked = kept.map((item) => ({ item, place: places.get(identityOf(item, mergeKey)) ?? -1 }));
  // Upstream's order does not hold together for items that it does not name: what Go's sort makes of it is copied for the
  // few items that it sorts by insertion.
  if (ranked.length > insertionSorted) ranked.sort((a, b) => a.place - b.place);
  else
    for (let index = 1; index < ranked.length; index++)
      for (let at = index; at > 0 && comesBefore(ranked[at]!.place, ranked[at - 1]!.place); at--)
        [ranked[at - 1], ranked[at]] = [ranked[at]!, ranked[at - 1]!];
  return [...ranked.map(({ item }) => item), ...deletions];
}

const insertionSorted = 12;
const comesBefore = (left: number, right: number): boolean => left < 0 || right < 0 || left < right;

/** Where each item stands, the first of equal ones. */
export function placesOf(list: readonly unknown[], mergeKey: string): Map<unknown, number> {
  const places = new Map<unknown, number>();
  list.forEach((item, index) => {
    const identity = identityOf(item, mergeKey);
    if (!places.has(identity)) places.set(identity, index);
  });
  return places;
}

export interface ListOrder {
  /** Order that the patch asks for, and that the list had on the server. */
  readonly patch: readonly unknown[];
  readonly server: readonly unknown[];
  readonly mergeKey: string;
}

/** Weaves items that the patch names and items that only the server has. */
export function weave(items: readonly unknown[], order: ListOrder): unknown[] {
  const { mergeKey } = order;
  const named: unknown[] = [];
  const serverOnly: unknown[] = [];
  const asked = placesOf(order.patch, mergeKey);
  for (const item of items) {
    if (mergeKey !== "") checkMergeKeys(mergeKey, [item]);
    (asked.has(identityOf(item, mergeKey)) ? named : serverOnly).push(item);
  }
  const right = inOrder(named, order.patch, mergeKey);
  const left = inOrder(serverOnly, order.server, mergeKey);
  const places = placesOf(order.server, mergeKey);
  const placeOf = (item: unknown): number => places.get(identityOf(item, mergeKey)) ?? -1;
  const woven: unknown[] = [];
  let [leftAt, rightAt] = [0, 0];
  while (leftAt < left.length && rightAt < right.length) {
    const [ours, theirs] = [placeOf(left[leftAt]), placeOf(right[rightAt])];
    woven.push(ours >= 0 && theirs >= 0 && ours < theirs ? left[leftAt++] : right[rightAt++]);
  }
  return [...woven, ...left.slice(leftAt), ...right.slice(rightAt)];
}

export const uniqueScalars = (items: readonly unknown[]): unknown[] => [...new Set(items)];
export const compareTexts = (a: unknown, b: unknown): number => {
  const [left, right] = [goText(a), goText(b)];
  return left < right ? -1 : left > right ? 1 : 0;
};
