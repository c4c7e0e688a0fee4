// The sending half of a connection: header blocks, and data as far as the windows of the peer and the room at the socket go.
// Streams that wait for the connection take turns. RFC 9113 §5.2, §6.9.

import {
  ConnectionFault,
  errorCode,
  flag,
  frameHeadBytes,
  frameType,
  HpackEncoder,
  initialWindow,
  largestWindow,
  putFrameHead,
  putUint32,
  smallestMaxFrame,
} from "../../base/http2/index.ts";
import { dataBytes, Output, type Sink } from "./output.ts";
import type { AnswerHead, Http2Stream } from "./stream.ts";

/** What one stream sends before the next one has its turn. */
const turnBytes = 64 * 1024;

export class Sending {
  readonly output: Output;
  readonly encoder = new HpackEncoder();
  readonly #localEnded: (stream: Http2Stream) => void;
  #window = initialWindow;
  #initialWindow = initialWindow;
  /** They have something to send, and room in their own windows. */
  readonly #ready = new Set<Http2Stream>();

  /** `localEnded`: END_STREAM of this stream has been written. */
  constructor(sink: Sink, localEnded: (stream: Http2Stream) => void) {
    this.output = new Output(sink, () => this.#pump());
    this.#localEnded = localEnded;
  }

  get initialWindow(): number {
    return this.#initialWindow;
  }

  respond(stream: Http2Stream, answer: AnswerHead): void {
    this.headers(stream.id, answer);
    if (answer.endStream) this.#localEnded(stream);
  }

  headers(stream: number, answer: AnswerHead): void {
    if (this.output.destroyed) return;
    const most = this.encoder.mostBytes(answer.headers);
    const flags = flag.endHeaders | (answer.endStream ? flag.endStream : 0);
    if (most > smallestMaxFrame) {
      this.#longHeaders(stream, answer, most);
      return;
    }
    const { output } = this;
    const buffer = output.reserve(frameHeadBytes + most);
    const { at } = output;
    const end = this.encoder.encode(buffer, at + frameHeadBytes, answer);
    putFrameHead(buffer, at, { length: end - at - frameHeadBytes, type: frameType.headers, flags, stream });
    output.advanceTo(end);
  }

  #longHeaders(stream: number, answer: AnswerHead, most: number): void {
    const block = new Uint8Array(most);
    const length = this.encoder.encode(block, 0, answer);
    for (let at = 0; at < length; at += smallestMaxFrame) {
      const end = Math.min(length, at + smallestMaxFrame);
      const type = at === 0 ? frameType.headers : frameType.continuation;
      const ends = (end === length ? flag.endHeaders : 0) | (at === 0 && answer.endStream ? flag.endStream : 0);
      this.output.frame({ type, flags: ends, stream }, block.subarray(at, end));
    }
  }

  send(stream: Http2Stream): void {
    if (this.#some(stream, Number.POSITIVE_INFINITY)) stream.drained();
  }

  /** All of these bytes at once, for a stream that has nothing else to send. False: they have to wait. */
  sendNow(stream: Http2Stream, bytes: Uint8Array): boolean {
    const { length } = bytes;
    if (length > stream.sendWindow || length > this.#window || length > dataBytes || this.output.congested)
      return false;
    this.output.data(bytes, stream.id, 0);
    stream.sendWindow -= length;
    this.#window -= length;
    return true;
  }

  forget(stream: Http2Stream): void {
    this.#ready.delete(stream);
  }

  /** WINDOW_UPDATE of the connection. */
  grant(bytes: number): void {
    this.#window += bytes;
    if (this.#window > largestWindow)
      throw new ConnectionFault(errorCode.flowControlError, "the connection's window is larger than a window can be");
    this.#pump();
  }

  /** SETTINGS_INITIAL_WINDOW_SIZE: what is open has the difference more or less. Larger windows are for `send` to use. */
  setInitialWindow(bytes: number, streams: Iterable<Http2Stream>): void {
    const difference = bytes - this.#initialWindow;
    this.#initialWindow = bytes;
    if (difference === 0) return;
    for (const stream of streams) {
      stream.sendWindow += difference;
      if (stream.sendWindow > largestWindow)
        throw new ConnectionFault(errorCode.flowControlError, "a stream's window is larger than a window can be");
    }
  }

  resetStream(stream: number, code: number): void {
    const payload = new Uint8Array(4);
    putUint32(payload, 0, code);
    this.output.control({ type: frameType.resetStream, flags: 0, stream }, payload);
  }

  windowUpdate(stream: number, bytes: number): void {
    const payload = new Uint8Array(4);
    putUint32(payload, 0, bytes);
    this.output.control({ type: frameType.windowUpdate, flags: 0, stream }, payload);
  }

  goAway(lastStream: number, code: number, message: string): void {
    const payload = new Uint8Array(8 + message.length);
    putUint32(payload, 0, lastStream);
    putUint32(payload, 4, code);
    for (let at = 0; at < message.length; at++) payload[8 + at] = message.charCodeAt(at);
    this.output.control({ type: frameType.goAway, flags: 0, stream: 0 }, payload);
  }

  #pump(): void {
    // Those whose turn is over come again behind the others.
    for (const stream of this.#ready) {
      if (this.output.congested) return;
      if (this.#window <= 0 && stream.queuedBytes > 0) continue;
      this.#ready.delete(stream);
      if (this.#some(stream, turnBytes)) stream.drained();
    }
  }

  /** True: everything that the stream has is out. */
  #some(stream: Http2Stream, mostBytes: number): boolean {
    const { output } = this;
    let left = mostBytes;
    while (stream.queuedBytes > 0 || (stream.ending && !stream.localEnded)) {
      if (stream.closed) return false;
      const window = Math.min(stream.sendWindow, this.#window);
      if (output.congested || left <= 0 || (window <= 0 && stream.queuedBytes > 0)) {
        if (stream.sendWindow > 0 || stream.queuedBytes === 0) this.#ready.add(stream);
        return false;
      }
      left -= this.#part(stream, window);
    }
    return !stream.closed;
  }

  #part(stream: Http2Stream, window: number): number {
    const piece = stream.next(Math.min(window, dataBytes)) ?? nothing;
    const ends = stream.ending && stream.queuedBytes === 0;
    const { length } = piece;
    this.output.data(piece, stream.id, ends ? flag.endStream : 0);
    stream.sendWindow -= length;
    this.#window -= length;
    if (ends) this.#localEnded(stream);
    return length;
  }
}

const nothing = new Uint8Array(0);
