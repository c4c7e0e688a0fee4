// The store: ordered keys, one global revision, compare-and-swap. Bytes and revisions only: no engine knows what an
// object is. `conformance.ts` is this contract as a suite; every engine passes it.

/** Keys are byte-ordered strings like `/registry/pods/default/web-0`. */
export interface StoreEntry {
  readonly key: string;
  readonly value: Uint8Array;
  /** Revision of the commit that wrote this value. */
  readonly modRevision: number;
  /** Revision of the commit that created the key since it last did not exist. */
  readonly createRevision: number;
}

export interface RangeOptions {
  readonly limit?: number;
  /** Start behind this key (exclusive). */
  readonly after?: string;
  /** Read as of this revision; the newest when not given. Throws CompactedError / FutureRevisionError. */
  readonly revision?: number;
}

export interface RangeResult {
  readonly entries: readonly StoreEntry[];
  /** Revision that the answer is consistent at. */
  readonly revision: number;
  /** Keys left behind the last entry because of `limit`. */
  readonly remaining: number;
}

export type StoreOperation =
  /** expectRevision 0: the key must not exist; undefined: whatever is there is replaced. */
  | {
      readonly type: "put";
      readonly key: string;
      readonly value: Uint8Array;
      readonly expectRevision?: number;
      readonly ttlSeconds?: number;
    }
  | { readonly type: "delete"; readonly key: string; readonly expectRevision?: number };

export type CommitResult =
  | {
      readonly ok: true;
      /** One revision for the whole commit. */
      readonly revision: number;
    }
  | {
      readonly ok: false;
      /** The first operation whose expectation failed, with what is there now. Nothing was written. */
      readonly index: number;
      readonly current: StoreEntry | undefined;
    };

export interface StoreEvent {
  readonly type: "put" | "delete";
  readonly key: string;
  /** put: the new entry. delete: the last value, with modRevision of the delete. */
  readonly entry: StoreEntry;
  /** The value before, when there was one. */
  readonly previous: StoreEntry | undefined;
}

/** Events of one or more whole commits, in revision order. `revision` is the newest revision they bring the watcher to. */
export interface StoreEventBatch {
  readonly revision: number;
  readonly events: readonly StoreEvent[];
}

export interface Store {
  /** The newest acknowledged revision. An empty store is at revision 1. */
  revision(): number;
  get(key: string, options?: { readonly revision?: number }): Promise<StoreEntry | undefined>;
  /** Keys that begin with `prefix`, in order. */
  range(prefix: string, options?: RangeOptions): Promise<RangeResult>;
  count(prefix: string): Promise<number>;
  /**
   * All or nothing, at most 128 operations, each key once. Resolves after the write is durable (for keys below
   * `relaxedPrefixes`: after it is visible). A delete of an absent key without expectation succeeds and emits no event.
   */
  commit(operations: readonly StoreOperation[]): Promise<CommitResult>;
  /**
   * Each operation as a commit of its own, in this order, with a result for each; resolves as `commit` does, when all are durable. Engines that
   * gain nothing by it leave it out.
   */
  commitEach?(operations: readonly StoreOperation[]): Promise<readonly CommitResult[]>;
  /**
   * Every commit with revision > fromRevision that touches the prefix, without gap or repeat. Throws CompactedError from the first
   * `next()` when history is gone. The events of a commit are queued to embedded engines' watchers before `commit`
   * resolves. A slow consumer buffers here without bound: the watch cache is the one consumer, and it is fast.
   */
  watch(prefix: string, fromRevision: number, signal: AbortSignal): AsyncIterable<StoreEventBatch>;
  /** Drops history before `revision`; current values stay. Watches and reads from before it fail. */
  compact(revision: number): Promise<void>;
  /** What history was last dropped before; 0: nothing was. */
  compacted(): number;
  /** Every current entry at one revision: backup and engine-to-engine moves. */
  snapshot(): AsyncIterable<readonly StoreEntry[]>;
  /** Bytes on disk or in memory, for metrics. */
  size(): Promise<number>;
  /** Ends watches, flushes, releases files. Idempotent. */
  close(): Promise<void>;
  /** The value there should be written again although it stays the same: it is kept in an old form. Absent where there is one form. */
  outdated?(key: string): boolean;
}

export interface StoreOptions {
  /** Writes below these prefixes are acknowledged before they are synced (Events, Leases): a crash may lose the last ones. */
  readonly relaxedPrefixes?: readonly string[];
}

export class CompactedError extends Error {
  override readonly name = "CompactedError";
  readonly compactedRevision: number;
  constructor(compactedRevision: number) {
    super(`the requested revision has been compacted; the oldest kept is ${compactedRevision}`);
    this.compactedRevision = compactedRevision;
  }
}

export class FutureRevisionError extends Error {
  override readonly name = "FutureRevisionError";
  readonly currentRevision: number;
  constructor(requested: number, currentRevision: number) {
    super(`revision ${requested} does not exist yet; the newest is ${currentRevision}`);
    this.currentRevision = currentRevision;
  }
}

/** Any call after `close`. */
export class StoreClosedError extends Error {
  override readonly name = "StoreClosedError";
  constructor() {
    super("the store is closed");
  }
}
