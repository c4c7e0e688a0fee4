// What the two ends of a message port say to each other: requests, and answers as bytes. Everything that is said in one turn of the event
// loop travels in one message: what was said, in order, and one buffer with the bytes of all of it, since a message costs per object, not
// per byte.
import process from "node:process";
import type { MessagePort } from "node:worker_threads";
import type { ApiResponse, HttpMethod } from "../../../machinery/index.ts";

/** What a stream may be ahead of who reads it. */
export const streamWindow = 256 * 1024;
/** What may be on the way to the asking thread: while that is busy, streams wait. */
export const portWindow = 8 * 1024 * 1024;

interface Saying {
  /** Of its exchange; numbers are not used again. */
  readonly id: number;
  /** How much of the message's buffer belongs to it; each begins where the one before has ended. */
  readonly bytes?: number;
}

export interface Request extends Saying {
  readonly type: "request";
  /** In whose name; the answering thread knows who that is. */
  readonly seat: number;
  readonly method: HttpMethod;
  readonly path: string;
  /** Encoded; empty: none. */
  readonly query: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
}

export type Asked =
  | Request
  /** Nobody waits for the answer, or for the rest of it. */
  | (Saying & { readonly type: "cancel" })
  /** Who reads the stream has taken so many bytes more. */
  | (Saying & { readonly type: "taken"; readonly count: number })
  /** So many bytes more have come to this thread. */
  | { readonly type: "received"; readonly count: number };

export type Answered =
  /** The whole of it, or its head when it `streams`. */
  | (Saying & {
      readonly type: "answer";
      readonly status: number;
      readonly headers: ApiResponse["headers"];
      readonly streams: boolean;
    })
  | (Saying & { readonly type: "chunk" })
  | (Saying & { readonly type: "end" })
  /** There is no answer, or no rest of it. */
  | (Saying & { readonly type: "failed"; readonly message: string });

/** A message. */
export interface Batch<T> {
  readonly said: readonly T[];
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Gathers what is said until the turn ends. */
export class Outbox<T> {
  readonly #port: MessagePort;
  #said: T[] = [];
  #pieces: Uint8Array[] = [];
  #length = 0;
  #sent: (() => void)[] = [];

  constructor(port: MessagePort) {
    this.#port = port;
  }

  /** The pieces must not change until `sent` is called. */
  say(what: T, pieces: readonly Uint8Array[] = [], sent?: () => void): void {
    if (this.#said.length === 0) process.nextTick(() => this.#flush());
    this.#said.push(what);
    for (const piece of pieces) {
      this.#pieces.push(piece);
      this.#length += piece.length;
    }
    if (sent !== undefined) this.#sent.push(sent);
  }

  #flush(): void {
    // Not from the pool: the buffer goes over to the other thread.
    const bytes = Buffer.allocUnsafeSlow(this.#length) as Uint8Array<ArrayBuffer>;
    let at = 0;
    for (const piece of this.#pieces) {
      bytes.set(piece, at);
      at += piece.length;
    }
    const batch: Batch<T> = { said: this.#said, bytes: new Uint8Array(bytes.buffer) };
    const sent = this.#sent;
    this.#said = [];
    this.#pieces = [];
    this.#length = 0;
    this.#sent = [];
    this.#port.postMessage(batch, [batch.bytes.buffer]);
    for (const each of sent) each();
  }
}

export const lengthOf = (pieces: readonly Uint8Array[]): number => pieces.reduce((sum, piece) => sum + piece.length, 0);

/** What was said, each with its own bytes. */
export function* openBatch<T extends object>({ said, bytes }: Batch<T>): Generator<readonly [T, Uint8Array]> {
  let at = 0;
  for (const each of said) {
    const end = at + ("bytes" in each ? (each.bytes as number) : 0);
    yield [each, bytes.subarray(at, end)];
    at = end;
  }
}
