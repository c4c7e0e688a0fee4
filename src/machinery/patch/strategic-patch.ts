// Strategic merge patch: maps merge, lists merge by key where the schema says so, directives steer. Upstream:
// k8s.io/apimachinery/pkg/util/strategicpatch.
import { deepClone, identical, isObject, setOwn } from "../equal.ts";
import type { Schema, Schemas } from "../schema.ts";
import {
  badFormat,
  badType,
  deleteFromPrefix,
  directive,
  goText,
  identityOf,
  itemKind,
  type JsonMap,
  noMergeKey,
  type PatchTypes,
  placesOf,
  plainError,
  retainKeysDirective,
  ruleOf,
  setOrderPrefix,
  uniqueScalars,
  unknownDirective,
  weave,
} from "./strategic-lists.ts";

/** Whether a patch is applied to an object, or two patches are put together (directives are then kept). */
type Purpose = "apply" | "combine";

/** `$patch`, `$deleteFromPrimitiveList/…`, `$setElementOrder/…`, `$retainKeys`. Throws StatusError with upstream's texts. */
export function applyStrategicMergePatch(
  document: unknown,
  patch: unknown,
  types: { schema: Schema; schemas: Schemas },
): unknown {
  return mergeStrategically(document, patch, types).object;
}

/** The same, with what is left of the patch: directives that were followed are gone from it, as upstream's errors show it. */
export function mergeStrategically(
  document: unknown,
  patch: unknown,
  types: { schema: Schema; schemas: Schemas },
): { object: unknown; left: unknown } {
  const original = isObject(document) ? (deepClone(document) as JsonMap) : {};
  if (patch === null) return { object: original, left: patch };
  if (!isObject(patch)) throw badType("map[string]interface {}", patch);
  const left = deepClone(patch);
  return { object: mergeMaps(original, left, { types, purpose: "apply" }), left };
}

/** One patch that does what `first` and then `second` do. */
export function combineStrategicPatches(first: JsonMap, second: JsonMap, types: PatchTypes): JsonMap {
  return mergeMaps(deepClone(first), deepClone(second), { types, purpose: "combine" });
}

interface Merge {
  readonly types: PatchTypes;
  readonly purpose: Purpose;
}

/** Changes and returns `original`; `patch` is used up. */
function mergeMaps(original: JsonMap, patch: JsonMap, merge: Merge): JsonMap {
  if (Object.hasOwn(patch, directive)) return replacement(patch);
  retainKeys(original, patch, merge.purpose);
  for (const key of Object.keys(patch))
    if (key.startsWith(setOrderPrefix)) mergeOrdered(original, patch, { key, merge });
  for (const key of Object.keys(patch)) mergeKeyIntoMap(original, patch[key], { key, merge });
  return original;
}

/** `$patch: replace` and `$patch: delete` for a whole map. */
function replacement(patch: JsonMap): JsonMap {
  const what = patch[directive];
  if (what === "delete") return {};
  if (what !== "replace") throw unknownDirective(what, patch);
  delete patch[directive];
  return patch;
}

function retainKeys(original: JsonMap, patch: JsonMap, purpose: Purpose): void {
  const keys = patch[retainKeysDirective];
  if (keys === undefined) return;
  delete patch[retainKeysDirective];
  if (purpose === "combine") {
    const before = original[retainKeysDirective];
    if (before !== undefined && !identical(before, keys))
      throw plainError(
        `${goText(before)} and ${goText(keys)} are not deep equal: this may happen when calculating the 3-way diff patch`,
      );
    original[retainKeysDirective] = keys;
    return;
  }
  if (!Array.isArray(keys)) throw badFormat.retainKeys();
  const retained = new Set<unknown>(keys);
  for (const [key, value] of Object.entries(patch)) {
    if (value === null || key.startsWith(deleteFromPrefix) || key.startsWith(setOrderPrefix)) continue;
    if (!retained.has(key)) throw badFormat.retainKeys();
  }
  for (const key of Object.keys(original)) if (!retained.has(key)) delete original[key];
}

const directiveTarget = (key: string, prefix: string): string | undefined =>
  key.startsWith(`${prefix}/`) ? key.slice(prefix.length + 1) : undefined;

