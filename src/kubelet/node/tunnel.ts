// Port-forward through a WebSocket: its binary messages are the bytes of a SPDY/3.1 connection (KEP-4006).
import type { Logger } from "../../base/index.ts";
import { RouteError } from "./route.ts";
import { dialSpdy, type UpgradeRequest } from "./runtime-connection.ts";
import { acceptWebSocket, bytesOf, offeredProtocol } from "./websocket.ts";

const tunnelPrefix = "SPDY/3.1+";
const portForward = "portforward.k8s.io";

/** Whether a WebSocket caller offers any tunnel: then it is one of these or nothing. */
export const asksForTunnel = ({ request }: UpgradeRequest): boolean =>
  (request.headers["sec-websocket-protocol"] ?? "").split(",").some((each) => each.trim().startsWith(tunnelPrefix));

export async function serveTunnel(upgrade: UpgradeRequest, url: string, log: Logger): Promise<void> {
  const protocol = offeredProtocol(upgrade.request.headers["sec-websocket-protocol"], [tunnelPrefix + portForward]);
  if (protocol === undefined)
    throw new RouteError(
      400,
      `unable to upgrade: port-forward over WebSocket needs the protocol ${tunnelPrefix}${portForward}`,
    );
  const peer = await dialSpdy(url, { "x-stream-protocol-version": portForward });
  const caller = await acceptWebSocket(upgrade, protocol);
  if (peer.head.length > 0) caller.send(peer.head);
  peer.socket.on("data", (chunk: Buffer) => {
    peer.socket.pause();
    caller.send(chunk, (error) => {
      if (error) peer.socket.destroy();
      else peer.socket.resume();
    });
  });
  caller.on("message", (data) => {
    if (peer.socket.write(bytesOf(data))) return;
    caller.pause();
    peer.socket.once("drain", () => caller.resume());
  });
  peer.socket.on("close", () => caller.close(1000));
  peer.socket.on("error", (error) => {
    log.debug("a port-forward's connection to the runtime broke", { error });
    caller.close(1011);
  });
  caller.on("close", () => peer.socket.destroy());
  caller.on("error", () => peer.socket.destroy());
  caller.resume();
}
