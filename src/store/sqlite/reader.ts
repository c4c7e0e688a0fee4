// Reads: current entries, entries as of an older revision, and events behind a revision. Answers are pages of bounded
// size, so that a large range neither fills memory nor keeps writers waiting.

import type { DatabaseSync, StatementSync } from "node:sqlite";
import { orderKey, prefixEnd } from "../operations.ts";
import { type EventPage, PackWriter, type RangeCall, type RangePage } from "./protocol.ts";
import { type EngineState, revisionOf, rowId } from "./schema.ts";
import type { Writer } from "./writer.ts";

/** Bytes of values after which a page ends. */
const pageBytes = 256 * 1024;
/** Rows after which a page of events ends, with the commit it is in. */
const pageRows = 1000;

/** Sorts behind every text. */
const behindAllKeys = Uint8Array.of(0xff);

/** SQLite's interface stores and answers empty values as null. */
const empty = new Uint8Array();

/** A read that names a revision which is gone or not there yet. */
export class RevisionError extends Error {
  override readonly name = "RevisionError";
  readonly kind: "compacted" | "future";
  constructor(kind: "compacted" | "future") {
    super(kind);
    this.kind = kind;
  }
}

interface Bounds {
  /** Inclusive. */
  readonly from: string;
  /** Exclusive. */
  readonly end: string | Uint8Array;
}

/** [key, id, created, value] */
type EntryRow = readonly [string, number, number, Uint8Array | null];
/** [id, key, created, value, previous id, previous created, previous value] */
type EventRow = readonly [number, string, number, Uint8Array | null, number | null, number | null, Uint8Array | null];

// Keys as of the revision whose rows lie before $bound: those not touched since, and what later rows replaced.
const keysAt = `
  SELECT key, id FROM current WHERE key >= $from AND key < $end AND id < $bound
  UNION ALL
  SELECT key, previous FROM log WHERE id >= $bound AND previous < $bound AND key >= $from AND key < $end`;

export class Reader {
  readonly #state: EngineState;
  readonly #writer: Writer;
  readonly #current: StatementSync;
  readonly #countCurrent: StatementSync;
  readonly #at: StatementSync;
  readonly #countAt: StatementSync;
  readonly #events: StatementSync;

  constructor(db: DatabaseSync, state: EngineState, writer: Writer) {
    this.#state = state;
    this.#writer = writer;
    this.#current = db.prepare(
      `SELECT c.key, c.id, c.created, l.value FROM current c CROSS JOIN log l ON l.id = c.id
       WHERE c.key >= $from AND c.key < $end ORDER BY c.key LIMIT $limit`,
    );
    this.#countCurrent = db.prepare("SELECT count(*) FROM current WHERE key >= $from AND key < $end");
    this.#at = db.prepare(
      `SELECT k.key, l.id, l.created, l.value FROM (${keysAt} ORDER BY key LIMIT $limit) k CROSS JOIN log l ON l.id = k.id
       ORDER BY k.key`,
    );
    this.#countAt = db.prepare(`SELECT count(*) FROM (${keysAt})`);
    this.#events = db.prepare(
      `SELECT l.id, l.key, l.created, l.value, p.id, p.created, p.value FROM log l LEFT JOIN log p ON p.id = l.previous
       WHERE l.id >= $first AND l.key >= $from AND l.key < $end ORDER BY l.id`,
    );
    for (const statement of [this.#current, this.#countCurrent, this.#at, this.#countAt, this.#events])
      statement.setReturnArrays(true);
  }

  get(key: string, revision: number | undefined): RangePage {
    const asOf = this.#check(revision, false);
    if (asOf === this.#state.revision)
      return { revision: asOf, entries: this.#writer.entry(key), more: false, remaining: 0 };
    return this.#writer.withIndex(() => this.#page({ from: key, end: `${key}\u0000` }, asOf, 1));
  }

  range(call: RangeCall): RangePage {
    const revision = this.#check(call.revision, call.pinned);
    const { from, end } = boundsOf(call.prefix);
    const skips = call.after !== undefined && orderKey(call.after) >= orderKey(from);
    const bounds = { from: skips ? `${call.after}\u0000` : from, end };
    return this.#writer.withIndex(() => this.#page(bounds, revision, call.limit));
  }

  count(prefix: string): number {
    return this.#writer.withIndex(() => this.#count(boundsOf(prefix), this.#state.revision));
  }

  replay(prefix: string, after: number): EventPage {
    const { revision, compacted } = this.#state;
    if (after < compacted) throw new RevisionError("compacted");
    const events = new PackWriter();
    let count = 0;
    let reached = after;
    const bounds = boundsOf(prefix);
    for (const row of this.#events.iterate({ $first: rowId(after + 1, 0), $from: bounds.from, $end: bounds.end })) {
      // Rows come as arrays (setReturnArrays), in the order of the statement's columns; the types know objects alone.
      const [id, key, created, value, previousId, previousCreated, previousValue] = row as unknown as EventRow;
      const next = revisionOf(id);
      if (next !== reached && (count >= pageRows || events.byteLength >= pageBytes))
        return { revision: reached, events: events.finish(), last: false };
      reached = next;
      count++;
      events.key(key);
      events.number(next);
      events.number(created === 0 ? 1 : 0);
      events.number(created);
      events.value(created === 0 ? undefined : (value ?? empty));
      events.number(previousId === null ? 0 : revisionOf(previousId));
      events.number(previousCreated ?? 0);
      events.value(previousId === null ? undefined : (previousValue ?? empty));
    }
    return { revision: Math.max(revision, after), events: events.finish(), last: true };
  }

  #page(bounds: Bounds, revision: number, limit = -1): RangePage {
    const entries = new PackWriter();
    let count = 0;
    let lastKey = "";
    let more = false;
    for (const row of this.#rows(bounds, revision, limit)) {
      if (entries.byteLength >= pageBytes) {
        more = true;
        break;
      }
      const [key, id, created, value] = row;
      entries.key(key);
      entries.number(revisionOf(id));
      entries.number(created);
      entries.value(value ?? empty);
      lastKey = key;
      count++;
    }
    const behind = { from: lastKey === "" ? bounds.from : `${lastKey}\u0000`, end: bounds.end };
    const remaining = !more && count === limit ? this.#count(behind, revision) : 0;
    return { revision, entries: entries.finish(), more, remaining };
  }

  #rows({ from, end }: Bounds, revision: number, limit: number): Iterable<EntryRow> {
    if (revision === this.#state.revision)
      return this.#current.iterate({
        $from: from,
        $end: end,
        $limit: limit,
      }) as Iterable<unknown> as Iterable<EntryRow>;
    const bound = rowId(revision + 1, 0);
    const parameters = { $from: from, $end: end, $limit: limit, $bound: bound };
    return this.#at.iterate(parameters) as Iterable<unknown> as Iterable<EntryRow>;
  }

  #count({ from, end }: Bounds, revision: number): number {
    const row =
      revision === this.#state.revision
        ? this.#countCurrent.get({ $from: from, $end: end })
        : this.#countAt.get({ $from: from, $end: end, $bound: rowId(revision + 1, 0) });
    return (row as unknown as readonly [number])[0];
  }

  #check(revision: number | undefined, pinned: boolean): number {
    const { revision: newest, compacted } = this.#state;
    if (revision === undefined) return newest;
    if (revision > newest) throw new RevisionError("future");
    if (revision < compacted && !pinned) throw new RevisionError("compacted");
    return revision;
  }
}

const boundsOf = (prefix: string): Bounds => ({ from: prefix, end: prefixEnd(prefix) ?? behindAllKeys });
