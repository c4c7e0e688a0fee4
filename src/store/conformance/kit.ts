// The store contract as a suite. Every engine passes every case; a case owns the stores it opens and ends them.

import { AssertionError, assert, VirtualClock } from "../../base/index.ts";
import type { Store, StoreEntry, StoreEventBatch, StoreOperation, StoreOptions } from "../contract.ts";

export interface StoreFactoryOptions extends StoreOptions {
  readonly clock: VirtualClock;
}

/** Opens an empty store. */
export type StoreFactory = (options: StoreFactoryOptions) => Promise<Store>;

export interface StoreConformanceCase {
  readonly name: string;
  run(factory: StoreFactory): Promise<void>;
}

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (value: Uint8Array): string => new TextDecoder().decode(value);

/** `key=value@modRevision/createRevision`, to compare and to read. */
export const show = (entry: StoreEntry | undefined): string =>
  entry === undefined ? "nothing" : `${entry.key}=${text(entry.value)}@${entry.modRevision}/${entry.createRevision}`;

export function showBatch(batch: StoreEventBatch): string[] {
  for (const { key, entry, previous } of batch.events)
    assert(entry.key === key && (previous === undefined || previous.key === key), "an event is about one key");
  return batch.events.map(({ type, entry, previous }) => `${type} ${show(entry)} was ${show(previous)}`);
}

export function same(actual: unknown, expected: unknown, what: string): void {
  const [got, want] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (got !== want) throw new AssertionError(`${what}: got ${got}, expected ${want}`);
}

export async function fails(promise: Promise<unknown>, errorName: string, what: string): Promise<void> {
  const outcome = await promise.then(
    () => "success",
    (error: Error) => error.name,
  );
  same(outcome, errorName, what);
}

export const put = (key: string, value: string, expectRevision?: number): StoreOperation => ({
  type: "put",
  key,
  value: bytes(value),
  expectRevision,
});

export const remove = (key: string, expectRevision?: number): StoreOperation => ({
  type: "delete",
  key,
  expectRevision,
});

/** Commits and returns the revision; a conflict fails the case. */
export async function write(store: Store, ...operations: StoreOperation[]): Promise<number> {
  const result = await store.commit(operations);
  assert(result.ok, `the commit of ${operations.map((operation) => operation.key).join(", ")} conflicts`);
  return result.revision;
}

/** The next `count` events, as `showBatch` shows them. */
export async function nextEvents(events: AsyncIterator<StoreEventBatch>, count: number): Promise<string[]> {
  const shown: string[] = [];
  while (shown.length < count) {
    const { value, done } = await events.next();
    if (done) throw new AssertionError(`the watch ended after ${shown.length} of ${count} events`);
    same(value.revision, value.events.at(-1)?.entry.modRevision, "a batch reaches its last event");
    shown.push(...showBatch(value));
  }
  return shown;
}

export interface CaseContext {
  readonly store: Store;
  readonly clock: VirtualClock;
  /** Aborts at the end of the case. */
  readonly signal: AbortSignal;
  watch(prefix: string, fromRevision: number): AsyncIterator<StoreEventBatch>;
}

/** A case over one fresh store. */
export function storeCase(name: string, body: (context: CaseContext) => Promise<void>): StoreConformanceCase {
  return {
    name,
    async run(factory) {
      const clock = new VirtualClock();
      const store = await factory({ clock, relaxedPrefixes: ["/registry/events/", "/registry/leases/"] });
      const controller = new AbortController();
      const { signal } = controller;
      const watch: CaseContext["watch"] = (prefix, from) => store.watch(prefix, from, signal)[Symbol.asyncIterator]();
      try {
        await body({ store, clock, signal, watch });
      } finally {
        controller.abort();
        await store.close();
      }
    },
  };
}
