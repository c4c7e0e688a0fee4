// The owner's end of the store's thread: commits go out in batches, answers come back in order. Nothing here knows what
// a watch or a lease is.

import { Worker } from "node:worker_threads";
import { StoreClosedError } from "../contract.ts";
import { fromWire, SqliteStoreError } from "./errors.ts";
import {
  buffersOf,
  type Call,
  type FromWorker,
  type Opened,
  type Packed,
  PackReader,
  type ToWorker,
} from "./protocol.ts";

export interface LinkOptions {
  readonly path: string;
  readonly workerUrl: URL;
  /** Results of the oldest `batches` unanswered batches. Called in order, before their promises are looked at. */
  onCommitted(results: PackReader, batches: number): void;
  onFailed(error: Error, batches: number): void;
  /** The thread is gone without being asked to go. All calls fail with this error from now on. */
  onLost(error: Error): void;
}

export interface Link {
  readonly opened: Opened;
  sendCommits(commits: Packed, relaxed: boolean): void;
  call<T>(call: Call): Promise<T>;
  /** After everything sent before; resolves when the thread has ended. */
  close(): Promise<void>;
}

interface Waiting {
  resolve(answer: unknown): void;
  reject(error: Error): void;
}

/** Starts the thread; resolves when the file is open, rejects with what to tell the operator. */
export async function openLink(options: LinkOptions): Promise<Link> {
  const worker = new Worker(options.workerUrl, { workerData: options.path, name: "store", execArgv: [] });
  const waiting = new Map<number, Waiting>();
  let nextId = 0;
  let closing = false;
  let lost: Error | undefined;
  const lose = (error: Error): void => {
    if (lost !== undefined) return;
    lost = error;
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
    if (!closing) options.onLost(error);
  };
  const exited = new Promise<void>((resolve) => {
    worker.on("exit", (code) => {
      lose(
        closing
          ? new StoreClosedError()
          : new SqliteStoreError(`the thread of the store ${options.path} ended with code ${code}`),
      );
      resolve();
    });
  });
  worker.on("error", (error) => {
    lose(new SqliteStoreError(`the thread of the store ${options.path} failed: ${(error as Error).message}`));
  });

  const settle = (id: number): Waiting => {
    const found = waiting.get(id)!;
    waiting.delete(id);
    return found;
  };
  const opened = await new Promise<Opened>((resolve, reject) => {
    waiting.set(-1, { resolve: resolve as (answer: unknown) => void, reject });
    worker.on("message", (message: FromWorker) => {
      switch (message.type) {
        case "opened":
          return settle(-1).resolve(message);
        case "refused":
          closing = true;
          return settle(-1).reject(fromWire(message.error, options.path));
        case "committed":
          return options.onCommitted(new PackReader(message.results), message.batches);
        case "failed":
          return options.onFailed(fromWire(message.error, options.path), message.batches);
        case "answer":
          return settle(message.id).resolve(message.answer);
        case "error":
          return settle(message.id).reject(fromWire(message.error, options.path));
      }
    });
  });

  const post = (message: ToWorker, transfer?: ArrayBuffer[]): void => worker.postMessage(message, transfer);
  const call = <T>(request: Call): Promise<T> =>
    new Promise<T>((resolve, reject) => {
      if (lost !== undefined) return reject(lost);
      const id = nextId++;
      waiting.set(id, { resolve: resolve as (answer: unknown) => void, reject });
      post({ type: "call", id, call: request });
    });
  return {
    opened,
    sendCommits(commits, relaxed) {
      post({ type: "commit", commits, relaxed }, buffersOf(commits));
    },
    call,
    async close() {
      closing = true;
      if (lost === undefined) await call({ type: "close" });
      await exited;
    },
  };
}
