// One exchange of an HTTP/2 connection: a request whose body is gathered, an answer that goes out as its windows allow. The
// connection moves the states; who answers sees what is public here.

import type { AnswerHeaders } from "../../base/http2/index.ts";
import { errorCode } from "../../base/http2/index.ts";
import type { Http2RequestHead } from "./request-head.ts";

/** Above this much unsent the writer is asked to wait. */
const highWaterBytes = 64 * 1024;

/** How a request's body ended. */
export type BodyOutcome =
  | { readonly type: "whole"; readonly bytes: Uint8Array | undefined }
  | { readonly type: "tooLarge" }
  | { readonly type: "gone" };

/** What streams ask of their connection. */
export interface StreamHost {
  respond(stream: Http2Stream, answer: AnswerHead): void;
  /** Sends what the stream has, as far as windows and the socket allow. */
  send(stream: Http2Stream): void;
  /** Sends these bytes of a stream that has no others, or says that they have to wait. */
  sendNow(stream: Http2Stream, bytes: Uint8Array): boolean;
  reset(stream: Http2Stream, code: number): void;
}

export interface AnswerHead {
  readonly status: number;
  readonly headers: AnswerHeaders;
  /** No body follows. */
  readonly endStream: boolean;
}

export class Http2Stream {
  readonly id: number;
  readonly head: Http2RequestHead;
  readonly #host: StreamHost;
  /** Bytes that the peer takes; may be negative. RFC 9113 §6.9.2. */
  sendWindow: number;
  /** Bytes that the peer may still send. */
  receiveWindow: number;
  /** Received and not yet granted anew. */
  ungranted = 0;
  /** The peer has sent its END_STREAM. */
  remoteEnded = false;
  /** Ours is out. */
  localEnded = false;
  closed = false;
  readonly #queue: Uint8Array[] = [];
  #first = 0;
  /** Of the first in the queue, what has been sent. */
  #sent = 0;
  queuedBytes = 0;
  /** END_STREAM comes behind the queue. */
  ending = false;
  #body: Uint8Array[] = [];
  receivedBytes = 0;
  #outcome: BodyOutcome | undefined;
  #bodyListener: ((outcome: BodyOutcome) => void) | undefined;
  #closeListener: (() => void) | undefined;
  #drainListeners: (() => void)[] = [];

  constructor(id: number, head: Http2RequestHead, host: StreamHost) {
    this.id = id;
    this.head = head;
    this.#host = host;
    this.sendWindow = 0;
    this.receiveWindow = 0;
  }

  /** The body, if all of it is there already. */
  get body(): BodyOutcome | undefined {
    return this.#outcome;
  }

  onBody(listener: (outcome: BodyOutcome) => void): void {
    if (this.#outcome !== undefined) listener(this.#outcome);
    else this.#bodyListener = listener;
  }

  /** Called once: both sides have ended, or the stream was broken off. */
  onClose(listener: () => void): void {
    if (this.closed) listener();
    else this.#closeListener = listener;
  }

  get destroyed(): boolean {
    return this.closed;
  }

  get needsDrain(): boolean {
    return this.queuedBytes > highWaterBytes;
  }

  /** Called once, when everything written so far is with the socket, or the stream is closed. */
  onDrained(listener: () => void): void {
    this.#drainListeners.push(listener);
  }

  respond(answer: AnswerHead): void {
    if (!this.closed) this.#host.respond(this, answer);
  }

  /** False: wait for `onDrained` before writing more. The bytes must not change. */
  write(bytes: Uint8Array): boolean {
    if (this.closed || this.ending) return false;
    if (bytes.length === 0) return !this.needsDrain;
    if (this.queuedBytes === 0 && this.#host.sendNow(this, bytes)) return true;
    this.#enqueue(bytes);
    this.#host.send(this);
    return !this.needsDrain;
  }

  end(bytes?: Uint8Array): void {
    if (this.closed || this.ending || this.localEnded) return;
    if (bytes !== undefined && bytes.length > 0) this.#enqueue(bytes);
    this.ending = true;
    this.#host.send(this);
  }

  /** RST_STREAM; nothing that is queued goes out. */
  reset(code: number): void {
    if (!this.closed) this.#host.reset(this, code);
  }

  /** Tells the peer that what it has is not all. */
  destroy(): void {
    this.reset(errorCode.internalError);
  }

  // What follows is for the connection.

  #enqueue(bytes: Uint8Array): void {
    this.#queue.push(bytes);
    this.queuedBytes += bytes.length;
  }

  /** What goes out next, at most so many bytes. Undefined: nothing is queued. */
  next(most: number): Uint8Array | undefined {
    const bytes = this.#queue[this.#first];
    if (bytes === undefined) return undefined;
    const start = this.#sent;
    const end = Math.min(bytes.length, start + most);
    this.#sent = end;
    this.queuedBytes -= end - start;
    if (end === bytes.length) this.#advance();
    return start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end);
  }

  #advance(): void {
    this.#sent = 0;
    this.#first++;
    if (this.#first < this.#queue.length && this.#first < 64) return;
    this.#queue.splice(0, this.#first);
    this.#first = 0;
  }

  drained(): void {
    if (this.#drainListeners.length === 0) return;
    const listeners = this.#drainListeners;
    this.#drainListeners = [];
    for (const listener of listeners) listener();
  }

  /** A piece of the body; false: it is longer than it may be. */
  receive(bytes: Uint8Array, mostBytes: number): boolean {
    this.receivedBytes += bytes.length;
    if (this.#outcome !== undefined) return true;
    if (this.receivedBytes > mostBytes) {
      this.#body = [];
      this.#settle({ type: "tooLarge" });
      return false;
    }
    this.#body.push(bytes);
    return true;
  }

  get takesBody(): boolean {
    return this.#outcome === undefined;
  }

  bodyEnded(): void {
    if (this.#outcome !== undefined) return;
    const bytes = this.receivedBytes === 0 ? undefined : joined(this.#body, this.receivedBytes);
    this.#body = [];
    this.#settle({ type: "whole", bytes });
  }

  #settle(outcome: BodyOutcome): void {
    this.#outcome = outcome;
    const listener = this.#bodyListener;
    this.#bodyListener = undefined;
    listener?.(outcome);
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.#queue.length = 0;
    this.#first = 0;
    this.queuedBytes = 0;
    this.#body = [];
    if (this.#outcome === undefined) this.#settle({ type: "gone" });
    const listener = this.#closeListener;
    this.#closeListener = undefined;
    listener?.();
    this.drained();
  }
}

function joined(pieces: readonly Uint8Array[], length: number): Uint8Array {
  if (pieces.length === 1) return pieces[0]!;
  const all = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
