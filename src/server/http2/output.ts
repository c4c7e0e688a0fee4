// What a connection has to say, gathered: frames are written one behind the other into a large buffer, and what one turn of the
// event loop brings leaves in one write. One write is under way at a time; while it is, a full buffer says "congested", and
// streams keep what they have. So a connection never holds more than two buffers and its control frames.

import { type FrameHead, frameHeadBytes, frameType, putFrameHead } from "../../base/http2/index.ts";

/** Where the bytes go. */
export interface Sink {
  /** A buffer of `smallOutputBytes` or `outputBytes`, and back. */
  allocate(bytes: number): Uint8Array;
  release(buffer: Uint8Array): void;
  /** Calls `written` later, never at once, when the bytes may be changed again. */
  write(bytes: Uint8Array, written: () => void): void;
  /** Asks for a call of `flush` when everything that is ready to run now has run. */
  flushSoon(): void;
  /** Ends the socket behind what has been written. */
  end(): void;
  /** Ends it now. */
  destroy(): void;
}

/** Most turns bring one answer; a thousand connections with one event each must not take large buffers. */
export const smallOutputBytes = 8 * 1024;
export const outputBytes = 128 * 1024;

/** A DATA frame of this length fills one record of TLS, and eight of them the buffer: nothing small is left for a record of its own. */
const recordBytes = 16 * 1024;
export const dataBytes = recordBytes - frameHeadBytes;

/** As many as Go's server queues for a peer that does not read. */
const mostControlFrames = 10_000;

interface Full {
  readonly buffer: Uint8Array;
  readonly length: number;
}

export class Output {
  readonly #sink: Sink;
  readonly #drained: () => void;
  #buffer: Uint8Array | undefined;
  #at = 0;
  readonly #full: Full[] = [];
  #writing = false;
  #asked = false;
  #controlFrames = 0;
  /** Where the last frame begins, when it is DATA that may become longer, and its stream. */
  #lastData = -1;
  #lastStream = 0;
  #ending = false;
  #destroyed = false;

  /** `drained`: there is room again after `congested` was true. */
  constructor(sink: Sink, drained: () => void) {
    this.#sink = sink;
    this.#drained = drained;
  }

  /** No place for another DATA frame of usual size. */
  get congested(): boolean {
    if (this.#destroyed) return true;
    if (this.#full.length > 0) return this.#writing;
    return this.#writing && this.#at + recordBytes > outputBytes;
  }

  get destroyed(): boolean {
    return this.#destroyed;
  }

  /** A buffer with room for so many bytes, at most `outputBytes`; they begin at `at`. */
  reserve(bytes: number): Uint8Array {
    this.#lastData = -1;
    if (this.#buffer !== undefined && this.#at + bytes > this.#buffer.length) this.#grow(this.#buffer, bytes);
    if (!this.#asked && !this.#writing) {
      this.#asked = true;
      this.#sink.flushSoon();
    }
    return (this.#buffer ??= this.#sink.allocate(bytes > smallOutputBytes ? outputBytes : smallOutputBytes));
  }

  get at(): number {
    return this.#at;
  }

  /** What has been written since `reserve` ends here. */
  advanceTo(at: number): void {
    this.#at = at;
  }

  frame(head: FrameHead, payload: Uint8Array): void {
    const { length } = payload;
    const buffer = this.reserve(frameHeadBytes + length);
    putFrameHead(buffer, this.#at, { ...head, length });
    buffer.set(payload, this.#at + frameHeadBytes);
    this.#at += frameHeadBytes + length;
  }

  /** DATA of at most `dataBytes`: behind what the last frame has, when that is the same stream's and has room, so that many small pieces are one frame. */
  data(piece: Uint8Array, stream: number, flags: number): void {
    if (stream === this.#lastStream && this.#lastData >= 0 && this.#extends(piece, flags)) return;
    const { length } = piece;
    const buffer = this.reserve(frameHeadBytes + length);
    const at = this.#at;
    putFrameHead(buffer, at, { length, type: frameType.data, flags, stream });
    buffer.set(piece, at + frameHeadBytes);
    this.#at = at + frameHeadBytes + length;
    this.#lastData = flags === 0 ? at : -1;
    this.#lastStream = stream;
  }

  #extends(piece: Uint8Array, flags: number): boolean {
    const begin = this.#lastData;
    const stream = this.#lastStream;
    if (this.#buffer === undefined) return false;
    const end = this.#at + piece.length;
    const length = end - begin - frameHeadBytes;
    if (length > dataBytes || end > outputBytes) return false;
    if (end > this.#buffer.length) this.#grow(this.#buffer, piece.length);
    this.#buffer.set(piece, this.#at);
    this.#at = end;
    putFrameHead(this.#buffer, begin, { length, type: frameType.data, flags, stream });
    if (flags !== 0) this.#lastData = -1;
    return true;
  }

  /** A frame that answers the peer's. A peer that makes too many of them and reads none is gone. */
  control(head: FrameHead, payload: Uint8Array): void {
    if (this.#destroyed) return;
    if (++this.#controlFrames > mostControlFrames) {
      this.destroy();
      return;
    }
    this.frame(head, payload);
  }

  /** Writes what there is, when nothing is being written. */
  flush(): void {
    this.#asked = false;
    if (this.#writing || this.#destroyed) return;
    const next = this.#next();
    if (next === undefined) {
      this.#controlFrames = 0;
      if (this.#ending) this.#sink.end();
      return;
    }
    this.#writing = true;
    const { buffer, length } = next;
    this.#sink.write(buffer.subarray(0, length), () => {
      this.#writing = false;
      this.#sink.release(buffer);
      if (this.#destroyed) return;
      const more = this.#full.length > 0 || this.#at > 0;
      if (more || this.#ending) this.flush();
      else this.#controlFrames = 0;
      this.#drained();
    });
  }

  /** Ends the socket when all is written. */
  end(): void {
    this.#ending = true;
    this.flush();
  }

  destroy(): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    this.#sink.destroy();
  }

  /** The socket is gone. */
  lost(): void {
    this.#destroyed = true;
    if (this.#buffer !== undefined) this.#sink.release(this.#buffer);
    this.#lastData = -1;
    this.#buffer = undefined;
    this.#at = 0;
    this.#full.length = 0;
  }

  #grow(buffer: Uint8Array, bytes: number): void {
    if (buffer.length === outputBytes || this.#at + bytes > outputBytes) {
      this.#close(buffer);
      return;
    }
    this.#buffer = this.#sink.allocate(outputBytes);
    this.#buffer.set(buffer.subarray(0, this.#at));
    this.#sink.release(buffer);
  }

  #close(buffer: Uint8Array): void {
    this.#lastData = -1;
    this.#full.push({ buffer, length: this.#at });
    this.#buffer = undefined;
    this.#at = 0;
    this.flush();
  }

  #next(): Full | undefined {
    const first = this.#full.shift();
    if (first !== undefined) return first;
    if (this.#buffer === undefined || this.#at === 0) return undefined;
    this.#lastData = -1;
    const next = { buffer: this.#buffer, length: this.#at };
    this.#buffer = undefined;
    this.#at = 0;
    return next;
  }
}
