// Both ends of a connection that changes protocol: the caller's, as the server hands it over, and the runtime's streaming server.
import { request as httpRequest, type IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { RouteError } from "./route.ts";

export interface UpgradeRequest {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
  readonly path: string;
  readonly query: URLSearchParams;
}

export interface StreamOptions {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

export interface RuntimeConnection {
  readonly socket: Duplex;
  /** Head of the 101 answer, for passing on. */
  readonly answer: string;
  readonly head: Buffer;
  readonly protocol: string | undefined;
}

type Headers = Readonly<Record<string, string | string[]>>;

/** Upgrades a connection to the runtime's streaming server to SPDY. Rejects with RouteError and its text when it refuses. */
export const dialSpdy = (url: string, headers: Headers): Promise<RuntimeConnection> =>
  dialRuntime(url, { connection: "Upgrade", upgrade: "SPDY/3.1", ...headers });

/** The same to the protocol that `headers` ask for; a WebSocket begins with GET. */
export function dialRuntime(url: string, headers: Headers): Promise<RuntimeConnection> {
  return new Promise((resolve, reject) => {
    const method = String(headers["upgrade"]).toLowerCase() === "websocket" ? "GET" : "POST";
    const asked = httpRequest(url, { method, headers, agent: false });
    asked.on("upgrade", (response, socket, head) => {
      const lines = [`HTTP/1.1 101 Switching Protocols`];
      for (let index = 0; index < response.rawHeaders.length; index += 2)
        lines.push(`${response.rawHeaders[index]}: ${response.rawHeaders[index + 1]}`);
      const protocol = [response.headers["x-stream-protocol-version"] ?? []].flat()[0];
      resolve({ socket, head, answer: `${lines.join("\r\n")}\r\n\r\n`, protocol });
    });
    asked.on("response", (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        body += chunk;
      });
      response.on("end", () =>
        reject(
          new RouteError(response.statusCode ?? 502, body.trim() || "the container runtime refuses the connection"),
        ),
      );
    });
    asked.on("error", (error) =>
      reject(new RouteError(502, `the container runtime's streaming server is not reached: ${error.message}`)),
    );
    asked.end();
  });
}
