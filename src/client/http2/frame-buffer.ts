// Frames of one turn of the event loop, one behind the other, so that they leave in one write.
import { type FrameHead, frameHeadBytes, putFrameHead } from "../../base/http2/index.ts";

const usualBytes = 32 * 1024;
/** Larger buffers are left to the collector. */
const mostKeptBytes = 256 * 1024;

export interface FrameSink {
  /** Calls `written` later, when the bytes may be changed again. */
  write(bytes: Uint8Array, written: () => void): void;
  /** Asks for a call of `flush` when everything that is ready to run now has run. */
  flushSoon(): void;
}

export class FrameBuffer {
  readonly #sink: FrameSink;
  #buffer: Uint8Array | undefined;
  #spare: Uint8Array | undefined;
  #asked = false;
  at = 0;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  /** A buffer with room for so many bytes from `at` on. Whoever writes them moves `at`. */
  reserve(bytes: number): Uint8Array {
    if (!this.#asked) {
      this.#asked = true;
      this.#sink.flushSoon();
    }
    const needed = this.at + bytes;
    let buffer = this.#buffer;
    if (buffer === undefined) {
      buffer = this.#spare !== undefined && this.#spare.length >= needed ? this.#spare : bytesFor(needed);
      this.#spare = undefined;
    } else if (buffer.length < needed) {
      const larger = bytesFor(2 * needed);
      larger.set(buffer.subarray(0, this.at));
      buffer = larger;
    }
    this.#buffer = buffer;
    return buffer;
  }

  frame(head: FrameHead, payload: Uint8Array): void {
    const { length } = payload;
    const buffer = this.reserve(frameHeadBytes + length);
    putFrameHead(buffer, this.at, { ...head, length });
    buffer.set(payload, this.at + frameHeadBytes);
    this.at += frameHeadBytes + length;
  }

  flush(): void {
    this.#asked = false;
    const buffer = this.#buffer;
    if (buffer === undefined) return;
    const bytes = buffer.subarray(0, this.at);
    this.#buffer = undefined;
    this.at = 0;
    this.#sink.write(bytes, () => {
      if (buffer.length <= mostKeptBytes) this.#spare = buffer;
    });
  }
}

const bytesFor = (needed: number): Uint8Array => new Uint8Array(Math.max(usualBytes, needed));
