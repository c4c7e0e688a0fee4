// The SQLite engine: the store's thread owns the file; this side batches commits, turns results into events and keeps
// the newest acknowledged revision. A commit is acknowledged, and its events are announced, after the thread has
// synced the transaction it was in.

import type { Clock, Logger } from "../../base/index.ts";
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
import { checkOperations, storable } from "../operations.ts";
import { type ReplayPage, WatchHub } from "../watch-hub.ts";
import { type Link, openLink } from "./link.ts";
import { deadlineMs, entriesOf, eventsOf, type PendingCommit, pack, readResult } from "./marshal.ts";
import type { Call, EventPage, PackReader, RangePage, SweepAnswer } from "./protocol.ts";

/** Beside this file in the sources; in the built package as one file beside the command's (tools/build.ts). */
const ownWorker = new URL(import.meta.url.endsWith(".ts") ? "./worker.ts" : "./store-worker.js", import.meta.url);

export interface SqliteStoreOptions extends StoreOptions {
  /** The database file; missing folders are made. SQLite keeps a second file beside it, `<path>-wal`. */
  readonly path: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** Commits beyond this size of the database file are refused as if the disk were full. No limit when not given. */
  readonly quotaBytes?: number;
  /** The module of the store's thread; for programs that are bundled into other files than the source. */
  readonly workerUrl?: URL;
}

/** Rejects with a SqliteStoreError that names the path: in use by another process, damaged, foreign, not writable. */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<Store> {
  const store = new SqliteStore(options);
  await store.open();
  return store;
}

/** A sweep that fails (disk full) is tried again after this. */
const sweepRetryMs = 5000;

class SqliteStore implements Store {
  readonly #options: SqliteStoreOptions;
  readonly #hub = new WatchHub();
  readonly #expiry: ExpiryTimer;
  #link!: Link;
  #queued: PendingCommit[] = [];
  /** Batches that the thread has not answered, oldest first. */
  readonly #sent: (readonly PendingCommit[])[] = [];
  #revision = 1;
  #compacted = 0;
  /** Revisions that running reads of several pages need, with how many of them. */
  readonly #pins = new Map<number, number>();
  #sweeping: Promise<void> | undefined;
  /** A deadline came while a sweep was under way. */
  #sweepAgain = false;
  #closing: Promise<void> | undefined;
  #lost: Error | undefined;

  constructor(options: SqliteStoreOptions) {
    this.#options = options;
    this.#expiry = createExpiryTimer(options.clock, () => this.#startSweep());
  }

