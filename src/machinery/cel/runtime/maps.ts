/** Maps that grow by an entry, for the comprehensions that build them. */
import { CelError, CelMap, EntryMap, mapKey, type Result, type Value } from "../values.ts";
import { describe } from "./describe.ts";

/** The map a comprehension builds: adding to it changes it. Nothing but its accumulator may hold it. */
export class GrowingMap extends CelMap {
  readonly #entries = new Map<string | boolean | bigint, readonly [Value, Value]>();

  get size(): number {
    return this.#entries.size;
  }

  find(key: Value): Result | undefined {
    const index = mapKey(key);
    return index === undefined ? undefined : this.#entries.get(index)?.[1];
  }

  *keys(): Iterable<Value> {
    for (const entry of this.#entries.values()) yield entry[0];
  }

  insert(key: Value, value: Value): void {
    const index = mapKey(key);
    if (index !== undefined) this.#entries.set(index, [key, value]);
  }

  /** The finished map; this one must not grow after. */
  finish(): CelMap {
    return new EntryMap(this.#entries.values());
  }
}

function entries(map: CelMap): (readonly [Value, Value])[] | CelError {
  const all: (readonly [Value, Value])[] = [];
  for (const key of map.keys()) {
    const value = map.find(key);
    if (value instanceof CelError) return value;
    if (value !== undefined) all.push([key, value]);
  }
  return all;
}

/** The map with one more entry; an error when the key is taken. */
export function mapInsert(map: CelMap, key: Value, value: Value): Result {
  if (map.find(key) !== undefined) return new CelError(`insert failed: key ${describe(key)} already exists`);
  if (map instanceof GrowingMap) {
    map.insert(key, value);
    return map;
  }
  const all = entries(map);
  return all instanceof CelError ? all : new EntryMap([...all, [key, value]]);
}

/** The map with the entries of another; an error when a key is taken. */
export function mapInsertAll(map: CelMap, more: CelMap): Result {
  const added = entries(more);
  if (added instanceof CelError) return added;
  let result: Result = map;
  for (const [key, value] of added) {
    if (!(result instanceof CelMap)) return result;
    result = mapInsert(result, key, value);
  }
  return result;
}
