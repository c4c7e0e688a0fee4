// kubectl's side of strategic merge patches, by which the server's is tested: what changed between two objects, and what kubectl apply
// sends for three. Upstream: k8s.io/apimachinery/pkg/util/strategicpatch CreateTwoWayMergePatch, CreateThreeWayMergePatch.
import { identical, isObject, setOwn } from "../equal.ts";
import type { Schema, Schemas } from "../schema.ts";
import {
  badType,
  checkMergeKeys,
  compareTexts,
  deleteFromPrefix,
  directive,
  goText,
  inOrder,
  itemKind,
  type JsonMap,
  type PatchTypes,
  retainKeysDirective,
  ruleOf,
  setOrderPrefix,
  uniqueScalars,
} from "./strategic-lists.ts";
import { combineStrategicPatches, kindOf } from "./strategic-patch.ts";

/** Which differences a diff tells. */
interface Wanted {
  readonly deletions: boolean;
  readonly changes: boolean;
  /** Also the order of merged lists. */
  readonly order: boolean;
}

/**
 * The strategic merge patch that kubectl apply sends, from the last applied, the new and the live object: what the new one
 * adds or changes against the live one, and what it no longer has of the last applied one.
 */
export function createThreeWayStrategicPatch(
  objects: { original: unknown; modified: unknown; current: unknown },
  types: { schema: Schema; schemas: Schemas },
): unknown {
  const [original, modified, current] = [mapOf(objects.original), mapOf(objects.modified), mapOf(objects.current)];
  const changes = diffMaps(current, modified, { types, wanted: { deletions: false, changes: true, order: true } });
  const deletions = diffMaps(original, modified, { types, wanted: { deletions: true, changes: false, order: true } });
  return combineStrategicPatches(deletions, changes, types);
}

/** The strategic merge patch that turns `original` into `modified`. */
export function createTwoWayStrategicPatch(
  original: unknown,
  modified: unknown,
  types: { schema: Schema; schemas: Schemas },
): unknown {
  return diffMaps(mapOf(original), mapOf(modified), { types, wanted: { deletions: true, changes: true, order: true } });
}

function mapOf(value: unknown): JsonMap {
  if (value === undefined || value === null) return {};
  if (!isObject(value)) throw badType("map[string]interface {}", value);
  return value;
}

interface Diff {
  readonly types: PatchTypes;
  readonly wanted: Wanted;
  /** List the new keys, so that others are dropped. */
  readonly retainKeys?: boolean;
}

function diffMaps(original: JsonMap, modified: JsonMap, diff: Diff): JsonMap {
  const patch: JsonMap = {};
  for (const key of Object.keys(modified)) {
    const [before, after] = [Object.hasOwn(original, key) ? original[key] : undefined, modified[key]];
    if (after === undefined) continue;
    if (before === undefined || kindOf(before) !== kindOf(after)) {
      if (diff.wanted.changes) setOwn(patch, key, after);
    } else if (isObject(before)) diffMapField(patch, { key, before, after: after as JsonMap }, diff);
    else if (Array.isArray(before)) diffListField(patch, { key, before, after: after as unknown[] }, diff);
    else if (diff.wanted.changes && before !== after) setOwn(patch, key, after);
  }
  if (diff.wanted.deletions)
    for (const key of Object.keys(original))
      if (original[key] !== undefined && modified[key] === undefined) setOwn(patch, key, null);
  if (diff.retainKeys) {
    const keys = Object.keys(modified).filter((key) => modified[key] !== undefined && modified[key] !== null);
    const fewer = Object.keys(original).some((key) => original[key] !== null && !Object.hasOwn(modified, key));
    if (keys.length > 0 && (fewer || Object.keys(patch).length > 0))
      patch[retainKeysDirective] = keys.sort(compareTexts);
  }
  return patch;
}

function diffMapField(
  patch: JsonMap,
  { key, before, after }: { key: string; before: JsonMap; after: JsonMap },
  diff: Diff,
): void {
  const rule = ruleOf(diff.types, key, "map");
  if (rule.strategy === "replace") {
    if (diff.wanted.changes) setOwn(patch, key, after);
    return;
  }
  const inner = diffMaps(before, after, { types: rule.types, wanted: diff.wanted, retainKeys: rule.retainKeys });
  if (Object.keys(inner).length > 0) setOwn(patch, key, inner);
}

