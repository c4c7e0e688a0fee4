// Which row of the log is the newest of each key. Where a key lies in the `current` table has nothing to do with when it
// is written, so each write would dirty a page of its own. Changes are therefore kept in a map and go to the table in
// rounds, in the order of the table; what a crash takes from the map is in the log behind the last row that was indexed.

import type { DatabaseSync, StatementSync } from "node:sqlite";
import { setMeta } from "./schema.ts";

/** Keys in the map that make a round worth its while. */
const worthRound = 4096;
/** Keys in the map at which writers wait for the table: bounds memory, and the rows that a start reads. */
const mostRecent = 16_384;

export interface CurrentRow {
  /** 0: the key does not exist. */
  readonly id: number;
  readonly created: number;
}

const absent: CurrentRow = { id: 0, created: 0 };

interface RecentRow extends CurrentRow {
  /** The row of the change, also where that is a deletion. */
  readonly changedId: number;
}

interface Round {
  readonly keys: readonly string[];
  readonly uptoId: number;
  next: number;
}

/** [id, created] */
type TableRow = readonly [number, number] | undefined;
/** [id, key, created] */
type TailRow = readonly [number, string, number];

export class CurrentIndex {
  readonly #db: DatabaseSync;
  readonly #recent = new Map<string, RecentRow>();
  /** What the map held before the changes of the open transaction, latest last. */
  readonly #undo: [key: string, before: RecentRow | undefined][] = [];
  readonly #find: StatementSync;
  readonly #point: StatementSync;
  readonly #forget: StatementSync;
  #newestId: number;
  #indexedId: number;
  #round: Round | undefined;

  /** `indexedId`: the table is right up to this row. */
  constructor(db: DatabaseSync, indexedId: number) {
    this.#db = db;
    this.#newestId = indexedId;
    this.#indexedId = indexedId;
    this.#find = db.prepare("SELECT id, created FROM current WHERE key = ?");
    this.#find.setReturnArrays(true);
    this.#point = db.prepare(
      "INSERT INTO current VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET id = excluded.id, created = excluded.created",
    );
    this.#forget = db.prepare("DELETE FROM current WHERE key = ?");
    const tail = db.prepare("SELECT id, key, created FROM log WHERE id > ? ORDER BY id");
    tail.setReturnArrays(true);
    for (const row of tail.iterate(indexedId)) {
      // Rows come as arrays (setReturnArrays), in the order of the statement's columns; the types know objects alone.
      const [id, key, created] = row as unknown as TailRow;
      this.set(key, id, created);
    }
    this.settle();
  }

  get roundDue(): boolean {
    return this.#round !== undefined || this.#recent.size >= worthRound;
  }

  get full(): boolean {
    return this.#recent.size >= mostRecent;
  }

  /** True when the table alone has it all. */
  get flushed(): boolean {
    return this.#recent.size === 0;
  }

  /** The table is right up to this row, and a start reads the log from there. */
  get indexedId(): number {
    return this.#indexedId;
  }

  get newestId(): number {
    return this.#newestId;
  }

  find(key: string): CurrentRow {
    const recent = this.#recent.get(key);
    if (recent !== undefined) return recent;
    const row = this.#find.get(key) as TableRow;
    return row === undefined ? absent : { id: row[0], created: row[1] };
  }

  /** `changedId` rows only grow. `created` 0: the change is a deletion. */
  set(key: string, changedId: number, created: number): void {
    this.#undo.push([key, this.#recent.get(key)]);
    this.#recent.set(key, { id: created === 0 ? 0 : changedId, created, changedId });
    this.#newestId = changedId;
  }

  /** The transaction is on disk. */
  settle(): void {
    this.#undo.length = 0;
  }

  /** The transaction was taken back. */
  revert(newestId: number): void {
    for (let change = this.#undo.pop(); change !== undefined; change = this.#undo.pop()) {
      const [key, before] = change;
      if (before === undefined) this.#recent.delete(key);
      else this.#recent.set(key, before);
    }
    this.#newestId = newestId;
  }

  /** Takes every key to the table; inside a transaction that will be taken back. */
  writeAll(): void {
    for (const [key, row] of this.#recent) this.#write(key, row);
  }

  /**
   * Takes `count` keys of the round to the table; inside a transaction that holds nothing else. Answers what to call
   * once that is committed.
   */
  step(count: number): () => void {
    // A key that changes after it was taken is newer than `uptoId`, so it is in the map at the end as in the log.
    const round = (this.#round ??= { keys: [...this.#recent.keys()].sort(), next: 0, uptoId: this.#newestId });
    const end = Math.min(round.next + count, round.keys.length);
    for (let index = round.next; index < end; index++) {
      const key = round.keys[index]!;
      this.#write(key, this.#recent.get(key)!);
    }
    if (end < round.keys.length)
      return () => {
        round.next = end;
      };
    setMeta(this.#db, "indexed", round.uptoId);
    return () => this.#endRound(round);
  }

  #write(key: string, { id, created }: CurrentRow): void {
    if (id === 0) this.#forget.run(key);
    else this.#point.run(key, id, created);
  }

  #endRound({ keys, uptoId }: Round): void {
    for (const key of keys) if (this.#recent.get(key)!.changedId <= uptoId) this.#recent.delete(key);
    this.#indexedId = uptoId;
    this.#round = undefined;
  }
}
