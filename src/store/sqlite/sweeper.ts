// Finds keys whose time to live is over. Deleting them is a commit like any other, made by the store's owner.

import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { SweepAnswer } from "./protocol.ts";
import { revisionOf } from "./schema.ts";
import type { Writer } from "./writer.ts";

const mostDue = 256;

/** [at, key, id, id of the current row] */
type DeadlineRow = readonly [number, string, number, number | null];

export class Sweeper {
  readonly #writer: Writer;
  readonly #due: StatementSync;
  readonly #drop: StatementSync;
  readonly #next: StatementSync;

  constructor(db: DatabaseSync, writer: Writer) {
    this.#writer = writer;
    this.#due = db.prepare(
      `SELECT e.at, e.key, e.id, c.id FROM expiry e LEFT JOIN current c ON c.key = e.key WHERE e.at <= ?
       ORDER BY e.at LIMIT ${mostDue}`,
    );
    this.#due.setReturnArrays(true);
    this.#drop = db.prepare("DELETE FROM expiry WHERE at = ? AND key = ?");
    this.#next = db.prepare("SELECT min(at) FROM expiry");
    this.#next.setReturnArrays(true);
  }

  /**
   * Some of the keys that are due. Deadlines of values that were replaced or deleted are dropped, so once the answered
   * keys are deleted, the next call finds the next ones.
   */
  sweep(nowMs: number): SweepAnswer {
    this.#writer.flushIndex();
    // Rows come as arrays (setReturnArrays), in the order of the statement's columns; the types know objects alone.
    const rows = this.#due.all(nowMs) as unknown as readonly DeadlineRow[];
    const stale = rows.filter(([, , id, current]) => id !== current);
    if (stale.length > 0)
      this.#writer.transaction(true, () => {
        for (const [at, key] of stale) this.#drop.run(at, key);
      });
    const due = rows.filter(([, , id, current]) => id === current);
    return { due: due.map(([, key, id]) => ({ key, revision: revisionOf(id) })), nextMs: this.nextMs() };
  }

  nextMs(): number | undefined {
    return (this.#next.get() as unknown as readonly [number | null])[0] ?? undefined;
  }
}
