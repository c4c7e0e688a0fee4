// Between what callers say and what travels to and from the store's thread. The layouts are in protocol.ts.

import type { CommitResult, StoreEntry, StoreEvent, StoreOperation } from "../contract.ts";
import { type EventPage, type Packed, PackReader, PackWriter, type RangePage } from "./protocol.ts";

export interface PendingCommit {
  readonly operations: readonly StoreOperation[];
  /** Somebody watches one of the keys: its events are worth making. */
  wanted: boolean;
  resolve(result: CommitResult): void;
  reject(error: Error): void;
}

/** Wall time at which the operation's key expires; 0: never. */
export const deadlineMs = (operation: StoreOperation, nowMs: number): number =>
  operation.type === "put" && operation.ttlSeconds !== undefined ? nowMs + operation.ttlSeconds * 1000 : 0;

export function pack(batch: readonly PendingCommit[], nowMs: number): Packed {
  const writer = new PackWriter();
  for (const { operations, wanted } of batch) {
    writer.number(operations.length);
    writer.number(wanted ? 1 : 0);
    for (const operation of operations) {
      writer.number(operation.type === "delete" ? 1 : 0);
      writer.number(operation.expectRevision ?? -1);
      writer.number(deadlineMs(operation, nowMs));
      writer.value(operation.type === "put" ? operation.value : undefined);
      writer.key(operation.key);
    }
  }
  return writer.finish();
}

/** Reads the result of one commit and adds its events, when they were wanted. */
export function readResult(commit: PendingCommit, results: PackReader, events: StoreEvent[]): CommitResult {
  const { operations, wanted } = commit;
  const ok = results.number() === 1;
  if (!ok) {
    const index = results.number();
    return { ok, index, current: readEntry(operations[index]!.key, results) };
  }
  const revision = results.number();
  if (!wanted) return { ok, revision };
  for (const operation of operations) {
    const event = readEvent(operation, revision, results);
    if (event !== undefined) events.push(event);
  }
  return { ok, revision };
}

function readEvent(operation: StoreOperation, modRevision: number, results: PackReader): StoreEvent | undefined {
  const { type, key } = operation;
  const createRevision = results.number();
  const previous = readEntry(key, results);
  if (createRevision === 0) return undefined;
  const value = operation.type === "put" ? operation.value : previous!.value;
  return { type, key, entry: { key, value, modRevision, createRevision }, previous };
}

function readEntry(key: string, reader: PackReader): StoreEntry | undefined {
  const modRevision = reader.number();
  const createRevision = reader.number();
  const value = reader.value();
  return value && { key, value, modRevision, createRevision };
}

export function entriesOf(page: RangePage): StoreEntry[] {
  const reader = new PackReader(page.entries);
  const entries: StoreEntry[] = [];
  while (!reader.atEnd) entries.push(readEntry(reader.key(), reader)!);
  return entries;
}

export function eventsOf(page: EventPage): StoreEvent[] {
  const reader = new PackReader(page.events);
  const events: StoreEvent[] = [];
  while (!reader.atEnd) {
    const key = reader.key();
    const modRevision = reader.number();
    const isDelete = reader.number() === 1;
    const createRevision = reader.number();
    const value = reader.value();
    const previous = readEntry(key, reader);
    const entry: StoreEntry = isDelete
      ? { ...previous!, modRevision }
      : { key, value: value!, modRevision, createRevision };
    events.push({ type: isDelete ? "delete" : "put", key, entry, previous });
  }
  return events;
}
