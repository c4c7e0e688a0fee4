// Writes an ApiResponse to a node stream. A stream body is written no faster than the client reads; a client that takes
// nothing for `stallMs` loses its connection, so that it can not hold memory for ever.

import { Readable, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import type { ApiResponse } from "../../machinery/index.ts";

/** Writers that wait for their client, with the monotonic time at which the wait began. */
export class Stalls {
  readonly #waiting = new Map<Writable, number>();
  readonly #monotonic: () => number;

  constructor(monotonic: () => number) {
    this.#monotonic = monotonic;
  }

  /** Resolves once the stream can take more, or is gone. */
  drained(stream: Writable): Promise<void> {
    if (!stream.writableNeedDrain || stream.destroyed) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        this.#waiting.delete(stream);
        stream.off("drain", done);
        stream.off("close", done);
        resolve();
      };
      this.#waiting.set(stream, this.#monotonic());
      stream.on("drain", done);
      stream.on("close", done);
    });
  }

  /** Destroys every stream whose client has taken nothing for longer than `stallMs`. */
  sweep(stallMs: number): void {
    const limit = this.#monotonic() - stallMs;
    for (const [stream, sinceMs] of this.#waiting) if (sinceMs < limit) stream.destroy();
  }
}

/** What long answers hold in memory until they are written. What several clients are sent at a time counts once. */
export class HeldBytes {
  readonly #users = new Map<Uint8Array, number>();
  #bytes = 0;

  /** An answer by the first of its pieces. Returns how much all hold. */
  hold(first: Uint8Array, length: number): number {
    const users = this.#users.get(first) ?? 0;
    this.#users.set(first, users + 1);
    if (users === 0) this.#bytes += length;
    return this.#bytes;
  }

  release(first: Uint8Array, length: number): void {
    const users = (this.#users.get(first) ?? 1) - 1;
    if (users > 0) {
      this.#users.set(first, users);
      return;
    }
    this.#users.delete(first);
    this.#bytes -= length;
  }
}

const newline = new Uint8Array([10]);
const encoder = new TextEncoder();
/** Below this one write is cheaper than the pieces without a copy. */
const copiedBytes = 64 * 1024;

function pieces(chunks: readonly Uint8Array[]): readonly Uint8Array[] {
  if (chunks.length < 2) return chunks;
  let size = 0;
  for (const chunk of chunks) size += chunk.length;
  return size > copiedBytes ? chunks : [Buffer.concat(chunks, size)];
}

/** The bytes of one finished body. */
export function bodyBytes(response: ApiResponse): readonly Uint8Array[] {
  if (response.bytes !== undefined) return pieces(response.bytes);
  if (response.object !== undefined) return [encoder.encode(JSON.stringify(response.object)), newline];
  return [];
}

/** What clients may ask for, as upstream reads it: a name with a weight is not understood. */
const acceptsGzip = (header: string | undefined): boolean =>
  header?.split(",").some((each) => each.trim() === "gzip") === true;

/** The response as it travels: compressed while it is written when the client accepts that and the body is worth it. */
export function encodedFor(acceptEncoding: string | undefined, response: ApiResponse): ApiResponse {
  const { bytes, compress, ...rest } = response;
  if (compress === undefined || bytes === undefined || !acceptsGzip(acceptEncoding)) return response;
  if (bytes.reduce((size, chunk) => size + chunk.length, 0) <= compress.aboveBytes) return response;
  const vary = [rest.headers["vary"] ?? []].flat();
  const headers = {
    ...rest.headers,
    "content-encoding": "gzip",
    vary: vary.includes("Accept-Encoding") ? vary : [...vary, "Accept-Encoding"],
  };
  return { ...rest, headers, stream: gzip(bytes) };
}

/** The fastest level, as upstream: the others cost much for little. Begins when somebody reads. */
async function* gzip(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  const zip = createGzip({ level: 1 });
  const fed = pipeline(Readable.from(chunks), zip);
  // Told to who reads as well; here only when nobody reads any more.
  fed.catch(() => {});
  for await (const chunk of zip) yield chunk as Uint8Array;
}

export const isStreaming = (response: ApiResponse): boolean =>
  response.watch !== undefined || response.stream !== undefined;

/** Ends the source of a streaming body that nobody will read. */
export async function discard(response: ApiResponse): Promise<void> {
  await (response.watch ?? response.stream)?.[Symbol.asyncIterator]().return?.();
}

/** Writes the whole of a streaming body and ends the stream. Returns when the source or the client has ended. */
export async function writeStream(response: ApiResponse, stream: Writable, stalls: Stalls): Promise<void> {
  if (response.watch !== undefined) {
    for await (const frames of response.watch) {
      if (stream.destroyed) return;
      for (const frame of frames) {
        if (frame.bytes === undefined) throw new Error(`a ${frame.type} watch frame for the wire has no bytes`);
        stream.write(frame.bytes);
      }
      if (stream.writableNeedDrain) await stalls.drained(stream);
    }
  } else if (response.stream !== undefined) {
    for await (const chunk of response.stream) {
      if (stream.destroyed) return;
      if (!stream.write(chunk)) await stalls.drained(stream);
    }
  }
  if (!stream.destroyed) stream.end();
}
