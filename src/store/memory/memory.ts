// The whole store in memory: tests, simulation, browser. A commit happens inside the call that asks for it, so a run is a
// pure function of the calls, the clock and nothing else. Values are kept as given: nobody may change their bytes later.

import type { Clock } from "../../base/index.ts";
import type {
  CommitResult,
  RangeOptions,
  RangeResult,
  Store,
  StoreEntry,
  StoreEvent,
  StoreEventBatch,
  StoreOperation,
  StoreOptions,
} from "../contract.ts";
import { CompactedError, FutureRevisionError, StoreClosedError } from "../contract.ts";
import { createExpiryTimer, type ExpiryTimer } from "../expiry-timer.ts";
import { checkOperations, mostOperations, orderKey, orderPrefixEnd } from "../operations.ts";
import { type ReplayPage, WatchHub } from "../watch-hub.ts";
import { Deadlines } from "./expiry.ts";
import { SortedKeys } from "./sorted-keys.ts";

export interface MemoryStoreOptions extends StoreOptions {
  readonly clock: Clock;
}

/** Nothing survives the process, so durability classes make no difference. */
export function createMemoryStore(options: MemoryStoreOptions): Store {
  return new MemoryStore(options.clock);
}

const snapshotPage = 1000;

const greater = (a: string, b: string): string => [a, b].sort()[1]!;

