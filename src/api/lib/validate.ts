// Validation as tables of rules. A Check looks at one value and adds what it finds, with upstream's texts, in upstream's
// order; `fields` lays checks over the fields of a struct, `each` over a list. Irregular rules are plain functions of the
// same type.
//
// Upstream's Go types know no absent strings, numbers and lists, only empty ones: "" and absent are the same here too,
// unless the field is a pointer there. `empty` is that notion.
import {
  deepEqual,
  dns1123Label,
  dns1123Subdomain,
  type FieldError,
  field,
  mostFindings,
  type NameCheck,
} from "../../machinery/index.ts";

export type Findings = FieldError[];
/** The items of a list with their indexes, as long as `mostFindings` are not reached. */
export const worthChecking = <T>(list: Iterable<T>, found: Findings): Iterable<[index: number, value: T]> =>
  // Most lists of most objects are absent: no iterator is made for those.
  Array.isArray(list) && list.length === 0 ? none : numbered(list, found);

function* numbered<T>(list: Iterable<T>, found: Findings): Generator<[index: number, value: T]> {
  let index = 0;
  for (const value of list) {
    if (found.length >= mostFindings) return;
    yield [index++, value];
  }
}
/** The same as calls, for lists that most objects have: no iterator is made. */
export function visit<T>(
  list: readonly T[] | undefined | null,
  found: Findings,
  use: (value: T, index: number) => void,
): void {
  if (list === undefined || list === null) return;
  for (let index = 0; index < list.length && found.length < mostFindings; index++) use(list[index] as T, index);
}

/** The keys in order. Most maps are small and in order as they came. */
export function sortedKeys(map: object | undefined | null): readonly string[] {
  if (map === undefined || map === null) return none;
  const keys = Object.keys(map);
  for (let index = 1; index < keys.length; index++) if (keys[index - 1]! > keys[index]!) return keys.sort();
  return keys;
}
const none: readonly never[] = [];

/** `at` is the dotted path of the value: `spec.containers[0].name`. */
export type Check<T> = (value: T, at: string, found: Findings) => void;

/** Runs a check from the top and returns what it found. */
export function findings<T>(value: T, check: Check<T>, at = ""): FieldError[] {
  const found: Findings = [];
  check(value, at, found);
  return found;
}

/** While this holds, paths are not written: what is looked for is whether there is anything to tell at all. */
let pathless = false;

/**
 * What `find` finds, for large objects in which mostly nothing is: paths are written only once there is something to tell. `find`
 * must find as much whatever paths look like, and change nothing.
 */
export function mostlyNothing<T>(find: () => T[]): T[] {
  if (pathless) return find();
  pathless = true;
  try {
    const found = find();
    if (found.length === 0) return found;
  } finally {
    pathless = false;
  }
  return find();
}

export const child = (at: string, name: string): string => (pathless ? at : at === "" ? name : `${at}.${name}`);
export const item = (at: string, index: number): string => (pathless ? at : `${at}[${index}]`);
/** Path of a map's entry; upstream prints keys without quotes. */
export const entry = (at: string, key: string): string => (pathless ? at : `${at}[${key}]`);

export const empty = (value: unknown): boolean =>
  value === undefined || value === null || value === "" || (Array.isArray(value) && value.length === 0);

/** One check for each field named, in the order written; absent fields are checked as undefined. */
export function fields<T extends object>(table: { readonly [K in keyof T]?: Check<T[K]> }): Check<T | undefined> {
  const rules = Object.entries(table) as [keyof T & string, Check<unknown>][];
  return (value, at, found) => {
    for (const [name, check] of rules) check(value?.[name], child(at, name), found);
  };
}

/** All of them, one after another. */
export const all =
  <T>(...checks: readonly Check<T>[]): Check<T> =>
  (value, at, found) => {
    for (const check of checks) check(value, at, found);
  };

/** Only when there is a value. */
export const optional =
  <T>(check: Check<T>): Check<T | undefined | null> =>
  (value, at, found) => {
    if (value !== undefined && value !== null) check(value, at, found);
  };

/** Only when the value is not empty: fields that are no pointers upstream. */
export const unlessEmpty =
  <T>(check: Check<T>): Check<T | undefined | null> =>
  (value, at, found) => {
    if (!empty(value)) check(value as T, at, found);
  };

/** Must be there; then the check. */
export const required =
  <T>(check?: Check<T>, detail = ""): Check<T | undefined | null> =>
  (value, at, found) => {
    if (empty(value)) found.push(field.required(at, detail));
    else check?.(value as T, at, found);
  };

/** Every item of a list. */
export const each =
  <T>(check: Check<T>): Check<readonly T[] | undefined | null> =>
  (list, at, found) => {
    if (list === undefined || list === null) return;
    for (let index = 0; index < list.length && found.length < mostFindings; index++)
      check(list[index] as T, item(at, index), found);
  };

/** No two items of a list may have the same key; the later one is reported at `fieldName` of the item (or the item itself). */
export const unique =
  <T>(keyOf: (value: T) => string | number | undefined, fieldName = ""): Check<readonly T[] | undefined | null> =>
  (list, at, found) => {
    const seen = new Set<string | number>();
    for (const [index, value] of worthChecking(list ?? [], found)) {
      const key = keyOf(value);
      if (key === undefined || key === "") continue;
      if (seen.has(key))
        found.push(field.duplicate(fieldName === "" ? item(at, index) : child(item(at, index), fieldName), key));
      seen.add(key);
    }
  };

/** One of these texts, listed in upstream's order (mostly sorted); empty counts as a wrong value. */
export function oneOf(...values: readonly string[]): Check<string | undefined> {
  const allowed = new Set(values);
  return (value, at, found) => {
    if (!allowed.has(value ?? "")) found.push(field.notSupported(at, value ?? "", values));
  };
}

/** A check of names (machinery/names.ts): every text is a finding. */
export const named =
  (check: NameCheck): Check<string | undefined> =>
  (value, at, found) => {
    for (const text of check(value ?? "")) found.push(field.invalid(at, value ?? "", text));
  };

export const dnsLabel = named(dns1123Label);
export const dnsSubdomain = named(dns1123Subdomain);

/** Numbers of both ends allowed. */
const between =
  (low: number, high: number): Check<number | undefined> =>
  (value, at, found) => {
    const number = value ?? 0;
    if (number < low || number > high) found.push(field.invalid(at, number, rangeText(low, high)));
  };
export const rangeText = (low: number, high: number): string => `must be between ${low} and ${high}, inclusive`;

export const notNegativeText = "must be greater than or equal to 0";
export const notNegative: Check<number | undefined> = (value, at, found) => {
  if ((value ?? 0) < 0) found.push(field.invalid(at, value, notNegativeText));
};
export const positive: Check<number | undefined> = (value, at, found) => {
  if ((value ?? 0) <= 0) found.push(field.invalid(at, value ?? 0, "must be greater than zero"));
};
export const portNumber = between(1, 65535);

export const immutableText = "field is immutable";

/** The value may not differ from the old one. */
export const immutable =
  (old: unknown, detail = immutableText): Check<unknown> =>
  (value, at, found) => {
    if (!deepEqual(value ?? undefined, old ?? undefined)) found.push(field.invalid(at, value ?? null, detail));
  };

/** The check, skipped for values that the old object had already. */
export const unlessKept =
  <T>(kept: readonly T[] | undefined, check: Check<T>): Check<T> =>
  (value, at, found) => {
    if (!kept?.includes(value)) check(value, at, found);
  };

/** Accepts anything: a source without rules of its own. */
export const anything: Check<unknown> = () => {};
