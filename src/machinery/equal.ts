// Copying, freezing and comparing plain API data.
import { copyEmpties } from "./empties.ts";

/** A mutable copy of plain data. */
export function deepClone<T>(value: T): T {
  if (Array.isArray(value)) {
    const copy = new Array(value.length);
    for (let index = 0; index < value.length; index++) copy[index] = deepClone(value[index]);
    return copy as T;
  }
  if (value !== null && typeof value === "object") {
    const copy: Record<string, unknown> = {};
    for (const key in value) {
      const member = deepClone((value as Record<string, unknown>)[key]);
      if (key === "__proto__") setOwn(copy, key, member);
      else copy[key] = member;
    }
    copyEmpties(value, copy);
    return copy as T;
  }
  return value;
}

let freezing = true;

/**
 * Whether `deepFreeze` does anything. On unless a server that is out of its tests says otherwise: there the freezing of every
 * object that comes and goes would cost more than it finds.
 */
export function setFreezing(on: boolean): void {
  freezing = on;
}

/** Frozen through and through, the same value. */
export function deepFreeze<T>(value: T): T {
  if (freezing && isThawed(value)) freezeAll(value);
  return value;
}

const isThawed = (value: unknown): value is object =>
  value !== null && typeof value === "object" && !Object.isFrozen(value);

/** Most members are no objects: a call for each would be most of the work. */
function freezeAll(value: object): void {
  Object.freeze(value);
  for (const key in value) {
    const member = (value as Record<string, unknown>)[key];
    if (typeof member === "object" && isThawed(member)) freezeAll(member);
  }
}

/** Equal as API data: an absent, null or empty list or map equals the others (upstream's Semantic.DeepEqual, roughly). */
export function deepEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (isEmpty(a) && isEmpty(b)) return true;
  if (a === null || b === null || typeof a !== "object" || typeof b !== "object") return false;
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false;
    for (let index = 0; index < a.length; index++) if (!deepEqual(a[index], b[index])) return false;
    return true;
  }
  if (Array.isArray(b)) return false;
  const left = a as Record<string, unknown>;
  const right = b as Record<string, unknown>;
  for (const key in left) if (!deepEqual(left[key], right[key])) return false;
  for (const key in right) if (!(key in left) && !isEmpty(right[key])) return false;
  return true;
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  if (typeof value !== "object") return false;
  if (Array.isArray(value)) return value.length === 0;
  for (const _ in value) return false;
  return true;
}

/** Equal value for value: null, absent, empty list and empty map are four different things. Key order does not matter. */
export function identical(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (a === null || b === null || typeof a !== "object" || typeof b !== "object") return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    for (let index = 0; index < a.length; index++) if (!identical(a[index], b[index])) return false;
    return true;
  }
  const left = a as Record<string, unknown>;
  const right = b as Record<string, unknown>;
  let keys = 0;
  for (const key in left) {
    if (left[key] === undefined) continue;
    if (!Object.hasOwn(right, key) || !identical(left[key], right[key])) return false;
    keys++;
  }
  for (const key in right) if (right[key] !== undefined) keys--;
  return keys === 0;
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  value !== null && typeof value === "object" && !Array.isArray(value);

/** Sets a key that may be called `__proto__`. */
export function setOwn(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === "__proto__")
    Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
  else target[key] = value;
}
