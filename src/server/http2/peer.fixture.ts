// A client of `Http2Connection` without sockets: it writes frames byte by byte and reads what comes back, for tests.

import {
  type Frame,
  FrameReader,
  frameHeadBytes,
  frameType,
  HeaderBlocks,
  putFrameHead,
  putUint32,
  uint32,
} from "../../base/http2/index.ts";
import { Http2Connection, type Http2ConnectionOptions } from "./connection.ts";
import type { Http2Stream } from "./stream.ts";

export interface Seen {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Uint8Array;
}

const prefaceText = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
export const preface = Uint8Array.from(prefaceText, (each) => each.charCodeAt(0));

export function frame(type: number, { flags = 0, stream = 0, payload = [] as ArrayLike<number> }): Uint8Array {
  const bytes = new Uint8Array(frameHeadBytes + payload.length);
  putFrameHead(bytes, 0, { length: payload.length, type, flags, stream });
  bytes.set(payload, frameHeadBytes);
  return bytes;
}

export function word(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  putUint32(bytes, 0, value);
  return bytes;
}

export const settings = (...pairs: readonly (readonly [number, number])[]): Uint8Array =>
  frame(frameType.settings, { payload: pairs.flatMap(([name, value]) => [0, name, ...word(value)]) });

/** Literal fields without Huffman coding and without the table. */
export const block = (fields: readonly (readonly [string, string])[]): Uint8Array =>
  Uint8Array.from(fields.flatMap(([name, value]) => [0, ...literal(name), ...literal(value)]));

function literal(text: string): number[] {
  const length: number[] = [];
  if (text.length < 127) length.push(text.length);
  else {
    length.push(127);
    let rest = text.length - 127;
    for (; rest >= 128; rest = Math.floor(rest / 128)) length.push(128 | (rest % 128));
    length.push(rest);
  }
  return [...length, ...Array.from(text, (each) => each.charCodeAt(0))];
}

export const requestFields = (method: string, path: string): [string, string][] => [
  [":method", method],
  [":scheme", "https"],
  [":path", path],
  [":authority", "a:443"],
];

/** END_STREAM and END_HEADERS. */
export const get = (stream: number, path = "/"): Uint8Array =>
  frame(frameType.headers, { flags: 5, stream, payload: block(requestFields("GET", path)) });

export class TestPeer {
  readonly connection: Http2Connection;
  readonly requests: Http2Stream[] = [];
  readonly seen: Seen[] = [];
  /** Code of the GOAWAY, or why the server ended it. */
  fault: { readonly code: number; readonly message: string } | undefined;
  ended = false;
  destroyed = false;
  /** Writes that the socket has not finished. */
  readonly unwritten: (() => void)[] = [];
  /** While true, writes stay unfinished. */
  stuck = false;
  writes = 0;
  readonly #reader: FrameReader;
  readonly #blocks = new HeaderBlocks(1 << 20);

  constructor(options: Partial<Http2ConnectionOptions> = {}) {
    this.#reader = new FrameReader({ maxFrameBytes: 1 << 20, from: "server", take: (each) => this.#take(each) });
    this.connection = new Http2Connection({
      maxStreams: 100,
      maxBodyBytes: 1 << 20,
      maxHeaderListBytes: 1 << 20,
      request: (stream) => void this.requests.push(stream),
      failed: ({ code, message }) => {
        this.fault = { code, message };
      },
      sink: {
        allocate: (bytes) => new Uint8Array(bytes),
        release: (buffer) => void buffer.fill(0xee),
        write: (bytes, written) => {
          this.writes++;
          this.#reader.read(bytes.slice());
          this.unwritten.push(written);
        },
        flushSoon: () => {},
        end: () => {
          this.ended = true;
        },
        destroy: () => {
          this.destroyed = true;
        },
      },
      ...options,
    });
    this.connection.open();
  }

  /** What a socket would bring, then everything that follows from it. */
  send(...chunks: readonly Uint8Array[]): this {
    for (const chunk of chunks) this.connection.receive(chunk);
    return this.settle();
  }

  greet(...pairs: readonly (readonly [number, number])[]): this {
    return this.send(preface, settings(...pairs));
  }

  settle(): this {
    this.connection.flush();
    while (!this.stuck) {
      const written = this.unwritten.shift();
      if (written === undefined) break;
      written();
    }
    return this;
  }

  of(type: number, stream?: number): Seen[] {
    return this.seen.filter((each) => each.type === type && (stream === undefined || each.stream === stream));
  }

  /** The answer's fields, decoded in the order in which blocks came. */
  readonly answers = new Map<number, Record<string, string>[]>();

  body(stream: number): Uint8Array {
    return Uint8Array.from(this.of(frameType.data, stream).flatMap(({ payload }) => [...payload]));
  }

  resetCode(stream: number): number | undefined {
    const [reset] = this.of(frameType.resetStream, stream);
    return reset === undefined ? undefined : uint32(reset.payload, 0);
  }

  get goAwayCode(): number | undefined {
    const last = this.of(frameType.goAway).at(-1);
    return last === undefined ? undefined : uint32(last.payload, 4);
  }

  #take(read: Frame): void {
    const { type, flags, stream, bytes, start, end } = read;
    this.seen.push({ type, flags, stream, payload: bytes.slice(start, end) });
    const section =
      type === frameType.headers
        ? this.#blocks.headers(read)
        : type === frameType.continuation
          ? this.#blocks.continuation(read)
          : undefined;
    if (section === undefined) return;
    const answer = Object.fromEntries(section.block.fields.map(({ name, value }) => [name, value]));
    this.answers.set(stream, [...(this.answers.get(stream) ?? []), answer]);
  }
}
