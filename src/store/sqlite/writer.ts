// Commits, many to a transaction. The expectations of a commit are checked before its first write, so one that conflicts
// leaves no trace in the transaction it shares with others.

import type { DatabaseSync, StatementSync } from "node:sqlite";
import { CurrentIndex, type CurrentRow } from "./current-index.ts";
import { type Packed, PackReader, PackWriter } from "./protocol.ts";
import { type EngineState, primaryCode, reserveRevisions, revisionOf, rowId } from "./schema.ts";

interface Operation {
  readonly isDelete: boolean;
  readonly expectRevision: number;
  readonly deadlineMs: number;
  readonly value: Uint8Array | undefined;
  readonly key: string;
  /** What is there now. */
  readonly current: CurrentRow;
}

/** Keys that go to the `current` table with each transaction when too many wait: more than a transaction usually adds. */
const keysWhenFull = 1024;

/** SQLite's interface stores and answers empty values as null. */
const empty = new Uint8Array();

export class Writer {
  readonly #db: DatabaseSync;
  readonly #state: EngineState;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #index: CurrentIndex;
  readonly #value: StatementSync;
  readonly #append: StatementSync;
  readonly #expire: StatementSync;
  #relaxed = false;
  #revision = 0;

  constructor(db: DatabaseSync, state: EngineState) {
    this.#db = db;
    this.#state = state;
    this.#index = new CurrentIndex(db, state.indexedId);
    this.#begin = db.prepare("BEGIN IMMEDIATE");
    this.#commit = db.prepare("COMMIT");
    this.#value = db.prepare("SELECT value FROM log WHERE id = ?");
    this.#value.setReturnArrays(true);
    this.#append = db.prepare("INSERT INTO log VALUES (?, ?, ?, ?, ?)");
    this.#expire = db.prepare("INSERT OR REPLACE INTO expiry VALUES (?, ?, ?)");
  }

  /** The newest entry of the key as a packed (modRevision, createRevision, value); empty when there is none. */
  entry(key: string): Packed {
    const entry = new PackWriter();
    const current = this.#index.find(key);
    if (current.id !== 0) {
      entry.key(key);
      this.#writeEntry(current, entry);
    }
    return entry.finish();
  }

  /** Reads of more than one key need the `current` table. It is up to date for them even when it cannot be stored. */
  withIndex<T>(read: () => T): T {
    try {
      this.flushIndex();
    } catch (error) {
      if (primaryCode(error) === undefined) throw error;
      this.#begin.run();
      try {
        this.#index.writeAll();
        return read();
      } finally {
        this.#rollback();
      }
    }
    return read();
  }

  /** Brings the `current` table up to date. */
  flushIndex(): void {
    // The first round may be one under way, which knows nothing of the newest keys.
    while (!this.#index.flushed) this.stepIndex(Number.POSITIVE_INFINITY);
  }

  get indexedId(): number {
    return this.#index.indexedId;
  }

  /** True when the `current` table lags behind enough to use a quiet moment for it. */
  get indexDue(): boolean {
    return this.#index.roundDue;
  }

  stepIndex(keys: number): void {
    let done = (): void => {};
    this.transaction(true, () => {
      done = this.#index.step(keys);
    });
    done();
  }

  /** All batches in one transaction. When it throws, nothing was written. */
  write(batches: readonly Packed[], relaxed: boolean): Packed {
    const results = new PackWriter();
    // A commit has more than one number, so the sum is an upper bound of the revisions that this gives out.
    const mostRevisions = batches.reduce((sum, batch) => sum + batch.numbers.length, 0);
    const reserve = relaxed && this.#state.revision + mostRevisions > this.#state.reserved;
    let reserved = this.#state.reserved;
    if (this.#index.full) this.stepIndex(keysWhenFull);
    this.transaction(relaxed && !reserve, () => {
      this.#revision = this.#state.revision;
      for (const batch of batches) {
        const reader = new PackReader(batch);
        while (!reader.atEnd) this.#apply(reader, results);
      }
      if (reserve) reserved = reserveRevisions(this.#db, this.#revision);
    });
    this.#state.revision = this.#revision;
    this.#state.reserved = reserved;
    return results.finish();
  }

  /** Relaxed: visible, and on disk with the next one that is not. */
  transaction(relaxed: boolean, body: () => void): void {
    if (relaxed !== this.#relaxed) {
      this.#db.exec(`PRAGMA synchronous = ${relaxed ? "NORMAL" : "FULL"}`);
      this.#relaxed = relaxed;
    }
    const { newestId } = this.#index;
    this.#begin.run();
    try {
      body();
      this.#commit.run();
      this.#index.settle();
    } catch (error) {
      this.#index.revert(newestId);
      this.#rollback();
      throw error;
    }
  }

  /** After some errors SQLite has done it by itself. */
  #rollback(): void {
    if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
  }

  #apply(reader: PackReader, results: PackWriter): void {
    const count = reader.number();
    const wanted = reader.number() === 1;
    const operations: Operation[] = [];
    let failed = -1;
    for (let index = 0; index < count; index++) {
      const operation = this.#read(reader);
      operations.push(operation);
      const { expectRevision, current } = operation;
      if (failed < 0 && expectRevision >= 0 && revisionOf(current.id) !== expectRevision) failed = index;
    }
    if (failed >= 0) {
      this.#refuse(operations[failed]!, failed, results);
      return;
    }
    const changes = operations.some((operation) => !operation.isDelete || operation.current.id !== 0);
    if (changes) this.#revision++;
    results.number(1);
    results.number(this.#revision);
    for (let index = 0; index < count; index++) this.#perform(operations[index]!, index, wanted ? results : undefined);
  }

  #read(reader: PackReader): Operation {
    const isDelete = reader.number() === 1;
    const expectRevision = reader.number();
    const deadlineMs = reader.number();
    const value = reader.value();
    const key = reader.key();
    return { isDelete, expectRevision, deadlineMs, value, key, current: this.#index.find(key) };
  }

  #refuse({ current }: Operation, index: number, results: PackWriter): void {
    results.number(0);
    results.number(index);
    this.#writeEntry(current, results);
  }

  #perform(operation: Operation, position: number, results: PackWriter | undefined): void {
    const { key, current, isDelete } = operation;
    const id = rowId(this.#revision, position);
    const created = current.created === 0 ? this.#revision : current.created;
    const previous = current.id === 0 ? null : current.id;
    if (!isDelete) {
      this.#append.run(id, key, created, previous, operation.value!);
      this.#index.set(key, id, created);
      if (operation.deadlineMs > 0) this.#expire.run(operation.deadlineMs, key, id);
    } else if (previous !== null) {
      this.#append.run(id, key, 0, previous, null);
      this.#index.set(key, id, 0);
    }
    if (results === undefined) return;
    results.number(isDelete && previous === null ? 0 : created);
    this.#writeEntry(current, results);
  }

  #writeEntry({ id, created }: CurrentRow, results: PackWriter): void {
    results.number(revisionOf(id));
    results.number(created);
    // Rows come as arrays (setReturnArrays), in the order of the statement's columns; the types know objects alone.
    const row = id === 0 ? undefined : (this.#value.get(id) as unknown as readonly [Uint8Array | null]);
    results.value(row && (row[0] ?? empty));
  }
}
