// The least client that can load an API server: JSON over one HTTP/2 connection, so that the client's own cost stays small.
import http2 from "node:http2";
import { token } from "./peers.ts";

export interface ApiClient {
  /** Resolves with the answer's body; rejects unless it is a success or "already there". */
  call(method: string, path: string, body?: object): Promise<string>;
  /** Calls `seen` with each line of a watch until it says true; rejects when the watch ends before, or after the limit. */
  watch(path: string, limitSeconds: number, seen: (event: WatchEvent) => boolean): Promise<void>;
  close(): void;
}

export interface WatchEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: {
    readonly metadata: { readonly name: string; readonly deletionTimestamp?: string };
    readonly spec?: { readonly nodeName?: string };
  };
}

const width = 32;

/** Runs all, some at a time, in order of their index. */
export async function inParallel(count: number, work: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: Math.min(width, count) }, worker));
}

export function openClient(url: string): ApiClient {
  const session = http2.connect(url, { rejectUnauthorized: false });
  const authorization = `Bearer ${token}`;
  return {
    call: (method, path, body) =>
      new Promise((resolve, reject) => {
        const type = method === "PATCH" ? "application/merge-patch+json" : "application/json";
        const stream = session.request({ ":method": method, ":path": path, authorization, "content-type": type });
        let status = 0;
        let text = "";
        stream.on("response", (headers) => {
          status = Number(headers[":status"]);
        });
        stream.setEncoding("utf8").on("data", (chunk: string) => {
          text += chunk;
        });
        stream.once("error", reject);
        stream.once("end", () =>
          status < 300 || status === 409
            ? resolve(text)
            : reject(new Error(`${method} ${path}: ${status} ${text.slice(0, 300)}`)),
        );
        stream.end(body === undefined ? undefined : JSON.stringify(body));
      }),
    watch: (path, limitSeconds, seen) =>
      new Promise((resolve, reject) => {
        const stream = session.request({ ":path": path, authorization });
        const limit = setTimeout(
          () => finish(new Error(`${path}: what was awaited did not come within ${limitSeconds} s`)),
          limitSeconds * 1000,
        );
        const finish = (error?: Error): void => {
          clearTimeout(limit);
          stream.close();
          if (error === undefined) resolve();
          else reject(error);
        };
        let rest = "";
        stream.setEncoding("utf8").on("data", (chunk: string) => {
          const lines = (rest + chunk).split("\n");
          rest = lines.pop()!;
          for (const line of lines) if (seen(JSON.parse(line) as WatchEvent)) return finish();
        });
        stream.once("error", finish);
        stream.once("end", () => finish(new Error(`${path}: the watch ended early`)));
      }),
    close: () => session.close(),
  };
}
