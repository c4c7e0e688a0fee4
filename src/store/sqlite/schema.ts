// The database file.
//
// `log` holds one row for each change, appended in revision order: its id is revision * 128 + position in the commit, so
// history is a scan of the table and "as of revision r" is a bound on ids. `current` names the newest row of every
// existing key, as of the last time it was brought up to date. A row knows the row it replaced (`previous`), which is what compaction deletes and what events show.
//
// Example: put a (2), put b (3), put a (4), delete b (5)
//   log      256 a created 2 | 384 b created 3 | 512 a created 2 previous 256 | 640 b deleted previous 384
//   current  a → 512
//   compact(4) deletes row 256; compact(5) also 384 and 640.

import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { WireError } from "./protocol.ts";

/** "t8s1", in SQLite's header of every store file. */
const applicationId = 0x74387331;
const schemaVersion = 1;

const rowsPerRevision = 128;

export const rowId = (revision: number, position: number): number => revision * rowsPerRevision + position;
export const revisionOf = (id: number): number => Math.floor(id / rowsPerRevision);

/** Revisions that a crash may have lost are never given out again: this many are set aside at a time. */
const reservedRevisions = 10_000;

/** Appends are most of the work: large pages make fewer calls of them. */
const pageBytes = 16_384;
const cacheKiB = 8192;
/** The write-ahead log is folded into the database each time it has grown by this many pages. */
const checkpointPages = 1000;
/**
 * What stays of it on disk then: more than those pages and the transaction that went past them, so that it is written over in place. A
 * file that is cut and grows again costs each sync the file system's own journal, twice the time.
 */
const keptLogBytes = 2 * checkpointPages * pageBytes;

/** What the store's thread keeps in memory. */
export interface EngineState {
  revision: number;
  /** Reads and watches from before this revision are refused. */
  compacted: number;
  /** Rows up to this id are cleaned of history. */
  cleanedId: number;
  /** `current` says how things were up to this row; CurrentIndex knows the rest. */
  readonly indexedId: number;
  /** A durable record says that revisions up to this one may have been seen. */
  reserved: number;
}

class FileError extends Error {
  override readonly name = "FileError";
}

export const schema = `
  CREATE TABLE log(id INTEGER PRIMARY KEY, key TEXT NOT NULL, created INTEGER NOT NULL, previous INTEGER, value BLOB);
  CREATE TABLE current(key TEXT PRIMARY KEY, id INTEGER NOT NULL, created INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE expiry(at INTEGER NOT NULL, key TEXT NOT NULL, id INTEGER NOT NULL, PRIMARY KEY (at, key)) WITHOUT ROWID;
  CREATE TABLE meta(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
  PRAGMA application_id = ${applicationId};
  PRAGMA user_version = ${schemaVersion};
`;

/** Opens or creates the file and takes its lock. Throws FileError with a sentence for the operator. */
export function openDatabase(path: string, quotaBytes?: number): DatabaseSync {
  let db: DatabaseSync | undefined;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    createPrivate(path);
    db = new DatabaseSync(path, { timeout: 0 });
    db.exec(`PRAGMA locking_mode = EXCLUSIVE; PRAGMA page_size = ${pageBytes}; PRAGMA cache_size = -${cacheKiB}`);
    checkIdentity(db, path);
    db.exec(
      `PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = ${checkpointPages};
       PRAGMA journal_size_limit = ${keptLogBytes}; PRAGMA temp_store = MEMORY`,
    );
    if (pragma(db, "user_version") === 0) db.exec(`BEGIN EXCLUSIVE; ${schema}; COMMIT`);
    if (quotaBytes !== undefined) db.exec(`PRAGMA max_page_count = ${Math.ceil(quotaBytes / pageBytes)}`);
    return db;
  } catch (error) {
    db?.close();
    throw error instanceof FileError ? error : new FileError(explainOpen(path, error));
  }
}

/**
 * The file holds Secrets, and SQLite's other files inherit its mode. An existing file is not opened: closing it again
 * would release the locks that this process may have on it (POSIX).
 */
function createPrivate(path: string): void {
  try {
    closeSync(openSync(path, "wx", 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}

function checkIdentity(db: DatabaseSync, path: string): void {
  const empty = db.prepare("SELECT count(*) AS tables FROM sqlite_schema").get()!["tables"] === 0;
  if (!empty && pragma(db, "application_id") !== applicationId)
    throw new FileError(`${path} is an SQLite file of another program, not a store; choose another path`);
  const version = pragma(db, "user_version");
  if (version > schemaVersion)
    throw new FileError(`${path} was written by a newer version (format ${version}, this one reads ${schemaVersion})`);
}

function pragma(db: DatabaseSync, name: string): number {
  return db.prepare(`PRAGMA ${name}`).get()![name] as number;
}

function explainOpen(path: string, error: unknown): string {
  switch (primaryCode(error)) {
    case 5:
      return `the store ${path} is in use by another process; stop that one or choose another path`;
    case 11:
    case 26:
      return `the store ${path} is damaged or not a store at all (${(error as Error).message}); restore it from a backup`;
    case 13:
      return `the store ${path} cannot be opened: the disk is full`;
    default:
      return `the store ${path} cannot be opened: ${(error as Error).message}`;
  }
}

export function loadState(db: DatabaseSync): EngineState {
  const meta = new Map(
    db
      .prepare("SELECT name, value FROM meta")
      .all()
      .map((row) => [row["name"] as string, row["value"] as number]),
  );
  const newest = db.prepare("SELECT max(id) AS id FROM log").get()!["id"] as number | null;
  const compacted = meta.get("compacted") ?? 0;
  const reserved = meta.get("reserved") ?? 0;
  const revision = Math.max(
    1,
    newest === null ? 0 : revisionOf(newest),
    compacted,
    reserved,
    meta.get("revision") ?? 0,
  );
  return { revision, compacted, cleanedId: meta.get("cleaned") ?? 0, indexedId: meta.get("indexed") ?? 0, reserved };
}

/** Called in a transaction that will be durable. */
export function reserveRevisions(db: DatabaseSync, revision: number): number {
  const reserved = revision + reservedRevisions;
  setMeta(db, "reserved", reserved);
  return reserved;
}

/** Says that everything acknowledged is on disk, so the next start goes on at the very next revision. */
export function markOrderlyEnd(db: DatabaseSync, state: EngineState): void {
  db.exec("PRAGMA synchronous = FULL; BEGIN");
  setMeta(db, "reserved", 0);
  setMeta(db, "revision", state.revision);
  db.exec("COMMIT");
}

export function setMeta(db: DatabaseSync, name: string, value: number): void {
  db.prepare("INSERT OR REPLACE INTO meta VALUES (?, ?)").run(name, value);
}

/** SQLite's primary result code, or undefined for other errors (https://sqlite.org/rescode.html). */
export function primaryCode(error: unknown): number | undefined {
  const code = (error as { errcode?: unknown } | null)?.errcode;
  return typeof code === "number" ? code & 0xff : undefined;
}

export function toWire(error: unknown): WireError {
  if (error instanceof FileError) return { kind: "file", message: error.message };
  const code = primaryCode(error);
  if (code === undefined) throw error;
  return { kind: "sqlite", code, message: (error as Error).message };
}