function diffListField(
  patch: JsonMap,
  { key, before, after }: { key: string; before: unknown[]; after: unknown[] },
  diff: Diff,
): void {
  const rule = ruleOf(diff.types, key, "list");
  if (rule.strategy !== "merge") {
    if (diff.wanted.changes && !identical(before, after)) setOwn(patch, key, after);
    return;
  }
  const inner = { types: rule.types, wanted: diff.wanted, retainKeys: rule.retainKeys };
  const { changes, deletions, order } = diffLists(before, after, { diff: inner, mergeKey: rule.mergeKey });
  if (changes.length > 0) setOwn(patch, key, changes);
  if (deletions.length > 0) patch[`${deleteFromPrefix}/${key}`] = deletions;
  if (order.length > 0) patch[`${setOrderPrefix}/${key}`] = order;
}

interface ListDiff {
  readonly changes: unknown[];
  readonly deletions: unknown[];
  readonly order: unknown[];
}

function diffLists(
  before: unknown[],
  after: unknown[],
  { diff, mergeKey }: { diff: Diff; mergeKey: string },
): ListDiff {
  const { wanted } = diff;
  if (before.length === 0) return { changes: wanted.changes ? after : [], deletions: [], order: [] };
  if (itemKind(before, after) === "scalar") {
    const changes = wanted.changes ? inOrder(addedScalars(before, after), after, "") : [];
    const deletions = wanted.deletions ? uniqueScalars(addedScalars(after, before)) : [];
    // Upstream compares with the old list already sorted, so an unchanged list out of order still gets its order written.
    const reordered = wanted.changes && !identical([...before].sort(compareTexts), after);
    const ordered = wanted.order && (deletions.length > 0 || reordered);
    return { changes, deletions, order: ordered ? after : [] };
  }
  checkMergeKeys(mergeKey, before, after);
  const { changed, deleted } = diffItems(before as JsonMap[], after as JsonMap[], { diff, mergeKey });
  const changes = [...inOrder(changed, after, mergeKey), ...deleted];
  const sameOrder =
    before.length === after.length &&
    before.every((item, index) => (item as JsonMap)[mergeKey] === (after[index] as JsonMap)[mergeKey]);
  const ordered =
    wanted.order &&
    ((wanted.changes && (changes.length > 0 || !sameOrder)) || (wanted.deletions && changes.length > 0));
  return {
    changes,
    deletions: [],
    order: ordered ? after.map((item) => ({ [mergeKey]: (item as JsonMap)[mergeKey] })) : [],
  };
}

/** Items of `after` that `before` lacks, counting repeats, in text order. */
function addedScalars(before: readonly unknown[], after: readonly unknown[]): unknown[] {
  const left = [...before].map(goText);
  return [...after].sort(compareTexts).filter((item) => {
    const at = left.indexOf(goText(item));
    if (at < 0) return true;
    left.splice(at, 1);
    return false;
  });
}

function diffItems(
  before: readonly JsonMap[],
  after: readonly JsonMap[],
  { diff, mergeKey }: { diff: Diff; mergeKey: string },
): { changed: JsonMap[]; deleted: JsonMap[] } {
  const text = (item: JsonMap): string => goText(item[mergeKey]);
  const byText = (a: JsonMap, b: JsonMap): number => (text(a) < text(b) ? -1 : text(a) > text(b) ? 1 : 0);
  const [left, right] = [[...before].sort(byText), [...after].sort(byText)];
  const changed: JsonMap[] = [];
  const deleted: JsonMap[] = [];
  while (left.length > 0 || right.length > 0) {
    const order = left.length === 0 ? 1 : right.length === 0 ? -1 : byText(left[0]!, right[0]!);
    if (order < 0) {
      const item = left.shift()!;
      if (diff.wanted.deletions) deleted.push({ [directive]: "delete", [mergeKey]: item[mergeKey] });
      continue;
    }
    const item = right.shift()!;
    if (order > 0) {
      if (diff.wanted.changes) changed.push(item);
      continue;
    }
    const inner = diffMaps(left.shift()!, item, diff);
    if (Object.keys(inner).length > 0) changed.push({ ...inner, [mergeKey]: item[mergeKey] });
  }
  return { changed, deleted };
}
