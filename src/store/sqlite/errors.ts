// Errors of the SQLite store, as they cross from its thread and as callers see them.
import { CompactedError, FutureRevisionError } from "../contract.ts";
import type { WireError } from "./protocol.ts";

/** The database refused. Nothing of the write was kept and nothing of it was acknowledged; later ones may succeed. */
export class SqliteStoreError extends Error {
  override readonly name = "SqliteStoreError";
  /** SQLite's primary result code (https://sqlite.org/rescode.html); undefined when the store's thread is gone. */
  readonly code: number | undefined;
  constructor(message: string, code?: number) {
    super(message);
    this.code = code;
  }
}

/** What a caller sees of an error that the store's thread reported. */
export function fromWire(error: WireError, path: string): Error {
  switch (error.kind) {
    case "compacted":
      return new CompactedError(error.revision);
    case "future":
      return new FutureRevisionError(error.revision, error.newest);
    case "file":
      return new SqliteStoreError(error.message);
    case "sqlite":
      return new SqliteStoreError(explain(error, path), error.code);
  }
}

function explain({ code, message }: WireError & { readonly kind: "sqlite" }, path: string): string {
  switch (code) {
    case 8:
      return `the store ${path} cannot be written: the file or its file system is read-only`;
    case 10:
      return `the store ${path} cannot be read or written: the disk reports an error (${message})`;
    case 11:
    case 26:
      return `the store ${path} is damaged (${message}); restore it from a backup`;
    case 13:
      return `the store ${path} cannot be written: the disk is full; free some space and try again`;
    case 18:
      return `the store ${path} takes no value of this size (${message})`;
    default:
      return `the store ${path} failed: ${message}`;
  }
}