/** A list whose order the patch gives. */
function mergeOrdered(original: JsonMap, patch: JsonMap, { key, merge }: { key: string; merge: Merge }): void {
  const order = patch[key];
  delete patch[key];
  if (merge.purpose === "combine") {
    if (original[key] !== undefined && !identical(original[key], order)) throw badFormat.setElementOrder();
    original[key] = order;
  }
  if (!Array.isArray(order)) throw badType("[]interface {}", order);
  const field = directiveTarget(key, setOrderPrefix);
  if (field === undefined) throw badFormat.setElementOrder();
  const [before, change] = [original[field], patch[field]];
  if (before !== undefined && !Array.isArray(before)) throw badType("[]interface {}", before);
  if (change !== undefined && !Array.isArray(change)) throw badType("[]interface {}", change);
  const rule = ruleOf(merge.types, field, "list");
  checkOrder(change ?? [], order, rule.mergeKey);
  let merged: unknown[];
  let server: readonly unknown[] = before ?? [];
  if (change === undefined) {
    if (before === undefined) return;
    merged = before;
  } else if (before === undefined) merged = (withoutDirectives(change) as { value: unknown[] }).value;
  else {
    const result = mergeList(before, change, { rule, deleting: false, merge });
    merged = result.items;
    server = result.server;
  }
  itemKind(before ?? [], change ?? []);
  original[field] = weave(merged, { patch: order, server, mergeKey: rule.mergeKey });
  delete patch[field];
}

/** What the patch changes must come in the order that it gives. */
function checkOrder(change: readonly unknown[], order: readonly unknown[], mergeKey: string): void {
  if (change.length === 0 || order.length === 0) return;
  const items = mergeKey === "" ? change : change.filter((item) => !isObject(item) || !Object.hasOwn(item, directive));
  let at = 0;
  for (const each of order) {
    if (at >= items.length) break;
    if (mergeKey !== "") {
      for (const item of [items[at], each]) {
        if (!isObject(item)) throw badType("map[string]interface {}", item);
        if (item[mergeKey] === undefined) throw noMergeKey(item, mergeKey);
      }
    }
    if (identityOf(items[at], mergeKey) === identityOf(each, mergeKey)) at++;
  }
  if (at < items.length)
    throw plainError(
      `The order in patch list:\n${goText(change)}\n doesn't match ${setOrderPrefix} list:\n${goText(order)}\n`,
    );
}

function mergeKeyIntoMap(
  original: JsonMap,
  change: unknown,
  { key: name, merge }: { key: string; merge: Merge },
): void {
  let key = name;
  const deleting = name.startsWith(deleteFromPrefix);
  if (deleting) {
    if (merge.purpose === "combine") {
      original[name] = change;
      return;
    }
    const target = directiveTarget(name, deleteFromPrefix);
    if (target === undefined) throw badFormat.primitiveList();
    key = target;
  }
  if (change === null) {
    delete original[key];
    if (merge.purpose === "apply") return;
  }
  const before = Object.hasOwn(original, key) ? original[key] : undefined;
  if (before === undefined || kindOf(before) !== kindOf(change)) {
    if (!deleting) set(original, key, merge.purpose === "apply" ? withoutNullMembers(change) : change);
    return;
  }
  if (isObject(before)) {
    const rule = ruleOf(merge.types, key, "map");
    const merged =
      rule.strategy === "replace"
        ? (change as JsonMap)
        : mergeMaps(before, change as JsonMap, { ...merge, types: rule.types });
    setOwn(original, key, merged);
  } else if (Array.isArray(before)) {
    const rule = ruleOf(merge.types, key, "list");
    original[key] = mergeListField(before, change as unknown[], { rule, deleting, merge });
  } else set(original, key, change);
}

export const kindOf = (value: unknown): string =>
  Array.isArray(value) ? "list" : value === null ? "null" : typeof value;

function set(original: JsonMap, key: string, value: unknown): void {
  const kept = withoutDirectives(value);
  if (kept === undefined) delete original[key];
  else setOwn(original, key, kept.value);
}

