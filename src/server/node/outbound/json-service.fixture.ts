// A service of a test's own that is posted JSON over real TLS, on a free port of 127.0.0.1.
import type { IncomingMessage } from "node:http";
import { createServer, type ServerOptions } from "node:https";
import type { AddressInfo } from "node:net";

export type Json = Record<string, unknown>;

export interface JsonService {
  readonly port: number;
  /** Made so far. */
  readonly connections: number;
  close(): Promise<void>;
}

/** An object is sent as JSON; a string is the body of the code. */
export interface Said {
  readonly code?: number;
  readonly body: Json | string;
}

export async function startJsonService(
  tls: ServerOptions,
  say: (body: Json, request: IncomingMessage) => Said | Promise<Said>,
): Promise<JsonService> {
  let connections = 0;
  const server = createServer(tls, (request, response) => {
    const chunks: Uint8Array[] = [];
    request.on("data", (chunk: Uint8Array) => chunks.push(chunk));
    request.on("end", async () => {
      const { code = 200, body } = await say(JSON.parse(Buffer.concat(chunks).toString()) as Json, request);
      const isText = typeof body === "string";
      response.writeHead(code, { "content-type": isText ? "text/plain" : "application/json" });
      response.end(isText ? body : JSON.stringify(body));
    });
  });
  server.on("secureConnection", () => connections++);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return connections;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Where a request went, without its query. */
export const pathOf = (request: IncomingMessage): string => (request.url ?? "").split("?", 1)[0]!;
export const base64 = (text: string): string => Buffer.from(text).toString("base64");
