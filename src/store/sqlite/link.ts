// The owner's end of the store's thread: commits go out in batches, answers come back in order. Nothing here knows what
// a watch or a time to live is.

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
  type StoreFile,
  type ToWorker,
} from "./protocol.ts";

export interface LinkOptions extends StoreFile {
  readonly workerUrl: URL;
  /** Results of the oldest `batches` unanswered batches. */
  onCommitted(results: PackReader, batches: number): void;
  onFailed(error: Error, batches: number): void;
  onWarning(error: Error): void;
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

/** What the thread allocates is gone by the next message: a large nursery would only stay resident. */
const resourceLimits = { maxYoungGenerationSizeMb: 8 };

/** Starts the thread; resolves when the file is open, rejects with what to tell the operator. */
export async function openLink(options: LinkOptions): Promise<Link> {
  const { path, quotaBytes, workerUrl } = options;
  const workerData: StoreFile = { path, quotaBytes };
  const worker = new Worker(workerUrl, { workerData, name: "store", execArgv: [], resourceLimits });
  const link = new WorkerLink(worker, options);
  link.opened = await link.opening;
  return link;
}

class WorkerLink implements Link {
  readonly #worker: Worker;
  readonly #options: LinkOptions;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  readonly #opening = Promise.withResolvers<Opened>();
  readonly #exited = Promise.withResolvers<void>();
  #nextId = 0;
  #closing = false;
  #lost: Error | undefined;
  opened!: Opened;

  constructor(worker: Worker, options: LinkOptions) {
    this.#worker = worker;
    this.#options = options;
    worker.on("message", (message: FromWorker) => this.#receive(message));
    worker.on("error", (error) => this.#lose(`failed: ${(error as Error).message}`));
    worker.on("exit", (code) => {
      this.#lose(`ended with code ${code}`);
      this.#exited.resolve();
    });
  }

  get opening(): Promise<Opened> {
    return this.#opening.promise;
  }

  sendCommits(commits: Packed, relaxed: boolean): void {
    this.#post({ type: "commit", commits, relaxed }, buffersOf(commits));
  }

  call<T>(call: Call): Promise<T> {
    if (this.#lost !== undefined) return Promise.reject(this.#lost);
    const id = this.#nextId++;
    const waiting = Promise.withResolvers<unknown>();
    this.#waiting.set(id, waiting);
    this.#post({ type: "call", id, call });
    return waiting.promise as Promise<T>;
  }

  async close(): Promise<void> {
    this.#closing = true;
    if (this.#lost === undefined) await this.call({ type: "close" });
    await this.#exited.promise;
  }

  #post(message: ToWorker, transfer?: ArrayBuffer[]): void {
    this.#worker.postMessage(message, transfer);
  }

  #receive(message: FromWorker): void {
    switch (message.type) {
      case "opened":
        this.#opening.resolve(message);
        break;
      case "refused":
        this.#closing = true;
        this.#opening.reject(this.#explain(message));
        break;
      case "committed":
        this.#options.onCommitted(new PackReader(message.results), message.batches);
        break;
      case "failed":
        this.#options.onFailed(this.#explain(message), message.batches);
        break;
      case "warning":
        this.#options.onWarning(this.#explain(message));
        break;
      case "answer":
        this.#take(message.id).resolve(message.answer);
        break;
      case "error":
        this.#take(message.id).reject(this.#explain(message));
    }
  }

  #take(id: number): PromiseWithResolvers<unknown> {
    const waiting = this.#waiting.get(id)!;
    this.#waiting.delete(id);
    return waiting;
  }

  #explain({ error }: { readonly error: Parameters<typeof fromWire>[0] }): Error {
    return fromWire(error, this.#options.path);
  }

  #lose(how: string): void {
    if (this.#lost !== undefined) return;
    this.#lost = this.#closing
      ? new StoreClosedError()
      : new SqliteStoreError(`the thread of the store ${this.#options.path} ${how}`);
    this.#opening.reject(this.#lost);
    for (const { reject } of this.#waiting.values()) reject(this.#lost);
    this.#waiting.clear();
    if (!this.#closing) this.#options.onLost(this.#lost);
  }
}
