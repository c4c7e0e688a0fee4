// Dropping history, a few rows at a time. A row at or before the compacted revision makes the row it replaced
// unreachable; a deletion is then unreachable itself.

import type { DatabaseSync, StatementSync } from "node:sqlite";
import { type EngineState, primaryCode, rowId, setMeta } from "./schema.ts";
import type { Writer } from "./writer.ts";

/** [id, previous, created] */
type LogRow = readonly [number, number | null, number];

export class Compaction {
  readonly #db: DatabaseSync;
  readonly #state: EngineState;
  readonly #writer: Writer;
  readonly #scan: StatementSync;
  readonly #drop: StatementSync;
  #targetId: number;

  /** Goes on with what an earlier process has left. */
  constructor(db: DatabaseSync, state: EngineState, writer: Writer) {
    this.#db = db;
    this.#state = state;
    this.#writer = writer;
    this.#targetId = rowId(state.compacted + 1, 0) - 1;
    this.#scan = db.prepare("SELECT id, previous, created FROM log WHERE id > ? AND id <= ? ORDER BY id LIMIT ?");
    this.#scan.setReturnArrays(true);
    this.#drop = db.prepare("DELETE FROM log WHERE id = ?");
  }

  get pending(): boolean {
    return this.#state.cleanedId < this.#reachableId;
  }

  /** A start reads the log behind what is indexed, so that stays whole. */
  get #reachableId(): number {
    return Math.min(this.#targetId, this.#writer.indexedId);
  }

  /** From now on history before `revision` cannot be read; rows go later, those needed as of `keep` not at all. */
  start(revision: number, keep: number): void {
    if (revision > this.#state.compacted) {
      this.#writer.transaction(true, () => setMeta(this.#db, "compacted", revision));
      this.#state.compacted = revision;
    }
    this.#targetId = Math.max(this.#targetId, rowId(Math.min(this.#state.compacted, keep) + 1, 0) - 1);
    this.#index();
  }

  /** On a full disk the index may have no room before there is less history: then that goes first, as far as indexed. */
  #index(): void {
    try {
      this.#writer.flushIndex();
    } catch (error) {
      if (primaryCode(error) === undefined) throw error;
    }
  }

  /** Cleans up to `rows` rows. A crash undoes at most this, and the next start repeats it. */
  step(rows: number): void {
    const targetId = this.#reachableId;
    // Rows come as arrays (setReturnArrays), in the order of the statement's columns; the types know objects alone.
    const scanned = this.#scan.all(this.#state.cleanedId, targetId, rows) as unknown as readonly LogRow[];
    const cleanedId = scanned.length < rows ? targetId : scanned.at(-1)![0];
    this.#writer.transaction(true, () => {
      for (const [id, previous, created] of scanned) {
        if (previous !== null) this.#drop.run(previous);
        if (created === 0) this.#drop.run(id);
      }
      setMeta(this.#db, "cleaned", cleanedId);
    });
    this.#state.cleanedId = cleanedId;
  }
}
