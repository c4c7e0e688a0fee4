// Objects with their members in order, as Go writes maps.
import { setOwn } from "./equal.ts";

/** A copy in which the members of every object are sorted by name; absent members are left out. */
export function sortedCopy(value: unknown): unknown {
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map(sortedCopy);
  const object = value as Record<string, unknown>;
  const copy: Record<string, unknown> = {};
  for (const key of sortedKeys(object)) if (object[key] !== undefined) setOwn(copy, key, sortedCopy(object[key]));
  return copy;
}

/** The same as data, sharing with the value whatever is in order already. */
export function sorted(value: unknown): unknown {
  if (value === null || typeof value !== "object") return value;
  return Array.isArray(value) ? sortedList(value) : sortedObject(value as Record<string, unknown>);
}

function sortedList(list: readonly unknown[]): readonly unknown[] {
  let copy: unknown[] | undefined;
  for (let index = 0; index < list.length; index++) {
    const item = sorted(list[index]);
    if (item !== list[index]) copy ??= list.slice(0, index);
    copy?.push(item);
  }
  return copy ?? list;
}

function sortedObject(object: Record<string, unknown>): Record<string, unknown> {
  let copy: Record<string, unknown> | undefined;
  if (isInOrder(object)) {
    for (const key in object) {
      const member = sorted(object[key]);
      if (member === object[key]) continue;
      // A member that is set again keeps its place.
      copy ??= { ...object };
      setOwn(copy, key, member);
    }
    return copy ?? object;
  }
  copy = {};
  for (const key of sortedKeys(object)) if (object[key] !== undefined) setOwn(copy, key, sorted(object[key]));
  return copy;
}

function isInOrder(object: Record<string, unknown>): boolean {
  let before: string | undefined;
  for (const key in object) {
    if (object[key] === undefined || (before !== undefined && before >= key)) return false;
    before = key;
  }
  return true;
}

/** Sorting what is sorted costs more than seeing that it is. */
function sortedKeys(object: Record<string, unknown>): string[] {
  const keys = Object.keys(object);
  for (let index = 1; index < keys.length; index++) if (keys[index - 1]! > keys[index]!) return keys.sort();
  return keys;
}
