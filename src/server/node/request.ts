// Reads a request from the wire into the shape that the pipeline takes.

import type { Readable } from "node:stream";
import type { Clock } from "../../base/index.ts";
import type { ApiRequest, HttpMethod } from "../../machinery/index.ts";
import { StatusError } from "../../machinery/index.ts";
import type { Http2Stream } from "../http2/stream.ts";

/** Upstream: MaxRequestBodyBytes of the generic API server. */
export const maxRequestBodyBytes = 3 * 1024 * 1024;

/** Go's server: longer heads are answered 431. */
export const maxHeaderBytes = 1 << 20;

const tooLarge = (limit: number): StatusError =>
  new StatusError({
    code: 413,
    reason: "RequestEntityTooLarge",
    message: `Request entity too large: limit is ${limit}`,
  });

/** The client went away in the middle of its body; nobody is left to answer. */
export class BodyAborted extends Error {
  override readonly name = "BodyAborted";
}

export interface BodyBounds {
  readonly clock: Clock;
  readonly mostBytes: number;
  readonly mostMs: number;
}

const late = (): StatusError =>
  new StatusError({
    code: 504,
    reason: "Timeout",
    message: "Timeout: request did not complete within the allotted timeout",
    details: {},
  });

/** The whole body. Throws StatusError as soon as a bound is passed, without reading on: 413 for its size, 504 for its time. */
export function readBody(stream: Readable, { clock, mostBytes, mostMs }: BodyBounds): Promise<Uint8Array | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    let size = 0;
    let settled = false;
    const refuse = (error: Error): void => {
      settled = true;
      timer.cancel();
      reject(error);
    };
    const stop = (error: StatusError): void => {
      stream.pause();
      refuse(error);
    };
    const timer = clock.setTimeout(() => stop(late()), mostMs, { background: true });
    stream.on("data", (chunk: Uint8Array) => {
      size += chunk.length;
      if (size > mostBytes) stop(tooLarge(mostBytes));
      else chunks.push(chunk);
    });
    stream.on("end", () => {
      settled = true;
      timer.cancel();
      resolve(join(chunks, size));
    });
    stream.on("error", (error) => settled || refuse(new BodyAborted(error.message)));
    stream.on("close", () => settled || refuse(new BodyAborted("the client closed the request")));
  });
}

/** Bodies over HTTP/2 that have not come yet. One timer serves all: each has the same time. */
export class BodyWaits {
  readonly #bounds: BodyBounds;
  /** In the order in which they end. */
  readonly #waiting = new Map<Http2Stream, { readonly untilMs: number; readonly stop: () => void }>();
  #armed = false;

  constructor(bounds: BodyBounds) {
    this.#bounds = bounds;
  }

  /** The whole body; throws as `readBody` does. */
  of(stream: Http2Stream): Promise<Uint8Array | undefined> {
    const { clock, mostMs, mostBytes } = this.#bounds;
    return new Promise((resolve, reject) => {
      this.#waiting.set(stream, { untilMs: clock.monotonic() + mostMs, stop: () => reject(late()) });
      if (!this.#armed) this.#arm(mostMs);
      stream.onBody((outcome) => {
        this.#waiting.delete(stream);
        if (outcome.type === "whole") resolve(outcome.bytes);
        else if (outcome.type === "tooLarge") reject(tooLarge(mostBytes));
        else reject(new BodyAborted("the client closed the request"));
      });
    });
  }

  #arm(delayMs: number): void {
    this.#armed = true;
    this.#bounds.clock.setTimeout(() => this.#expire(), delayMs, { background: true });
  }

  #expire(): void {
    this.#armed = false;
    const nowMs = this.#bounds.clock.monotonic();
    for (const [stream, { untilMs, stop }] of this.#waiting) {
      if (untilMs > nowMs) {
        this.#arm(untilMs - nowMs);
        return;
      }
      this.#waiting.delete(stream);
      stop();
    }
  }
}

function join(chunks: readonly Uint8Array[], size: number): Uint8Array | undefined {
  if (chunks.length <= 1) return chunks[0];
  const all = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    all.set(chunk, offset);
    offset += chunk.length;
  }
  return all;
}

export interface RequestHead {
  readonly method: string;
  readonly url: string;
  readonly headers: ApiRequest["headers"];
}

export function requestOf(
  head: RequestHead,
  { signal, body }: { readonly signal: AbortSignal; readonly body?: Uint8Array | undefined },
): ApiRequest {
  const { method, url, headers } = head;
  const mark = url.indexOf("?");
  const hasQuery = mark >= 0 && mark + 1 < url.length;
  return {
    method: method as HttpMethod,
    path: mark < 0 ? url : url.slice(0, mark),
    ...(hasQuery ? { query: new URLSearchParams(url.slice(mark + 1)) } : {}),
    headers,
    signal,
    ...(body === undefined ? {} : { body }),
  };
}
