// The store as its thread sees it: messages in, messages out, one transaction for all commits that came together.

import { statSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { Compaction } from "./compaction.ts";
import {
  buffersOf,
  type Call,
  type FromWorker,
  type Opened,
  type Packed,
  type StoreFile,
  type ToWorker,
  type WireError,
} from "./protocol.ts";
import { Reader, RevisionError } from "./reader.ts";
import { type EngineState, loadState, markOrderlyEnd, openDatabase, toWire } from "./schema.ts";
import { Sweeper } from "./sweeper.ts";
import { Writer } from "./writer.ts";

/** Keys that go to the index at once when nobody waits. */
const indexKeys = 128;
/** Rows of history cleaned at once while somebody waits, and while nobody does. */
const cleanBusy = 64;
const cleanIdle = 512;

export type Send = (message: FromWorker, transfer?: ArrayBuffer[]) => void;

interface Answer {
  readonly value: unknown;
  readonly transfer?: ArrayBuffer[];
}

export class Engine {
  readonly #path: string;
  readonly #send: Send;
  readonly #db: DatabaseSync;
  readonly #state: EngineState;
  readonly #writer: Writer;
  readonly #reader: Reader;
  readonly #compaction: Compaction;
  readonly #sweeper: Sweeper;
  open = true;

  /** Throws FileError when the file cannot be had. */
  constructor({ path, quotaBytes }: StoreFile, send: Send) {
    this.#path = path;
    this.#send = send;
    this.#db = openDatabase(path, quotaBytes);
    this.#state = loadState(this.#db);
    this.#writer = new Writer(this.#db, this.#state);
    this.#reader = new Reader(this.#db, this.#state, this.#writer);
    this.#compaction = new Compaction(this.#db, this.#state, this.#writer);
    this.#sweeper = new Sweeper(this.#db, this.#writer);
  }

  get opened(): Opened {
    const { revision, compacted } = this.#state;
    return { revision, compacted, nextExpiryMs: this.#sweeper.nextMs() };
  }

  /** Commits first: a read that was sent behind one sees it. */
  handle(messages: readonly ToWorker[]): void {
    const batches = messages.filter((message) => message.type === "commit");
    if (batches.length > 0) {
      const relaxed = batches.every((batch) => batch.relaxed);
      const commits = batches.map((batch) => batch.commits);
      this.#write(commits, relaxed);
    }
    for (const message of messages) if (message.type === "call") this.#serve(message.id, message.call);
  }

  /** A little of the work that nobody waits for. Answers whether there may be more. */
  maintain(busy: boolean): boolean {
    try {
      if (this.#writer.indexDue && !busy) this.#writer.stepIndex(indexKeys);
      else if (this.#compaction.pending) this.#compaction.step(busy ? cleanBusy : cleanIdle);
      else return false;
      return true;
    } catch (error) {
      this.#send({ type: "warning", error: toWire(error) }); // a full disk, say: the next message is the next attempt
      return false;
    }
  }

  #write(commits: readonly Packed[], relaxed: boolean): void {
    const batches = commits.length;
    try {
      const results = this.#writer.write(commits, relaxed);
      this.#send({ type: "committed", batches, results }, buffersOf(results));
    } catch (error) {
      this.#send({ type: "failed", batches, error: toWire(error) });
    }
  }

  #serve(id: number, call: Call): void {
    try {
      const { value, transfer } = this.#answer(call);
      this.#send({ type: "answer", id, answer: value }, transfer);
    } catch (error) {
      this.#send({ type: "error", id, error: this.#wire(error) });
    }
  }

  #answer(call: Call): Answer {
    switch (call.type) {
      case "get":
        return page(this.#reader.get(call.key, call.revision));
      case "range":
        return page(this.#reader.range(call));
      case "count":
        return { value: this.#reader.count(call.prefix) };
      case "replay": {
        const value = this.#reader.replay(call.prefix, call.revision);
        return { value, transfer: buffersOf(value.events) };
      }
      case "compact":
        return { value: this.#compaction.start(call.revision, call.keep) };
      case "sweep":
        return { value: this.#sweeper.sweep(call.nowMs) };
      case "size":
        return { value: bytesOf(this.#path) + bytesOf(`${this.#path}-wal`) };
      case "close":
        return { value: this.#close() };
    }
  }

  /** Nothing acknowledged is lost when the disk is full now; the next start reads a little more. */
  #close(): void {
    this.open = false;
    try {
      this.#writer.flushIndex();
      markOrderlyEnd(this.#db, this.#state);
    } catch (error) {
      this.#send({ type: "warning", error: toWire(error) });
    }
    this.#db.close();
  }

  #wire(error: unknown): WireError {
    if (!(error instanceof RevisionError)) return toWire(error);
    return { kind: error.kind, revision: this.#state.compacted, newest: this.#state.revision };
  }
}

const page = <T extends { readonly entries: Packed }>(value: T): Answer => ({
  value,
  transfer: buffersOf(value.entries),
});

const bytesOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;
