// The least client that can load an API server: JSON over one HTTP/2 connection, so that the client's own cost stays small.
import http2 from "node:http2";
import { token } from "./peers.ts";

export interface ApiClient {
  /** Resolves with the answer's body; rejects unless it is a success or "already there". */
  call(method: string, path: string, body?: object): Promise<string>;
  /** Calls `seen` with each event until it says true; rejects after the limit. */
  watch(options: WatchOptions, seen: (event: WatchEvent) => boolean): Promise<void>;
  close(): void;
}

export interface WatchOptions {
  readonly path: string;
  /** resourceVersion. */
  readonly from: string;
  readonly limitSeconds: number;
}

export interface WatchEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: {
    readonly metadata: { readonly name: string; readonly resourceVersion: string };
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
    watch: ({ path, from, limitSeconds }, seen) =>
      new Promise((resolve, reject) => {
        let stream: http2.ClientHttp2Stream | undefined;
        let over = false;
        const finish = (error?: Error): void => {
          over = true;
          clearTimeout(limit);
          stream?.close();
          if (error === undefined) resolve();
          else reject(error);
        };
        const limit = setTimeout(
          () => finish(new Error(`${path}: what was awaited did not come within ${limitSeconds} s`)),
          limitSeconds * 1000,
        );
        // A server ends the watch of a client that it takes for too slow; it goes on where it ended, as every client does.
        const open = (resourceVersion: string): void => {
          let last = resourceVersion;
          let rest = "";
          stream = session.request({ ":path": `${path}?watch=1&resourceVersion=${resourceVersion}`, authorization });
          stream.setEncoding("utf8").on("data", (chunk: string) => {
            const lines = (rest + chunk).split("\n");
            rest = lines.pop()!;
            for (const line of over ? [] : lines) {
              const event = JSON.parse(line) as WatchEvent;
              if (event.type === "ERROR") return finish(new Error(`${path}: ${line}`));
              last = event.object.metadata.resourceVersion;
              if (seen(event)) return finish();
            }
          });
          stream.once("error", finish);
          stream.once("end", () => {
            if (!over) open(last);
          });
        };
        open(from);
      }),
    close: () => session.close(),
  };
}
