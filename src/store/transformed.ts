// A store whose values lie in the engine in another form than its users see: encrypted at rest. Keys and revisions stay as they are.
import type { CommitResult, Store, StoreEntry, StoreEvent, StoreOperation } from "./contract.ts";

export interface ValueTransformer {
  /** What lies in the engine. */
  toStorage(key: string, value: Uint8Array): Uint8Array;
  /** What was given. Throws Error that says why it can not be read. */
  fromStorage(key: string, stored: Uint8Array): Uint8Array;
  /** This is what lies at the key now; undefined: nothing. */
  noted(key: string, stored: Uint8Array | undefined): void;
  /** The value at the key would be written in another way now. */
  outdated(key: string): boolean;
}

/** Closing it closes the engine's store. */
export function transformedStore(store: Store, transformer: ValueTransformer): Store {
  // An engine in this process hands out the very bytes that it was given: those need not be read again.
  const known = new WeakMap<Uint8Array, Uint8Array>();
  const read = (entry: StoreEntry): StoreEntry => {
    const value = known.get(entry.value) ?? plain(entry);
    return value === entry.value ? entry : { ...entry, value };
  };
  const plain = ({ key, value }: StoreEntry): Uint8Array => {
    try {
      return transformer.fromStorage(key, value);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new Error(`unable to transform key ${JSON.stringify(key)}: ${why}`, { cause: error });
    }
  };
  const readCurrent = (entry: StoreEntry): StoreEntry => {
    transformer.noted(entry.key, entry.value);
    return read(entry);
  };
  const written = (operation: StoreOperation): StoreOperation => {
    if (operation.type !== "put") return operation;
    const value = transformer.toStorage(operation.key, operation.value);
    known.set(value, operation.value);
    return { ...operation, value };
  };
  const result = (given: CommitResult): CommitResult =>
    given.ok || given.current === undefined ? given : { ...given, current: read(given.current) };
  const note = (operations: readonly StoreOperation[]): void => {
    for (const each of operations) transformer.noted(each.key, each.type === "put" ? each.value : undefined);
  };
  const event = (given: StoreEvent): StoreEvent => {
    if (given.type === "delete") transformer.noted(given.key, undefined);
    return {
      ...given,
      entry: given.type === "put" ? readCurrent(given.entry) : read(given.entry),
      previous: given.previous === undefined ? undefined : read(given.previous),
    };
  };
  const { commitEach } = store;
  return {
    revision: () => store.revision(),
    async get(key, options) {
      const entry = await store.get(key, options);
      return entry === undefined ? undefined : read(entry);
    },
    async range(prefix, options) {
      const found = await store.range(prefix, options);
      return { ...found, entries: found.entries.map(options?.revision === undefined ? readCurrent : read) };
    },
    count: (prefix) => store.count(prefix),
    async commit(operations) {
      const stored = operations.map(written);
      const given = await store.commit(stored);
      if (given.ok) note(stored);
      return result(given);
    },
    ...(commitEach === undefined
      ? {}
      : {
          async commitEach(operations) {
            const stored = operations.map(written);
            const results = await commitEach.call(store, stored);
            note(stored.filter((_, index) => results[index]?.ok === true));
            return results.map(result);
          },
        }),
    async *watch(prefix, fromRevision, signal) {
      for await (const batch of store.watch(prefix, fromRevision, signal))
        yield { ...batch, events: batch.events.map(event) };
    },
    compact: (revision) => store.compact(revision),
    compacted: () => store.compacted(),
    async *snapshot() {
      for await (const entries of store.snapshot()) yield entries.map(readCurrent);
    },
    size: () => store.size(),
    close: () => store.close(),
    outdated: (key) => transformer.outdated(key),
  };
}