/** The value without items and members that carry `$patch`; undefined when the value itself does. */
function withoutDirectives(value: unknown): { value: unknown } | undefined {
  if (Array.isArray(value))
    return {
      value: value.flatMap((item) => {
        const kept = withoutDirectives(item);
        return kept === undefined ? [] : [kept.value];
      }),
    };
  if (!isObject(value)) return { value };
  if (Object.hasOwn(value, directive)) return undefined;
  for (const key of Object.keys(value)) set(value, key, value[key]);
  return { value };
}

function withoutNullMembers(value: unknown): unknown {
  if (Array.isArray(value)) value.forEach(withoutNullMembers);
  else if (isObject(value))
    for (const key of Object.keys(value)) {
      if (value[key] === null) delete value[key];
      else withoutNullMembers(value[key]);
    }
  return value;
}

interface ListMerge {
  readonly rule: ReturnType<typeof ruleOf>;
  readonly deleting: boolean;
  readonly merge: Merge;
}

const mergeListField = (before: unknown[], change: unknown[], options: ListMerge): unknown[] =>
  mergeList(before, change, options).items;

interface MergedList {
  readonly items: unknown[];
  /** The list's old order, as far as upstream still knows it when a `$setElementOrder` is applied afterwards. */
  readonly server: readonly unknown[];
}

function mergeList(before: unknown[], change: unknown[], { rule, deleting, merge }: ListMerge): MergedList {
  if (rule.strategy !== "merge" && !deleting) return { items: change, server: before };
  if (before.length === 0 && change.length === 0) return { items: before, server: before };
  const { mergeKey } = rule;
  if (itemKind(before, change) === "scalar") {
    if (deleting && merge.purpose === "apply") {
      const gone = new Set(change);
      return { items: before.filter((item) => !gone.has(item)), server: before };
    }
    const merged = uniqueScalars([...before, ...change]);
    return { items: weave(merged, { patch: change, server: before, mergeKey }), server: before };
  }
  if (mergeKey === "") throw plainError("cannot merge lists without merge key for ");
  const { kept, additions, replaced } = applyItemDirectives(before as JsonMap[], change as JsonMap[], mergeKey);
  const server = [...kept];
  const fresh: JsonMap[] = [];
  const places = placesOf(kept, mergeKey);
  for (const item of additions) {
    const value = item[mergeKey];
    if (value === undefined) throw noMergeKey(item, mergeKey);
    const at = places.get(value) ?? -1;
    if (at >= 0) kept[at] = mergeMaps(kept[at]!, item, { ...merge, types: rule.types });
    else {
      places.set(value, kept.length);
      kept.push(item);
      fresh.push(item);
    }
  }
  return {
    items: weave(kept, { patch: additions, server, mergeKey }),
    server: replaced ? before : rememberedOrder(before, server, fresh),
  };
}

/**
 * Upstream deletes and appends in place, in the array whose order it looks at later: new items take the places that deleted
 * ones left, and what no new item took shows what was there before the shift.
 */
function rememberedOrder(before: readonly unknown[], kept: readonly unknown[], fresh: readonly unknown[]): unknown[] {
  const taken = [...kept, ...fresh].slice(0, before.length);
  return [...taken, ...before.slice(taken.length)];
}

/** `$patch` within the items of a list: delete one, replace all. */
function applyItemDirectives(
  before: readonly JsonMap[],
  change: readonly JsonMap[],
  mergeKey: string,
): { kept: JsonMap[]; additions: JsonMap[]; replaced: boolean } {
  const gone = new Set<unknown>();
  const additions: JsonMap[] = [];
  let replaced = false;
  for (const item of change) {
    const what = item[directive];
    if (!Object.hasOwn(item, directive)) additions.push(item);
    else if (what === "replace") replaced = true;
    else if (what === "merge") throw plainError("merging lists cannot yet be specified in the patch");
    else if (what !== "delete") throw unknownDirective(what, item);
    else {
      const value = item[mergeKey];
      if (value === undefined) throw noMergeKey(item, mergeKey);
      gone.add(value);
    }
  }
  if (replaced) return { kept: additions, additions: [], replaced };
  return { kept: before.filter((each) => !gone.has(each[mergeKey])), additions, replaced };
}
