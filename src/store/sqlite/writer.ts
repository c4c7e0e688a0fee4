// Commits, many to a transaction. The expectations of a commit are checked before its first write, so one that conflicts
// leaves no trace in the transaction it shares with others.

import type { DatabaseSync, StatementSync } from "node:sqlite";
import { type Packed, PackReader, PackWriter } from "./protocol.ts";
import { type EngineState, reserveRevisions, revisionOf, rowId } from "./schema.ts";

interface Operation {
  readonly isDelete: boolean;
  readonly expectRevision: number;
  readonly deadlineMs: number;
  readonly value: Uint8Array | undefined;
  readonly key: string;
  /** What is there now; 0: nothing. */
  readonly currentId: number;
  readonly created: number;
  readonly currentValue: Uint8Array | null | undefined;
}

/** [id, created, value where asked for] */
type CurrentRow = readonly [number, number, (Uint8Array | null)?] | undefined;

/** SQLite's interface stores and answers empty values as null. */
const empty = new Uint8Array();

export class Writer {
  readonly #db: DatabaseSync;
  readonly #state: EngineState;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #find: StatementSync;
  readonly #findWithValue: StatementSync;
  readonly #append: StatementSync;
  readonly #point: StatementSync;
  readonly #forget: StatementSync;
  readonly #expire: StatementSync;
  #relaxed = false;
  #revision = 0;

  constructor(db: DatabaseSync, state: EngineState) {
    this.#db = db;
    this.#state = state;
    this.#begin = db.prepare("BEGIN IMMEDIATE");
    this.#commit = db.prepare("COMMIT");
    this.#find = db.prepare("SELECT id, created FROM current WHERE key = ?");
    this.#findWithValue = db.prepare(
      "SELECT c.id, c.created, l.value FROM current c CROSS JOIN log l ON l.id = c.id WHERE c.key = ?",
    );
    this.#find.setReturnArrays(true);
    this.#findWithValue.setReturnArrays(true);
    this.#append = db.prepare("INSERT INTO log VALUES (?, ?, ?, ?, ?)");
    this.#point = db.prepare(
      "INSERT INTO current VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET id = excluded.id, created = excluded.created",
    );
    this.#forget = db.prepare("DELETE FROM current WHERE key = ?");
    this.#expire = db.prepare("INSERT OR REPLACE INTO expiry VALUES (?, ?, ?)");
  }

  /** All batches in one transaction. When it throws, nothing was written. */
  write(batches: readonly Packed[], relaxed: boolean): Packed {
    const results = new PackWriter();
    // A commit has more than one number, so the sum is an upper bound of the revisions that this gives out.
    const mostRevisions = batches.reduce((sum, batch) => sum + batch.numbers.length, 0);
    const reserve = relaxed && this.#state.revision + mostRevisions > this.#state.reserved;
    let reserved = this.#state.reserved;
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
    this.#begin.run();
    try {
      body();
      this.#commit.run();
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
      throw error;
    }
  }

  #apply(reader: PackReader, results: PackWriter): void {
    const count = reader.number();
    const wanted = reader.number() === 1;
    const operations: Operation[] = [];
    let failed = -1;
    for (let index = 0; index < count; index++) {
      const operation = this.#read(reader, wanted);
      operations.push(operation);
      const { expectRevision, currentId } = operation;
      if (failed < 0 && expectRevision >= 0 && revisionOf(currentId) !== expectRevision) failed = index;
    }
    if (failed >= 0) {
      this.#refuse(operations[failed]!, failed, results);
      return;
    }
    const changes = operations.some((operation) => !operation.isDelete || operation.currentId !== 0);
    if (changes) this.#revision++;
    results.number(1);
    results.number(this.#revision);
    for (let index = 0; index < count; index++) this.#perform(operations[index]!, index, wanted ? results : undefined);
  }

  #read(reader: PackReader, wanted: boolean): Operation {
    const isDelete = reader.number() === 1;
    const expectRevision = reader.number();
    const deadlineMs = reader.number();
    const value = reader.value();
    const key = reader.key();
    const current = (wanted ? this.#findWithValue : this.#find).get(key) as unknown as CurrentRow;
    return {
      isDelete,
      expectRevision,
      deadlineMs,
      value,
      key,
      currentId: current?.[0] ?? 0,
      created: current?.[1] ?? 0,
      currentValue: current?.[2],
    };
  }

  #refuse(operation: Operation, index: number, results: PackWriter): void {
    results.number(0);
    results.number(index);
    results.number(revisionOf(operation.currentId));
    results.number(operation.created);
    const current = this.#findWithValue.get(operation.key) as unknown as CurrentRow;
    results.value(current && (current[2] ?? empty));
  }

  #perform(operation: Operation, index: number, results: PackWriter | undefined): void {
    const { key, currentId } = operation;
    const id = rowId(this.#revision, index);
    const created = operation.created === 0 ? this.#revision : operation.created;
    const previous = currentId === 0 ? null : currentId;
    if (!operation.isDelete) {
      this.#append.run(id, key, created, previous, operation.value!);
      this.#point.run(key, id, created);
      if (operation.deadlineMs > 0) this.#expire.run(operation.deadlineMs, key, id);
    } else if (previous !== null) {
      this.#append.run(id, key, 0, previous, null);
      this.#forget.run(key);
    }
    if (results === undefined) return;
    results.number(operation.isDelete && previous === null ? 0 : created);
    results.number(revisionOf(currentId));
    results.number(operation.created);
    results.value(previous === null ? undefined : (operation.currentValue ?? empty));
  }
}