  async open(): Promise<void> {
    const { path, quotaBytes, workerUrl = ownWorker } = this.#options;
    this.#link = await openLink({
      path,
      quotaBytes,
      workerUrl,
      onCommitted: (results, batches) => this.#committed(results, batches),
      onFailed: (error, batches) => this.#failed(error, batches),
      onWarning: (error) =>
        this.#options.log.warn("the store could not tidy up; trying again", { path, error: error.message }),
      onLost: (error) => this.#loseThread(error),
    });
    const { revision, compacted, nextExpiryMs } = this.#link.opened;
    this.#revision = revision;
    this.#compacted = compacted;
    if (nextExpiryMs !== undefined) this.#expiry.schedule(nextExpiryMs);
  }

  revision(): number {
    return this.#revision;
  }

  async get(key: string, options: { readonly revision?: number } = {}): Promise<StoreEntry | undefined> {
    this.#checkUsable();
    const { revision } = options;
    this.#checkRevision(revision);
    if (!storable(key)) return undefined;
    return entriesOf(await this.#call<RangePage>({ type: "get", key, revision }))[0];
  }

  async range(prefix: string, options: RangeOptions = {}): Promise<RangeResult> {
    this.#checkUsable();
    this.#checkRevision(options.revision);
    const revision = options.revision ?? this.#revision;
    if (!storable(prefix)) return { entries: [], revision, remaining: 0 };
    const { after, limit } = options;
    using _pin = this.#pin(revision);
    const first = await this.#call<RangePage>({
      type: "range",
      prefix,
      after,
      limit,
      revision: options.revision,
      pinned: false,
    });
    const entries = entriesOf(first);
    let page = first;
    while (page.more) {
      const rest = limit === undefined ? undefined : limit - entries.length;
      page = await this.#pinnedPage(prefix, first.revision, { after: entries.at(-1)!.key, limit: rest });
      for (const entry of entriesOf(page)) entries.push(entry);
    }
    return { entries, revision: first.revision, remaining: page.remaining };
  }

  async count(prefix: string): Promise<number> {
    this.#checkUsable();
    return storable(prefix) ? this.#call<number>({ type: "count", prefix }) : 0;
  }

  commit(operations: readonly StoreOperation[]): Promise<CommitResult> {
    return new Promise((resolve, reject) => {
      this.#checkUsable();
      checkOperations(operations);
      // While a batch is under way the next one collects: a message costs as much as many commits in it.
      if (this.#queued.length === 0 && this.#sent.length === 0) queueMicrotask(() => this.#flush());
      this.#queued.push({ operations, wanted: false, resolve, reject });
    });
  }

  watch(prefix: string, fromRevision: number, signal: AbortSignal): AsyncIterable<StoreEventBatch> {
    return this.#hub.watch({ prefix, fromRevision, signal, replay: (revision) => this.#replay(prefix, revision) });
  }

  async compact(revision: number): Promise<void> {
    this.#checkUsable();
    if (revision > this.#revision) throw new FutureRevisionError(revision, this.#revision);
    if (revision <= this.#compacted) return;
    await this.#call({ type: "compact", revision, keep: Math.min(revision, ...this.#pins.keys()) });
    this.#compacted = Math.max(this.#compacted, revision);
  }

  compacted(): number {
    return this.#compacted;
  }

  async *snapshot(): AsyncGenerator<readonly StoreEntry[], void, void> {
    this.#checkUsable();
    const revision = this.#revision;
    using _pin = this.#pin(revision);
    for (let after: string | undefined, more = true; more; ) {
      const page = await this.#pinnedPage("", revision, { after, limit: undefined });
      const entries = entriesOf(page);
      more = page.more;
      after = entries.at(-1)?.key;
      if (entries.length > 0) yield entries;
    }
  }

  async size(): Promise<number> {
    this.#checkUsable();
    return this.#call<number>({ type: "size" });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#expiry.close();
    this.#flush();
    await this.#sweeping;
    try {
      await this.#link.close();
    } finally {
      // Only of a thread that ended by itself while it was asked to: nobody will answer these.
      this.#failed(new StoreClosedError(), this.#sent.length);
      this.#hub.close();
    }
  }

  #flush(): void {
    const batch = this.#queued;
    if (batch.length === 0) return;
    this.#queued = [];
    if (this.#lost !== undefined) {
      for (const { reject } of batch) reject(this.#lost);
      return;
    }
    this.#sent.push(batch);
    // A watch that starts later asks for history after these have been sent, and finds them there.
    for (const commit of batch) commit.wanted = commit.operations.some(({ key }) => this.#hub.wants(key));
    const nowMs = this.#options.clock.now();
    this.#link.sendCommits(pack(batch, nowMs), this.#relaxed(batch));
    for (const { operations } of batch)
      for (const operation of operations) this.#schedule(deadlineMs(operation, nowMs));
  }

  /** What is asked after a commit was made sees it, answered or not. */
  #call<T>(call: Call): Promise<T> {
    this.#flush();
    return this.#link.call<T>(call);
  }

  #schedule(atMs: number): void {
    if (atMs > 0) this.#expiry.schedule(atMs);
  }

  #relaxed(batch: readonly PendingCommit[]): boolean {
    const { relaxedPrefixes = [] } = this.#options;
    if (relaxedPrefixes.length === 0) return false;
    return batch.every(({ operations }) =>
      operations.every(({ key }) => relaxedPrefixes.some((prefix) => key.startsWith(prefix))),
    );
  }

  #committed(results: PackReader, batches: number): void {
    const commits = this.#sent.splice(0, batches).flat();
    if (this.#sent.length === 0) this.#flush();
    const events: StoreEvent[] = [];
    const outcomes = commits.map((commit) => readResult(commit, results, events));
    const newest = outcomes.findLast((outcome) => outcome.ok);
    if (newest?.ok) this.#revision = newest.revision;
    this.#hub.announce(events);
    for (const [index, commit] of commits.entries()) commit.resolve(outcomes[index]!);
  }

  #failed(error: Error, batches: number): void {
    const failed = this.#sent.splice(0, batches).flat();
    if (this.#sent.length === 0) this.#flush();
    for (const { reject } of failed) reject(error);
  }

  #loseThread(error: Error): void {
    this.#lost = error;
    this.#options.log.error("the store's thread is gone", { path: this.#options.path, error: error.message });
    this.#expiry.close();
    this.#failed(error, this.#sent.length);
    this.#hub.close(error);
  }

  async #replay(prefix: string, revision: number): Promise<ReplayPage> {
    this.#checkUsable();
    if (revision < this.#compacted) throw new CompactedError(this.#compacted);
    const page = await this.#call<EventPage>({ type: "replay", prefix, revision });
    return { revision: page.revision, events: eventsOf(page), last: page.last };
  }

  #pinnedPage(prefix: string, revision: number, page: Pick<RangeOptions, "after" | "limit">): Promise<RangePage> {
    return this.#call<RangePage>({
      type: "range",
      prefix,
      after: page.after,
      limit: page.limit,
      revision,
      pinned: true,
    });
  }

  #pin(revision: number): Disposable {
    const pins = this.#pins;
    pins.set(revision, (pins.get(revision) ?? 0) + 1);
    return {
      [Symbol.dispose]() {
        const left = pins.get(revision)! - 1;
        if (left > 0) pins.set(revision, left);
        else pins.delete(revision);
      },
    };
  }

  #startSweep(): void {
    if (this.#closing !== undefined) return;
    this.#sweepAgain = this.#sweeping !== undefined;
    this.#sweeping ??= this.#sweep()
      .catch((error: Error) => {
        if (this.#closing !== undefined || this.#lost !== undefined) return;
        this.#options.log.warn("expired keys could not be deleted; trying again", { error: error.message });
        this.#expiry.schedule(this.#options.clock.now() + sweepRetryMs);
      })
      .finally(() => {
        this.#sweeping = undefined;
        if (this.#sweepAgain) this.#startSweep();
      });
  }

  /** Deletes what is due. A key that was written meanwhile is left alone, since its revision is another one. */
  async #sweep(): Promise<void> {
    const { clock } = this.#options;
    while (this.#closing === undefined) {
      const { due, nextMs } = await this.#call<SweepAnswer>({ type: "sweep", nowMs: clock.now() });
      if (this.#closing !== undefined) return;
      await Promise.all(
        due.map(({ key, revision }) => this.commit([{ type: "delete", key, expectRevision: revision }])),
      );
      if (due.length > 0 || (nextMs !== undefined && nextMs <= clock.now())) continue;
      if (nextMs !== undefined) this.#expiry.schedule(nextMs);
      return;
    }
  }

  #checkUsable(): void {
    if (this.#closing !== undefined) throw new StoreClosedError();
    if (this.#lost !== undefined) throw this.#lost;
  }

  /** What this side knows to be out of reach; the thread has the last word. */
  #checkRevision(revision: number | undefined): void {
    if (revision === undefined) return;
    if (revision > this.#revision) throw new FutureRevisionError(revision, this.#revision);
    if (revision < this.#compacted) throw new CompactedError(this.#compacted);
  }
}
