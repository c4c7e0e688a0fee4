// A store whose values lie in the engine in another form than its users see: encrypted at rest. Keys and revisions stay as they are.
import type { CommitResult, Store, StoreEntry, StoreEvent, StoreOperation } from "./contract.ts";

/** A promise only where another process has to be asked. */
type Maybe<T> = T | Promise<T>;

export interface ValueTransformer {
  /** What lies in the engine. Throws or rejects with Error that says why it can not be written. */
  toStorage(key: string, value: Uint8Array): Maybe<Uint8Array>;
  /** What was given. Throws or rejects with Error that says why it can not be read. */
  fromStorage(key: string, stored: Uint8Array): Maybe<Uint8Array>;
  /** This is what lies at the key now; undefined: nothing. */
  noted(key: string, stored: Uint8Array | undefined): void;
  /** The value at the key would be written in another way now. */
  outdated(key: string): boolean;
}

const then = <T, R>(value: Maybe<T>, next: (value: T) => R): Maybe<R> =>
  value instanceof Promise ? value.then(next) : next(value);

/** At once when nothing has to be waited for. */
const all = <T>(values: readonly Maybe<T>[]): Maybe<readonly T[]> =>
  values.some((each) => each instanceof Promise) ? Promise.all(values) : (values as readonly T[]);

/** Closing it closes the engine's store. */
export function transformedStore(store: Store, transformer: ValueTransformer): Store {
  const { read, readCurrent, written } = transformations(transformer);
  const result = (given: CommitResult): Maybe<CommitResult> =>
    given.ok || given.current === undefined ? given : then(read(given.current), (current) => ({ ...given, current }));
  const note = (operations: readonly StoreOperation[]): void => {
    for (const each of operations) transformer.noted(each.key, each.type === "put" ? each.value : undefined);
  };
  const event = (given: StoreEvent): Maybe<StoreEvent> => {
    if (given.type === "delete") transformer.noted(given.key, undefined);
    const entry = given.type === "put" ? readCurrent(given.entry) : read(given.entry);
    const previous = given.previous === undefined ? undefined : read(given.previous);
    return then(all([entry, previous]), ([entry, previous]) => ({ ...given, entry: entry!, previous }));
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
      const entries = await all(found.entries.map(options?.revision === undefined ? readCurrent : read));
      return { ...found, entries };
    },
    count: (prefix) => store.count(prefix),
    async commit(operations) {
      const made = all(operations.map(written));
      // What is ready goes to the engine in the same turn.
      const stored = made instanceof Promise ? await made : made;
      const given = await store.commit(stored);
      if (given.ok) note(stored);
      return result(given);
    },
    ...(commitEach === undefined
      ? {}
      : {
          async commitEach(operations) {
            const made = all(operations.map(written));
            const stored = made instanceof Promise ? await made : made;
            const results = await commitEach.call(store, stored);
            note(stored.filter((_, index) => results[index]?.ok === true));
            return all(results.map(result));
          },
        }),
    async *watch(prefix, fromRevision, signal) {
      for await (const batch of store.watch(prefix, fromRevision, signal))
        yield { ...batch, events: await all(batch.events.map(event)) };
    },
    compact: (revision) => store.compact(revision),
    compacted: () => store.compacted(),
    async *snapshot() {
      for await (const entries of store.snapshot()) yield await all(entries.map(readCurrent));
    },
    size: () => store.size(),
    close: () => store.close(),
    outdated: (key) => transformer.outdated(key),
  };
}

function transformations(transformer: ValueTransformer) {
  // An engine in this process hands out the very bytes that it was given: those need not be read again.
  const known = new WeakMap<Uint8Array, Uint8Array>();
  const plain = ({ key, value }: StoreEntry): Maybe<Uint8Array> => {
    const failed = (error: unknown): never => {
      const why = error instanceof Error ? error.message : String(error);
      throw new Error(`unable to transform key ${JSON.stringify(key)}: ${why}`, { cause: error });
    };
    try {
      const read = transformer.fromStorage(key, value);
      return read instanceof Promise ? read.catch(failed) : read;
    } catch (error) {
      return failed(error);
    }
  };
  const read = (entry: StoreEntry): Maybe<StoreEntry> =>
    then(known.get(entry.value) ?? plain(entry), (value) => (value === entry.value ? entry : { ...entry, value }));
  const readCurrent = (entry: StoreEntry): Maybe<StoreEntry> => {
    transformer.noted(entry.key, entry.value);
    return read(entry);
  };
  const written = (operation: StoreOperation): Maybe<StoreOperation> => {
    if (operation.type !== "put") return operation;
    return then(transformer.toStorage(operation.key, operation.value), (value) => {
      known.set(value, operation.value);
      return { ...operation, value };
    });
  };
  return { read, readCurrent, written };
}
