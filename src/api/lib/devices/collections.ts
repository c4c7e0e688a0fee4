// Lists and maps whose size is limited. Past the limit nothing else of them is judged, so that no request costs more than it
// may. Upstream: pkg/apis/resource/validation (validateSlice, validateSet, validateMap).
import { field } from "../../../machinery/index.ts";
import { type Check, entry, type Findings, item } from "../validate.ts";

type List<T> = readonly T[] | undefined | null;

/** At most `limit` items, each judged. */
export const limited =
  <T>(limit: number, check: Check<T>): Check<List<T>> =>
  (list, at, found) => {
    if ((list?.length ?? 0) > limit) found.push(field.tooMany(at, list?.length ?? 0, limit));
    else for (const [index, value] of (list ?? []).entries()) check(value, item(at, index), found);
  };

/** Of the values with one key only the first is wanted. The key is printed. */
export function duplicates<T>(list: readonly T[], at: string, of: { key: (value: T) => unknown; found: Findings }) {
  const seen = new Set<string>();
  for (const [index, value] of list.entries()) {
    const key = of.key(value);
    const text = JSON.stringify(key);
    if (seen.has(text)) of.found.push(field.duplicate(item(at, index), key));
    seen.add(text);
  }
}

/** The same, and no two items with one key. */
export const limitedSet =
  <T>(limit: number, check: Check<T>, key: (value: T) => unknown): Check<List<T>> =>
  (list, at, found) => {
    limited(limit, check)(list, at, found);
    if ((list?.length ?? 0) <= limit) duplicates(list ?? [], at, { key, found });
  };

const shortestShown = 16;

/** Keys are cut in the middle where they would make the path too long. */
function shownKey(key: string, length: number): string {
  const limit = Math.max(length, shortestShown);
  if (key.length <= limit) return key;
  const rest = limit - "...".length;
  return `${key.slice(0, Math.ceil(rest / 2))}...${key.slice(key.length - Math.floor(rest / 2))}`;
}

/** Entries in key order. `name` judges the key at the path of the map, `check` the value at that of the entry. */
export const limitedMap =
  <T>(
    limit: { readonly size: number; readonly shownKey: number },
    name: Check<string>,
    check: Check<T>,
  ): Check<Readonly<Record<string, T>> | undefined> =>
  (map, at, found) => {
    const entries = Object.entries(map ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
    if (entries.length > limit.size) {
      found.push(field.tooMany(at, entries.length, limit.size));
      return;
    }
    for (const [key, value] of entries) {
      name(key, at, found);
      check(value, entry(at, shownKey(key, limit.shownKey)), found);
    }
  };
