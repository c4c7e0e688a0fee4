// Plain requests to the API server, without retries: what became of each is the caller's to judge.
import type { HttpMethod, Transport } from "../../src/machinery/index.ts";

export interface Reply {
  readonly code: number;
  /** JSON; the text when it is none. */
  readonly body: unknown;
}

export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation?: number;
  readonly deletionTimestamp?: string;
}
export interface ApiObject {
  readonly metadata: ObjectMeta;
}
export interface ApiList<T extends ApiObject> extends ApiObject {
  readonly items: readonly T[];
}

const encoder = new TextEncoder();

/** Rejects when no answer came. */
export async function send(
  transport: Transport,
  request: {
    readonly method: HttpMethod;
    readonly path: string;
    readonly body?: object;
    readonly contentType?: string;
  },
): Promise<Reply> {
  const { method, path, body, contentType = "application/json" } = request;
  const response = await open(transport, {
    method,
    path,
    ...(body === undefined ? {} : { body: encoder.encode(JSON.stringify(body)), contentType }),
  });
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of response.stream) text += decoder.decode(chunk, { stream: true });
  return { code: response.code, body: response.isJson && text !== "" ? JSON.parse(text) : text };
}

/** What is there under the path; throws when the answer is anything else. */
export async function get<T>(transport: Transport, path: string): Promise<T> {
  const { code, body } = await send(transport, { method: "GET", path });
  if (code !== 200) throw new Error(`GET ${path}: ${code} ${said(body)}`);
  return body as T;
}

/** The message of a Status. */
export const said = (body: unknown): string =>
  (body as { message?: string } | null)?.message ?? JSON.stringify(body)?.slice(0, 200) ?? "";

interface Opened {
  readonly code: number;
  readonly isJson: boolean;
  readonly stream: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

async function open(
  transport: Transport,
  request: {
    readonly method: HttpMethod;
    readonly path: string;
    readonly body?: Uint8Array;
    readonly contentType?: string;
    readonly signal?: AbortSignal;
  },
): Promise<Opened> {
  const [path = "", query = ""] = request.path.split("?");
  const response = await transport.request({
    method: request.method,
    path,
    query: new URLSearchParams(query),
    headers: {
      accept: "application/json",
      "user-agent": "chaos/1",
      ...(request.body === undefined ? {} : { "content-type": request.contentType }),
    },
    ...(request.body === undefined ? {} : { body: request.body }),
    ...(request.signal === undefined ? {} : { signal: request.signal }),
  });
  return {
    code: response.status,
    isJson: String(response.headers["content-type"] ?? "").startsWith("application/json"),
    // What had come as a whole is there at once.
    stream: response.stream ?? response.bytes ?? [],
  };
}

export interface WatchLine {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: ApiObject;
}

/** Lines of a watch until the server ends it. Throws when the server refuses it or the connection breaks. */
export async function* watchLines(transport: Transport, path: string, signal: AbortSignal): AsyncGenerator<WatchLine> {
  const { code, stream } = await open(transport, { method: "GET", path, signal });
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    rest += decoder.decode(chunk, { stream: true });
    if (code !== 200) continue;
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line !== "") yield JSON.parse(line) as WatchLine;
  }
  if (code !== 200) throw new RefusedWatch(code, rest);
}

/** The server understood and said no: 410 Gone above all. */
export class RefusedWatch extends Error {
  readonly code: number;
  constructor(code: number, text: string) {
    super(`the watch was refused: ${code} ${text.slice(0, 300)}`);
    this.code = code;
  }
}
