// exec, attach and port-forward: connections that change protocol. SPDY callers are joined with the runtime's streaming server byte by
// byte, and so are WebSocket callers of port-forward that name their ports in the address (v4.channel.k8s.io, which the runtime speaks
// itself); other WebSocket callers (channel.k8s.io in its versions, tunnelled port-forward) are translated. Upstream: server.go
// getExec/getAttach/getPortForward, apimachinery remotecommand and portforward constants.
import type { IncomingMessage } from "node:http";
import type { Logger } from "../../base/index.ts";
import type { Kubelet } from "../kubelet.ts";
import { serveRemoteCommand } from "./remote-command.ts";
import { RouteError } from "./route.ts";
import { findPod, runningContainer } from "./routes.ts";
import { dialRuntime, type StreamOptions, type UpgradeRequest } from "./runtime-connection.ts";
import { asksForTunnel, serveTunnel } from "./tunnel.ts";

const flag = (query: URLSearchParams, ...names: string[]): boolean =>
  names.some((name) => ["1", "true"].includes(query.get(name) ?? ""));

/** Kubelet's names are input/output/error; those of the pods API are stdin/stdout/stderr. */
function streamsOf(query: URLSearchParams): StreamOptions {
  const options = {
    stdin: flag(query, "input", "stdin"),
    stdout: flag(query, "output", "stdout"),
    stderr: flag(query, "error", "stderr"),
    tty: flag(query, "tty"),
  };
  if (options.tty && options.stderr) options.stderr = false;
  if (!options.stdin && !options.stdout && !options.stderr)
    throw new RouteError(400, "you must specify at least 1 of stdin, stdout, stderr");
  return options;
}

/** The ports that a WebSocket caller asks for: a pair of channels each, data and errors. Texts: cri-streaming, portforward NewV4Options. */
function portsOf(query: URLSearchParams): number[] {
  const asked = query.getAll("port");
  if (asked.length === 0) throw new RouteError(400, 'query parameter "port" is required');
  return asked.flatMap((text) => {
    if (text === "") throw new RouteError(400, 'query parameter "port" cannot be empty');
    return text.split(",").map((each) => {
      const port = /^\d+$/.test(each) ? Number(each) : Number.NaN;
      if (port >= 1 && port <= 65535) return port;
      if (port === 0) throw new RouteError(400, `port ${JSON.stringify(text)} must be > 0`);
      const why = Number.isNaN(port) ? "invalid syntax" : "value out of range";
      const failure = `strconv.ParseUint: parsing ${JSON.stringify(each)}: ${why}`;
      throw new RouteError(400, `unable to parse ${JSON.stringify(text)} as a port: ${failure}`);
    });
  });
}

/** Rejects with RouteError before anything is written. */
export async function serveUpgrade(kubelet: Kubelet, upgrade: UpgradeRequest, log: Logger): Promise<void> {
  const [first = "", ...parts] = upgrade.path.split("/").slice(1);
  const websocket = upgrade.request.headers.upgrade?.toLowerCase() === "websocket";
  const { runtime } = kubelet.context;
  if (first === "portForward") {
    const tunnelled = websocket && asksForTunnel(upgrade);
    const ports = websocket && !tunnelled ? portsOf(upgrade.query) : [];
    const pod = findPod(kubelet, parts[0], parts[1], parts[2]);
    const sandbox = (await runtime.listPodSandboxes({ podUid: pod.metadata.uid, state: "ready" }))[0];
    if (sandbox === undefined) throw new RouteError(404, `sandbox of pod ${JSON.stringify(parts[1] ?? "")} not found`);
    const url = await runtime.portForward(sandbox.id, ports);
    return tunnelled ? serveTunnel(upgrade, url, log) : joinRaw(upgrade, url);
  }
  if (first !== "exec" && first !== "attach") throw new RouteError(404, "404 page not found");
  const containerId = runningContainer(kubelet, parts);
  const streams = streamsOf(upgrade.query);
  const url =
    first === "exec"
      ? await runtime.exec({ containerId, command: upgrade.query.getAll("command"), ...streams })
      : await runtime.attach({ containerId, ...streams });
  return websocket ? serveRemoteCommand(upgrade, { url, streams }, log) : joinRaw(upgrade, url);
}

/** The runtime's answer to the upgrade goes back as it is, then both sides are joined. */
async function joinRaw({ request, socket, head }: UpgradeRequest, url: string): Promise<void> {
  const peer = await dialRuntime(url, headersOf(request));
  socket.write(peer.answer);
  if (peer.head.length > 0) socket.write(peer.head);
  if (head.length > 0) peer.socket.write(head);
  socket.pipe(peer.socket);
  peer.socket.pipe(socket);
  socket.on("error", () => peer.socket.destroy());
  socket.on("close", () => peer.socket.destroy());
  peer.socket.on("error", () => socket.destroy());
  // What the runtime said last still reaches the caller.
  peer.socket.on("close", () => socket.end(() => socket.destroy()));
}

/** Everything but who asked and how to reach us. */
function headersOf(request: IncomingMessage): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(request.headers))
    if (value !== undefined && !["host", "authorization"].includes(name)) headers[name] = value;
  return headers;
}
