// Field selectors over custom resources whose versions a webhook makes of one another: the caches hold what is stored, and a field of another
// version can be asked about only once the object has been converted. Upstream keeps a cache for each version and selects there.
import { type FieldMatcher, fieldMatcher, type WatchEventType } from "../../../machinery/index.ts";
import type { ServedResource } from "../../catalog.ts";
import type { CachedObject, Selection } from "../../watchcache/index.ts";
import { shown } from "../store-object.ts";

export interface SplitSelection {
  /** What the cache can answer. */
  readonly cached: Selection;
  /** What is asked of the converted object; undefined when there is nothing more to ask. */
  readonly converted: FieldMatcher | undefined;
}

export function splitSelection({ custom }: ServedResource, selection: Selection): SplitSelection {
  const own = selection.fields.requirements.filter(({ field }) => field !== "" && !field.startsWith("metadata."));
  if (custom?.convert === undefined || own.length === 0) return { cached: selection, converted: undefined };
  const rest = selection.fields.requirements.filter((each) => !own.includes(each));
  return { cached: { ...selection, fields: fieldMatcher(rest) }, converted: fieldMatcher(own) };
}

/** Of an object that has been converted. */
export function matchesConverted(resource: ServedResource, fields: FieldMatcher, cached: CachedObject): boolean {
  const { object } = shown(resource, cached);
  const values = Object.entries(resource.kind.selectableFields ?? {}).map(([name, value]) => [name, value(object)]);
  return fields.matches(Object.fromEntries(values) as Record<string, string>);
}

/** How a change looks to who selects by `matches`; undefined: not at all. Both objects have been converted. */
export function convertedEvent(
  type: WatchEventType,
  change: { readonly object: CachedObject; readonly previous: CachedObject | undefined },
  matches: (object: CachedObject) => boolean,
): WatchEventType | undefined {
  const { object, previous } = change;
  const now = matches(object);
  if (type !== "MODIFIED" || previous === undefined) return now ? type : undefined;
  const before = matches(previous);
  if (now) return before ? "MODIFIED" : "ADDED";
  return before ? "DELETED" : undefined;
}
