// The store's thread: takes everything that its owner has sent meanwhile, writes all of it in one transaction, answers,
// and cleans up history when there is nothing else to do.

import { statSync } from "node:fs";
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { Compaction } from "./compaction.ts";
import { buffersOf, type Call, type FromWorker, type Packed, type ToWorker, type WireError } from "./protocol.ts";
import { Reader, RevisionError } from "./reader.ts";
import { closeDatabase, loadState, openDatabase, toWire } from "./schema.ts";
import { Sweeper } from "./sweeper.ts";
import { Writer } from "./writer.ts";

/** Keys that go to the index at once when nobody waits. */
const indexKeys = 128;

/** Rows of history cleaned at once while somebody waits, and while nobody does. */
const cleanBusy = 64;
const cleanIdle = 512;

type CommitMessage = ToWorker & { readonly type: "commit" };

const port = parentPort!;
const path = workerData as string;

function send(message: FromWorker, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
}

function serve(): void {
  const db = openDatabase(path);
  const state = loadState(db);
  const writer = new Writer(db, state);
  const reader = new Reader(db, state, writer);
  const compaction = new Compaction(db, state, writer);
  const sweeper = new Sweeper(db, writer);
  let open = true;

  const answer = (call: Call): { readonly value: unknown; readonly transfer?: ArrayBuffer[] } => {
    switch (call.type) {
      case "get":
        return page(reader.get(call.key, call.revision));
      case "range":
        return page(reader.range(call));
      case "count":
        return { value: reader.count(call.prefix) };
      case "replay": {
        const value = reader.replay(call.prefix, call.revision);
        return { value, transfer: buffersOf(value.events) };
      }
      case "compact":
        return { value: compaction.start(call.revision, call.keep) };
      case "sweep":
        return { value: sweeper.sweep(call.nowMs) };
      case "size":
        return { value: bytesOf(path) + bytesOf(`${path}-wal`) };
      case "close":
        open = false;
        writer.flushIndex();
        closeDatabase(db, state);
        return { value: undefined };
    }
  };

  const write = (batches: readonly CommitMessage[]): void => {
    const relaxed = batches.every((batch) => batch.relaxed);
    const packed: Packed[] = batches.map((batch) => batch.commits);
    try {
      const results = writer.write(packed, relaxed);
      send({ type: "committed", batches: batches.length, results }, buffersOf(results));
    } catch (error) {
      send({ type: "failed", batches: batches.length, error: toWire(error) });
    }
  };

  const handle = (messages: readonly ToWorker[]): void => {
    const batches = messages.filter((message) => message.type === "commit");
    if (batches.length > 0) write(batches);
    for (const message of messages) {
      if (message.type !== "call") continue;
      try {
        const { value, transfer } = answer(message.call);
        send({ type: "answer", id: message.id, answer: value }, transfer);
      } catch (error) {
        send({ type: "error", id: message.id, error: wire(error) });
      }
    }
  };

  const wire = (error: unknown): WireError =>
    error instanceof RevisionError
      ? { kind: error.kind, revision: state.compacted, newest: state.revision }
      : toWire(error);

  port.on("message", (first: ToWorker) => {
    for (let messages = [first, ...drain()]; open; messages = drain()) {
      handle(messages);
      if (!open) break;
      const busy = messages.length > 0;
      if (writer.indexDue && !busy) writer.stepIndex(indexKeys);
      else if (compaction.pending) compaction.step(busy ? cleanBusy : cleanIdle);
      else if (!busy) return;
    }
    port.close();
  });
  send({ type: "opened", revision: state.revision, compacted: state.compacted, nextExpiryMs: sweeper.nextMs() });
}

function page<T extends { readonly entries: Packed }>(value: T): { value: T; transfer: ArrayBuffer[] } {
  return { value, transfer: buffersOf(value.entries) };
}

function drain(): ToWorker[] {
  const messages: ToWorker[] = [];
  for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port))
    messages.push(next.message as ToWorker);
  return messages;
}

const bytesOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;

try {
  serve();
} catch (error) {
  send({ type: "refused", error: toWire(error) });
  port.close();
}
