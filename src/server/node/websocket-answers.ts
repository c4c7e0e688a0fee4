// Logs and watches for WebSocket callers: what any other client reads as one long body comes in messages. Upstream: apimachinery
// util/httpstream/wsstream/stream.go (streams), apiserver endpoints/handlers/watch.go (watches).
//
// Streams: the protocol is none, binary.k8s.io, or base64.binary.k8s.io; an empty message says that it begins. Watches: each event is one text
// message, in whatever single protocol the caller offers.
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import type { Logger } from "../../base/index.ts";
import type { ApiRequest, ApiResponse } from "../../machinery/index.ts";
import type { UpgradedConnection } from "./listen.ts";

export const asksForWebSocket = ({ headers, method }: ApiRequest): boolean =>
  method === "GET" &&
  headers["upgrade"]?.toLowerCase() === "websocket" &&
  /\bupgrade\b/i.test(headers["connection"] ?? "");

const streamProtocols = ["binary.k8s.io", "base64.binary.k8s.io"];

const offered = ({ headers }: ApiRequest): string[] =>
  (headers["sec-websocket-protocol"] ?? "")
    .split(",")
    .map((each) => each.trim())
    .filter((each) => each !== "" && !each.startsWith("base64url.bearer.authorization.k8s.io."));

/** The answer as messages; answers that are no streams, and protocols that nobody knows, stay ordinary answers. */
export function overWebSocket(request: ApiRequest, answer: ApiResponse, log: Logger): ApiResponse | UpgradedConnection {
  if (answer.status !== 200) return answer;
  const isWatch = answer.watch !== undefined;
  if (!isWatch && answer.stream === undefined && !/\/log$/.test(request.path)) return answer;
  const names = offered(request);
  const protocol = isWatch ? names[0] : names.find((name) => streamProtocols.includes(name));
  if (names.length > 0 && (protocol === undefined || (isWatch && names.length > 1)))
    return { status: 400, headers: {} };
  return {
    takeOver(socket, head) {
      open({ request, socket, head, protocol: protocol ?? "" })
        .then((caller) => (isWatch ? sendWatch(caller, answer) : sendStream(caller, answer, protocol ?? "")))
        .catch((error: unknown) => {
          log.debug("a stream to a WebSocket caller broke", { error, path: request.path });
          socket.destroy();
        });
    },
  };
}

interface Opening {
  readonly request: ApiRequest;
  readonly socket: Duplex;
  readonly head: Uint8Array;
  readonly protocol: string;
}

function open({ request, socket, head, protocol }: Opening): Promise<WebSocket> {
  const server = new WebSocketServer({
    noServer: true,
    handleProtocols: () => protocol || false,
    perMessageDeflate: false,
  });
  // What the handshake reads of a message.
  const message = { method: request.method, url: request.path, headers: request.headers } as IncomingMessage;
  return new Promise((resolve, reject) => {
    socket.once("close", () => reject(new Error("the caller is gone")));
    server.handleUpgrade(message, socket, Buffer.from(head), resolve);
  });
}

const send = (caller: WebSocket, message: string | Uint8Array): Promise<void> =>
  new Promise((resolve, reject) => caller.send(message, (error) => (error ? reject(error) : resolve())));

async function sendStream(caller: WebSocket, { bytes, stream }: ApiResponse, protocol: string): Promise<void> {
  const base64 = protocol.startsWith("base64.");
  const write = (chunk: Uint8Array): Promise<void> =>
    send(caller, base64 ? Buffer.from(chunk).toString("base64") : chunk);
  await write(new Uint8Array());
  for await (const chunk of stream ?? bytes ?? []) await write(chunk);
  caller.close(1000);
}

async function sendWatch(caller: WebSocket, { watch }: ApiResponse): Promise<void> {
  const decoder = new TextDecoder();
  for await (const frames of watch ?? [])
    for (const { bytes } of frames) if (bytes !== undefined) await send(caller, decoder.decode(bytes));
  caller.close(1000);
}
