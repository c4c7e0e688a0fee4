// Objects with their members in order, as Go writes maps.
import { isObject, setOwn } from "./equal.ts";

/** A copy in which the members of every object are sorted by name; absent members are left out. */
export function sortedCopy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortedCopy);
  if (!isObject(value)) return value;
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value).sort()) if (value[key] !== undefined) setOwn(copy, key, sortedCopy(value[key]));
  return copy;
}
