// An ObjectReader and ObjectWriter over a map, for tests of what reads the watch cache without needing a whole server.
import type { KindDefinition } from "../../api/index.ts";
import type { KubeObject } from "../../machinery/index.ts";
import type { ObjectObserver, ObjectReader, ObjectWriter } from "../contract.ts";

export interface MemoryObjects {
  readonly reader: ObjectReader;
  readonly writer: ObjectWriter;
  set(kind: KindDefinition<never> | { group: string; resource: string }, object: KubeObject): void;
  remove(kind: { group: string; resource: string }, namespace: string, name: string): void;
  /** How many writes were made through the writer. */
  writes(): number;
}

type AnyKind = { readonly group: string; readonly resource: string };
const keyOf = (kind: AnyKind): string => `${kind.group}/${kind.resource}`;

export function memoryObjects(): MemoryObjects {
  const kinds = new Map<string, Map<string, KubeObject>>();
  const observers = new Map<string, Set<ObjectObserver<KubeObject>>>();
  let writes = 0;
  const held = (kind: AnyKind): Map<string, KubeObject> => {
    const known = kinds.get(keyOf(kind)) ?? new Map<string, KubeObject>();
    kinds.set(keyOf(kind), known);
    return known;
  };
  const nameOf = (namespace: string, name: string): string => `${namespace}/${name}`;
  const set = (kind: AnyKind, object: KubeObject): void => {
    const key = nameOf(object.metadata.namespace ?? "", object.metadata.name);
    const before = held(kind).get(key);
    held(kind).set(key, object);
    for (const observer of observers.get(keyOf(kind)) ?? []) observer.upsert(object, before);
  };
  const remove = (kind: AnyKind, namespace: string, name: string): void => {
    const before = held(kind).get(nameOf(namespace, name));
    if (before === undefined) throw new Error(`${name} is not there`);
    held(kind).delete(nameOf(namespace, name));
    for (const observer of observers.get(keyOf(kind)) ?? []) observer.remove(before);
  };
  const get = (kind: AnyKind, namespace: string, name: string) => held(kind).get(nameOf(namespace, name)) as never;
  const reader: ObjectReader = {
    get,
    getFresh: async (kind, namespace, name) => get(kind, namespace, name),
    list: (kind, namespace) =>
      [...held(kind).values()].filter(
        (each) => namespace === undefined || each.metadata.namespace === namespace,
      ) as never[],
    subscribe(kind, observer) {
      const all = observers.get(keyOf(kind)) ?? new Set();
      observers.set(keyOf(kind), all.add(observer as ObjectObserver<KubeObject>));
      for (const object of held(kind).values()) observer.upsert(object as never, undefined);
      return () => all.delete(observer as ObjectObserver<KubeObject>);
    },
  };
  const change: ObjectWriter["update"] = async (kind, { namespace, name }, apply) => {
    const current = get(kind, namespace, name);
    const next = apply(current);
    if (next === undefined) return current;
    writes++;
    set(kind, next);
    return next;
  };
  const methods: Pick<ObjectWriter, "create" | "update" | "remove"> = {
    async create(kind, object) {
      writes++;
      set(kind, object);
      return object;
    },
    update: change,
    async remove(kind, { namespace, name }) {
      writes++;
      remove(kind, namespace, name);
    },
  };
  const writer: ObjectWriter = Object.assign(methods, { updateStatus: change });
  return { reader, writer, set, remove, writes: () => writes };
}
