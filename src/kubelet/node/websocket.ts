// The kubelet's side of WebSocket connections: which protocol is spoken, and that no message is lost before somebody listens.
import { type WebSocket, WebSocketServer } from "ws";
import type { UpgradeRequest } from "./runtime-connection.ts";

/** First of `known` that the caller offers, in the caller's order. */
export const offeredProtocol = (header: string | undefined, known: readonly string[]): string | undefined =>
  (header ?? "")
    .split(",")
    .map((each) => each.trim())
    .find((each) => known.includes(each));

/** Answers the upgrade with one protocol. Messages wait until `resume` is called, when somebody listens. */
export function acceptWebSocket({ request, socket, head }: UpgradeRequest, protocol: string): Promise<WebSocket> {
  const server = new WebSocketServer({
    noServer: true,
    handleProtocols: () => protocol || false,
    perMessageDeflate: false,
    maxPayload: 32 * 1024 * 1024,
  });
  return new Promise((resolve) =>
    server.handleUpgrade(request, socket, head, (connection) => {
      connection.pause();
      resolve(connection);
    }),
  );
}

export const bytesOf = (data: unknown): Buffer =>
  Array.isArray(data)
    ? Buffer.concat(data as Buffer[])
    : data instanceof ArrayBuffer
      ? Buffer.from(data)
      : (data as Buffer);
