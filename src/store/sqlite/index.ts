export { SqliteStoreError } from "./errors.ts";
export { openSqliteStore, type SqliteStoreOptions } from "./sqlite.ts";
