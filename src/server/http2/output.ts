// What a connection has to say, gathered: frames are written one behind the other into a large buffer, and what one turn of the
// event loop brings leaves in one write. One write is under way at a time; while it is, a full buffer says "congested", and
// streams keep what they have. So a connection never holds more than two buffers and its control frames.

import { type FrameHead, frameHeadBytes, putFrameHead, smallestMaxFrame } from "./frames.ts";

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
    return this.#writing && this.#at + frameHeadBytes + smallestMaxFrame > outputBytes;
  }

  get destroyed(): boolean {
    return this.#destroyed;
  }

  /** A buffer with room for so many bytes, at most `outputBytes`; they begin at `at`. */
  reserve(bytes: number): Uint8Array {
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

  /** A DATA frame with a part of `bytes`. */
  data(bytes: Uint8Array, { start, end, flags, stream }: DataPart): void {
    const length = end - start;
    const buffer = this.reserve(frameHeadBytes + length);
    const at = this.#at;
    buffer[at] = length >>> 16;
    buffer[at + 1] = length >>> 8;
    buffer[at + 2] = length;
    buffer[at + 3] = 0;
    buffer[at + 4] = flags;
    buffer[at + 5] = stream >>> 24;
    buffer[at + 6] = stream >>> 16;
    buffer[at + 7] = stream >>> 8;
    buffer[at + 8] = stream;
    buffer.set(length === bytes.length ? bytes : bytes.subarray(start, end), at + frameHeadBytes);
    this.#at = at + frameHeadBytes + length;
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
    this.#full.push({ buffer, length: this.#at });
    this.#buffer = undefined;
    this.#at = 0;
    this.flush();
  }

  #next(): Full | undefined {
    const first = this.#full.shift();
    if (first !== undefined) return first;
    if (this.#buffer === undefined || this.#at === 0) return undefined;
    const next = { buffer: this.#buffer, length: this.#at };
    this.#buffer = undefined;
    this.#at = 0;
    return next;
  }
}

export interface DataPart {
  readonly start: number;
  readonly end: number;
  readonly flags: number;
  readonly stream: number;
}
