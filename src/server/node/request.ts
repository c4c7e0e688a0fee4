// Reads a request from the wire into the shape that the pipeline takes.

import type { Readable } from "node:stream";
import type { ApiRequest, HttpMethod } from "../../machinery/index.ts";
import { StatusError } from "../../machinery/index.ts";

/** Upstream: MaxRequestBodyBytes of the generic API server. */
export const maxRequestBodyBytes = 3 * 1024 * 1024;

export const tooLarge = (limit: number): StatusError =>
  new StatusError({
    code: 413,
    reason: "RequestEntityTooLarge",
    message: `Request entity too large: limit is ${limit}`,
  });

/** The client went away in the middle of its body; nobody is left to answer. */
export class BodyAborted extends Error {
  override readonly name = "BodyAborted";
}

/** The whole body. Throws StatusError 413 as soon as the limit is passed, without reading on. */
export function readBody(stream: Readable, limit: number): Promise<Uint8Array | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    let size = 0;
    let settled = false;
    const settle = (act: () => void): void => {
      if (settled) return;
      settled = true;
      act();
    };
    stream.on("data", (chunk: Uint8Array) => {
      size += chunk.length;
      if (size > limit) {
        stream.pause();
        settle(() => reject(tooLarge(limit)));
      } else chunks.push(chunk);
    });
    stream.on("end", () => settle(() => resolve(join(chunks, size))));
    stream.on("error", (error) => settle(() => reject(new BodyAborted(error.message))));
    stream.on("close", () => settle(() => reject(new BodyAborted("the client closed the request"))));
  });
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

/** Method, path, query and headers; the body is added by the caller. */
export function requestOf(head: RequestHead, signal: AbortSignal): ApiRequest {
  const { method, url, headers } = head;
  const mark = url.indexOf("?");
  const hasQuery = mark >= 0 && mark + 1 < url.length;
  return {
    method: method as HttpMethod,
    path: mark < 0 ? url : url.slice(0, mark),
    ...(hasQuery ? { query: new URLSearchParams(url.slice(mark + 1)) } : {}),
    headers,
    signal,
  };
}
