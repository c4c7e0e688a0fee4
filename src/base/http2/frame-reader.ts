// Cuts what comes from a socket into frames. A frame that is whole in its chunk is handed on where it lies; only one that is cut by the
// end of a chunk is gathered in a buffer of its own.

import { frameHeadBytes, frameSizeFault, protocolFault, uint32 } from "./frames.ts";

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  /** The payload lies in here, from `start` to `end`; the bytes change after the call. */
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

export interface FrameReaderOptions {
  readonly maxFrameBytes: number;
  /** A client's first word is the preface. */
  readonly from: "client" | "server";
  readonly take: (frame: Frame) => void;
}

/** What a client says first. RFC 9113 §3.4. */
export const preface = Uint8Array.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (each) => each.charCodeAt(0));

export class FrameReader {
  readonly #maxFrameBytes: number;
  readonly #take: (frame: Frame) => void;
  #prefaceSeen: number;
  readonly #head = new Uint8Array(frameHeadBytes);
  #headSeen = 0;
  /** The payload that is under way. */
  #payload: Uint8Array | undefined;
  #payloadSeen = 0;
  #stopped = false;

  constructor({ maxFrameBytes, from, take }: FrameReaderOptions) {
    this.#maxFrameBytes = maxFrameBytes;
    this.#take = take;
    this.#prefaceSeen = from === "client" ? 0 : preface.length;
  }

  /** Nothing more is read. */
  stop(): void {
    this.#stopped = true;
    this.#payload = undefined;
  }

  /** Throws ConnectionFault. */
  read(chunk: Uint8Array): void {
    let at = this.#prefaceSeen < preface.length ? this.#readPreface(chunk) : 0;
    while (at < chunk.length && !this.#stopped) {
      if (this.#payload !== undefined) at = this.#gather(this.#payload, chunk, at);
      else if (this.#headSeen > 0 || chunk.length - at < frameHeadBytes) at = this.#gatherHead(chunk, at);
      else {
        const length = this.#lengthAt(chunk, at);
        const start = at + frameHeadBytes;
        if (start + length > chunk.length) {
          at = this.#gatherHead(chunk, at);
          continue;
        }
        at = start + length;
        this.#take({
          type: chunk[start - 6]!,
          flags: chunk[start - 5]!,
          stream: uint32(chunk, start - 4) & 0x7fffffff,
          bytes: chunk,
          start,
          end: at,
        });
      }
    }
  }

  #readPreface(chunk: Uint8Array): number {
    let at = 0;
    for (; at < chunk.length && this.#prefaceSeen < preface.length; at++, this.#prefaceSeen++)
      if (chunk[at] !== preface[this.#prefaceSeen]) throw protocolFault("this is no HTTP/2 connection preface");
    return at;
  }

  #lengthAt(bytes: Uint8Array, at: number): number {
    const length = (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
    if (length > this.#maxFrameBytes) throw frameSizeFault(`a frame of ${length} bytes is longer than was agreed on`);
    return length;
  }

  #gatherHead(chunk: Uint8Array, from: number): number {
    let at = from;
    while (at < chunk.length && this.#headSeen < frameHeadBytes) this.#head[this.#headSeen++] = chunk[at++]!;
    if (this.#headSeen < frameHeadBytes) return at;
    this.#payload = new Uint8Array(this.#lengthAt(this.#head, 0));
    this.#payloadSeen = 0;
    return this.#payload.length === 0 ? this.#gather(this.#payload, chunk, at) : at;
  }

  #gather(payload: Uint8Array, chunk: Uint8Array, from: number): number {
    const end = Math.min(chunk.length, from + payload.length - this.#payloadSeen);
    payload.set(chunk.subarray(from, end), this.#payloadSeen);
    this.#payloadSeen += end - from;
    if (this.#payloadSeen < payload.length) return end;
    this.#payload = undefined;
    this.#headSeen = 0;
    const head = this.#head;
    this.#take({
      type: head[3]!,
      flags: head[4]!,
      stream: uint32(head, 5) & 0x7fffffff,
      bytes: payload,
      start: 0,
      end: payload.length,
    });
    return end;
  }
}
