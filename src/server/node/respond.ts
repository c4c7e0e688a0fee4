// Writes an ApiResponse to a client. A stream body is written no faster than the client reads; a client that takes
// nothing for `stallMs` loses its connection, so that it can not hold memory for ever.

import { Readable, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import type { ApiResponse, WatchFrame, WatchSource } from "../../machinery/index.ts";

/** Where an answer's body goes: a stream of HTTP/2 as it is, a message of HTTP/1.1 by `outletOf`. */
export interface Outlet {
  readonly destroyed: boolean;
  /** So much waits for the client that nothing should be added. */
  readonly needsDrain: boolean;
  /** False: wait for `onDrained`. */
  write(bytes: Uint8Array): boolean;
  end(bytes?: Uint8Array): void;
  /** Calls once, when there is room again or nobody is there any more. */
  onDrained(listener: () => void): void;
  destroy(): void;
}

export const outletOf = (stream: Writable): Outlet => ({
  get destroyed() {
    return stream.destroyed;
  },
  get needsDrain() {
    return stream.writableNeedDrain;
  },
  write: (bytes) => stream.write(bytes),
  end: (bytes) => void stream.end(bytes),
  onDrained(listener) {
    const done = (): void => {
      stream.off("drain", done);
      stream.off("close", done);
      listener();
    };
    stream.on("drain", done);
    stream.on("close", done);
  },
  destroy: () => void stream.destroy(),
});

/** Outlets that wait for their client, with the monotonic time at which the wait began. */
export class Stalls {
  readonly #waiting = new Map<Outlet, number>();
  readonly #monotonic: () => number;

  constructor(monotonic: () => number) {
    this.#monotonic = monotonic;
  }

  /** Resolves once the outlet can take more, or is gone. */
  drained(outlet: Outlet): Promise<void> {
    if (!outlet.needsDrain || outlet.destroyed) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.set(outlet, this.#monotonic());
      outlet.onDrained(() => {
        this.#waiting.delete(outlet);
        resolve();
      });
    });
  }

  /** Destroys every outlet whose client has taken nothing for longer than `stallMs`. */
  sweep(stallMs: number): void {
    const limit = this.#monotonic() - stallMs;
    for (const [outlet, sinceMs] of this.#waiting) if (sinceMs < limit) outlet.destroy();
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
  // The compressor's thread may still read after the client has gone: these bytes are the garbage collector's.
  const { bytes, compress, release: _, ...rest } = response;
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

function wireBytes({ type, bytes }: WatchFrame): Uint8Array {
  if (bytes === undefined) throw new Error(`a ${type} watch frame for the wire has no bytes`);
  return bytes;
}

/** Resolves when the watch has ended. What comes for a client that is gone is thrown away: the request's signal ends it. */
function followWatch(
  follow: NonNullable<WatchSource["follow"]>,
  { outlet, stalls }: { readonly outlet: Outlet; readonly stalls: Stalls },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const goOn = follow({
      take: (frame) => {
        if (outlet.destroyed) return true;
        outlet.write(wireBytes(frame));
        if (!outlet.needsDrain) return true;
        void stalls.drained(outlet).then(() => goOn());
        return false;
      },
      ended: (error) => (error === undefined ? resolve() : reject(error)),
    });
  });
}

/** Writes the whole of a streaming body and ends the outlet. Returns when the source or the client has ended. */
export async function writeStream(response: ApiResponse, outlet: Outlet, stalls: Stalls): Promise<void> {
  const { watch } = response;
  if (watch?.follow !== undefined) await followWatch((follower) => watch.follow!(follower), { outlet, stalls });
  else if (watch !== undefined) {
    for await (const frames of watch) {
      if (outlet.destroyed) return;
      for (const frame of frames) outlet.write(wireBytes(frame));
      if (outlet.needsDrain) await stalls.drained(outlet);
    }
  } else if (response.stream !== undefined) {
    for await (const chunk of response.stream) {
      if (outlet.destroyed) return;
      if (!outlet.write(chunk)) await stalls.drained(outlet);
    }
  }
  if (!outlet.destroyed) outlet.end();
}
