// The indexed cache behind an informer: objects by key, by namespace and by the indexes that were asked for. Every index
// is kept by the change itself, never rebuilt; lists are made once and kept until something in them changes.
import { deepFreeze, type KubeObject, objectKey } from "../machinery/index.ts";

export interface Handler<T> {
  add?(object: T, initial: boolean): void;
  update?(before: T, after: T): void;
  /** The last known state. */
  delete?(object: T): void;
}

export interface Lister<T> {
  get(namespace: string, name: string): T | undefined;
  byKey(key: string): T | undefined;
  /** All, or one namespace's. O(result). */
  list(namespace?: string): readonly T[];
  /** Objects under one value of an index that was added with `addIndex`. */
  byIndex(index: string, value: string): readonly T[];
  /** The values under which such an index has objects now. */
  valuesOf(index: string): Iterable<string>;
}

/** Keys to objects, with the array of its values kept between changes. */
class Bucket<T> {
  readonly objects = new Map<string, T>();
  #list: readonly T[] | undefined;

  set(key: string, object: T): void {
    this.objects.set(key, object);
    this.#list = undefined;
  }
  delete(key: string): void {
    this.objects.delete(key);
    this.#list = undefined;
  }
  get list(): readonly T[] {
    this.#list ??= Object.freeze([...this.objects.values()]);
    return this.#list;
  }
}

interface Index<T> {
  readonly values: (object: T) => readonly string[];
  readonly buckets: Map<string, Bucket<T>>;
}

export interface Cache<T extends KubeObject> extends Lister<T> {
  addIndex(name: string, values: (object: T) => readonly string[]): void;
  addHandler(handler: Handler<T>): () => void;
  /** One change, announced to every handler before this returns. An object of another uid is a delete and an add. */
  upsert(object: T): void;
  remove(object: T): void;
  /** Makes the cache equal to `objects`, announcing only what differs. */
  replace(objects: ReadonlyMap<string, T>): void;
}

const byNamespace = " namespace";
const nothing: readonly never[] = Object.freeze([]);

/** `onHandlerError`: a handler that throws does not keep the others from hearing of the change. */
export function createCache<T extends KubeObject>(onHandlerError: (error: unknown) => void): Cache<T> {
  const all = new Bucket<T>();
  const indexes = new Map<string, Index<T>>();
  let handlers: readonly Handler<T>[] = [];
  let filled = false;

  const tell = (call: (handler: Handler<T>) => void): void => {
    for (const handler of handlers) {
      try {
        call(handler);
      } catch (error) {
        onHandlerError(error);
      }
    }
  };
  const set = (key: string, after: T, before: T | undefined): void => {
    all.set(key, after);
    for (const index of indexes.values()) reindex(index, key, { before, after });
  };
  const drop = (key: string, before: T): void => {
    all.delete(key);
    for (const index of indexes.values()) reindex(index, key, { before });
  };
  const addIndex = (name: string, values: (object: T) => readonly string[]): void => {
    if (indexes.has(name)) return;
    const index: Index<T> = { values, buckets: new Map() };
    for (const [key, after] of all.objects) reindex(index, key, { after });
    indexes.set(name, index);
  };
  const bucketsOf = (name: string): ReadonlyMap<string, Bucket<T>> => {
    const index = indexes.get(name);
    if (index === undefined)
      throw new Error(`this informer has no index ${JSON.stringify(name)}: add it with addIndex`);
    return index.buckets;
  };
  const byIndex = (name: string, value: string): readonly T[] => bucketsOf(name).get(value)?.list ?? nothing;
  addIndex(byNamespace, (object) => (object.metadata.namespace ? [object.metadata.namespace] : nothing));

  const upsertAs = (object: T, initial: boolean): void => {
    const key = objectKey(object);
    const before = all.objects.get(key);
    if (before !== undefined && before.metadata.uid !== object.metadata.uid) removeKey(key, before);
    const current = all.objects.get(key);
    const after = deepFreeze(object);
    set(key, after, current);
    if (current === undefined) tell((handler) => handler.add?.(after, initial));
    else tell((handler) => handler.update?.(current, after));
  };
  const removeKey = (key: string, last: T): void => {
    const before = all.objects.get(key);
    if (before === undefined) return;
    drop(key, before);
    tell((handler) => handler.delete?.(last));
  };

  return {
    addIndex,
    byIndex,
    valuesOf: (name) => bucketsOf(name).keys(),
    get: (namespace, name) => all.objects.get(namespace ? `${namespace}/${name}` : name),
    byKey: (key) => all.objects.get(key),
    list: (namespace) => (namespace ? byIndex(byNamespace, namespace) : all.list),
    addHandler(handler) {
      handlers = [...handlers, handler];
      for (const object of all.list) {
        try {
          handler.add?.(object, true);
        } catch (error) {
          onHandlerError(error);
        }
      }
      return () => {
        handlers = handlers.filter((each) => each !== handler);
      };
    },
    upsert: (object) => upsertAs(object, false),
    remove: (object) => removeKey(objectKey(object), deepFreeze(object)),
    replace(objects) {
      const initial = !filled;
      filled = true;
      for (const [key, before] of [...all.objects]) if (!objects.has(key)) removeKey(key, before);
      for (const [key, object] of objects) {
        const before = all.objects.get(key);
        const same = before !== undefined && sameVersion(before, object);
        if (!same) upsertAs(object, initial);
      }
    },
  };
}

const sameVersion = (a: KubeObject, b: KubeObject): boolean =>
  a.metadata.uid === b.metadata.uid && a.metadata.resourceVersion === b.metadata.resourceVersion;

function reindex<T>(index: Index<T>, key: string, change: { before?: T | undefined; after?: T }): void {
  const old = change.before === undefined ? nothing : index.values(change.before);
  const fresh = change.after === undefined ? nothing : index.values(change.after);
  for (const value of old) {
    if (fresh.includes(value)) continue;
    const bucket = index.buckets.get(value);
    bucket?.delete(key);
    if (bucket?.objects.size === 0) index.buckets.delete(value);
  }
  for (const value of fresh) {
    let bucket = index.buckets.get(value);
    if (bucket === undefined) index.buckets.set(value, (bucket = new Bucket<T>()));
    bucket.set(key, change.after as T);
  }
}