class MemoryStore implements Store {
  readonly #clock: Clock;
  readonly #hub = new WatchHub();
  /** Current entries by order key. */
  readonly #entries = new Map<string, StoreEntry>();
  readonly #keys = new SortedKeys();
  /** Every event behind the compacted revision, in order. */
  #history: StoreEvent[] = [];
  readonly #deadlines = new Deadlines();
  readonly #expiry: ExpiryTimer;
  #revision = 1;
  #compacted = 0;
  #bytes = 0;
  #closed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#expiry = createExpiryTimer(clock, () => this.#sweep(clock.now()));
  }

  revision(): number {
    return this.#revision;
  }

  async get(key: string, options: { readonly revision?: number } = {}): Promise<StoreEntry | undefined> {
    const revision = this.#checkRevision(options.revision);
    const entry = this.#entries.get(orderKey(key));
    if (revision === this.#revision) return entry;
    const change = this.#history.slice(this.#historyIndex(revision)).find((event) => event.key === key);
    return change === undefined ? entry : change.previous;
  }

  async range(prefix: string, options: RangeOptions = {}): Promise<RangeResult> {
    const revision = this.#checkRevision(options.revision);
    const limit = options.limit ?? Number.POSITIVE_INFINITY;
    const start = orderKey(prefix);
    const behind = options.after === undefined ? "" : `${orderKey(options.after)}\u0000`;
    const end = orderPrefixEnd(prefix);
    const from = greater(start, behind);
    if (revision !== this.#revision) {
      const all = this.#entriesAt(revision, from, end);
      const entries = all.slice(0, limit);
      return { entries, revision, remaining: all.length - entries.length };
    }
    const entries: StoreEntry[] = [];
    for (const key of this.#keys.range(from, end)) {
      if (entries.length >= limit) break;
      entries.push(this.#entries.get(key)!);
    }
    const remaining = entries.length < limit ? 0 : this.#keys.count(from, end) - entries.length;
    return { entries, revision, remaining };
  }

  async count(prefix: string): Promise<number> {
    this.#checkOpen();
    return this.#keys.count(orderKey(prefix), orderPrefixEnd(prefix));
  }

  async commit(operations: readonly StoreOperation[]): Promise<CommitResult> {
    this.#checkOpen();
    checkOperations(operations);
    return this.#apply(operations);
  }

  async commitEach(operations: readonly StoreOperation[]): Promise<readonly CommitResult[]> {
    this.#checkOpen();
    const commits = operations.map((operation) => [operation]);
    commits.forEach(checkOperations);
    const events: StoreEvent[] = [];
    const results = commits.map((commit) => this.#write(commit, events));
    this.#hub.announce(events);
    return results;
  }

  watch(prefix: string, fromRevision: number, signal: AbortSignal): AsyncIterable<StoreEventBatch> {
    return this.#hub.watch({ prefix, fromRevision, signal, replay: (revision) => this.#replay(prefix, revision) });
  }

  async compact(revision: number): Promise<void> {
    this.#checkOpen();
    if (revision > this.#revision) throw new FutureRevisionError(revision, this.#revision);
    if (revision <= this.#compacted) return;
    this.#compacted = revision;
    this.#history = this.#history.slice(this.#historyIndex(revision));
  }

  compacted(): number {
    return this.#compacted;
  }

  async *snapshot(): AsyncGenerator<readonly StoreEntry[], void, void> {
    this.#checkOpen();
    const entries = this.#entriesAt(this.#revision, "", orderPrefixEnd(""));
    for (let at = 0; at < entries.length; at += snapshotPage) yield entries.slice(at, at + snapshotPage);
  }

  /** Keys and values of the current entries; UTF-16 keys count one byte a unit. */
  async size(): Promise<number> {
    this.#checkOpen();
    return this.#bytes;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#expiry.close();
    this.#hub.close();
  }

  #apply(operations: readonly StoreOperation[]): CommitResult {
    const events: StoreEvent[] = [];
    const result = this.#write(operations, events);
    if (events.length > 0) this.#hub.announce(events);
    return result;
  }

  /** What is to be announced is added to `told`. */
  #write(operations: readonly StoreOperation[], told: StoreEvent[]): CommitResult {
    for (let index = 0; index < operations.length; index++) {
      const { key, expectRevision } = operations[index]!;
      if (expectRevision === undefined) continue;
      const current = this.#entries.get(orderKey(key));
      if ((current?.modRevision ?? 0) !== expectRevision) return { ok: false, index, current };
    }
    const revision = this.#revision + 1;
    for (let index = 0; index < operations.length; index++) {
      const operation = operations[index]!;
      const previous = this.#entries.get(orderKey(operation.key));
      if (operation.type === "delete" && previous === undefined) continue;
      const event =
        operation.type === "put" ? this.#put(operation, revision, previous) : this.#delete(previous!, revision);
      this.#revision = revision;
      this.#history.push(event);
      told.push(event);
    }
    return { ok: true, revision: this.#revision };
  }

  #put(
    operation: StoreOperation & { readonly type: "put" },
    revision: number,
    previous: StoreEntry | undefined,
  ): StoreEvent {
    const { key, value, ttlSeconds } = operation;
    const entry: StoreEntry = {
      key,
      value,
      modRevision: revision,
      createRevision: previous?.createRevision ?? revision,
    };
    const order = orderKey(key);
    if (previous === undefined) this.#keys.add(order);
    this.#entries.set(order, entry);
    this.#bytes += previous === undefined ? key.length + value.length : value.length - previous.value.length;
    if (ttlSeconds !== undefined) {
      const atMs = this.#clock.now() + ttlSeconds * 1000;
      this.#deadlines.add({ atMs, key, revision });
      this.#expiry.schedule(atMs);
    }
    return { type: "put", key, entry, previous };
  }

  #delete(previous: StoreEntry, revision: number): StoreEvent {
    const { key } = previous;
    const order = orderKey(key);
    this.#keys.delete(order);
    this.#entries.delete(order);
    this.#bytes -= key.length + previous.value.length;
    return { type: "delete", key, entry: { ...previous, modRevision: revision }, previous };
  }

  #sweep(nowMs: number): void {
    let due: StoreOperation[] = [];
    for (let deadline = this.#deadlines.takeDue(nowMs); deadline; deadline = this.#deadlines.takeDue(nowMs)) {
      if (this.#entries.get(orderKey(deadline.key))?.modRevision !== deadline.revision) continue;
      due.push({ type: "delete", key: deadline.key });
      if (due.length < mostOperations) continue;
      this.#apply(due);
      due = [];
    }
    this.#apply(due);
    if (this.#deadlines.nextMs !== undefined) this.#expiry.schedule(this.#deadlines.nextMs);
  }

  #replay(prefix: string, revision: number): ReplayPage {
    this.#checkOpen();
    if (revision < this.#compacted) throw new CompactedError(this.#compacted);
    const events: StoreEvent[] = [];
    for (let index = this.#historyIndex(revision); index < this.#history.length; index++) {
      const event = this.#history[index]!;
      if (event.key.startsWith(prefix)) events.push(event);
    }
    return { events, revision: this.#revision, last: true };
  }

  /** All entries as they were: the current ones, with every later change taken back. */
  #entriesAt(revision: number, from: string, end: string): StoreEntry[] {
    const before = new Map<string, StoreEntry | undefined>();
    const oldest = this.#historyIndex(revision);
    for (let index = this.#history.length - 1; index >= oldest; index--) {
      const { key, previous } = this.#history[index]!;
      const order = orderKey(key);
      if (order >= from && order < end) before.set(order, previous);
    }
    const entries: StoreEntry[] = [];
    for (const key of this.#keys.range(from, end)) if (!before.has(key)) entries.push(this.#entries.get(key)!);
    if (before.size === 0) return entries;
    for (const entry of before.values()) if (entry !== undefined) entries.push(entry);
    return entries.sort((a, b) => (orderKey(a.key) < orderKey(b.key) ? -1 : 1));
  }

  /** Index of the first event behind the revision. */
  #historyIndex(revision: number): number {
    let low = 0;
    let high = this.#history.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#history[middle]!.entry.modRevision <= revision) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #checkOpen(): void {
    if (this.#closed) throw new StoreClosedError();
  }

  #checkRevision(revision = this.#revision): number {
    this.#checkOpen();
    if (revision > this.#revision) throw new FutureRevisionError(revision, this.#revision);
    if (revision < this.#compacted) throw new CompactedError(this.#compacted);
    return revision;
  }
}
