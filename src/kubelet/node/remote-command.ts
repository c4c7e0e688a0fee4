// exec and attach for WebSocket callers: channels of [v4.|v5.][base64.]channel.k8s.io to the SPDY streams of the runtime. The first byte of a
// message is its channel; in v5 channel 255 closes another one (the end of stdin). With base64 messages are text: a digit, then the bytes.
// Before v4 the error channel has the plain text of a failure, and nothing at all otherwise. Upstream: apimachinery remotecommand, httpstream
// wsstream, kubelet cri streaming.
import type { Duplex } from "node:stream";
import type { SpdyConnection, SpdyStream } from "spdy-transport";
import type { WebSocket } from "ws";
import type { Logger } from "../../base/index.ts";
import { RouteError } from "./route.ts";
import { dialSpdy, type StreamOptions, type UpgradeRequest } from "./runtime-connection.ts";
import { acceptWebSocket, bytesOf, offeredProtocol } from "./websocket.ts";

const protocols = [
  "v5.channel.k8s.io",
  "v4.channel.k8s.io",
  "v4.base64.channel.k8s.io",
  "channel.k8s.io",
  "base64.channel.k8s.io",
];
const channels = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 } as const;
type StreamType = "error" | "stdin" | "stdout" | "stderr" | "resize";

export async function serveRemoteCommand(
  upgrade: UpgradeRequest,
  target: { readonly url: string; readonly streams: StreamOptions },
  log: Logger,
): Promise<void> {
  const offered = upgrade.request.headers["sec-websocket-protocol"];
  const protocol = offered === undefined ? "" : offeredProtocol(offered, protocols);
  if (protocol === undefined)
    throw new RouteError(400, `unable to upgrade: none of the offered protocols is one of ${protocols.join(", ")}`);
  const [{ connectSpdy }, peer] = await Promise.all([
    import("./spdy/wire.ts"),
    dialSpdy(target.url, { "x-stream-protocol-version": "v4.channel.k8s.io" }),
  ]);
  const connection = connectSpdy(peer.socket, peer.head);
  connection.on("error", (error) => log.debug("a remote command's connection to the runtime broke", { error }));
  connection.start(3.1);
  const caller = codedCaller(await acceptWebSocket(upgrade, protocol), protocol);
  // The runtime waits until it has all streams, the error stream among them.
  const { stdin, stdout, stderr, tty } = target.streams;
  const wanted: StreamType[] = [
    "error",
    ...(stdin ? (["stdin"] as const) : []),
    ...(stdout ? (["stdout"] as const) : []),
    ...(stderr ? (["stderr"] as const) : []),
    ...(tty ? (["resize"] as const) : []),
  ];
  const streams = new Map<StreamType, SpdyStream>();
  // Who speaks to a kubelet itself learns by an empty message that the connection stands.
  if (protocol !== protocols[0])
    caller.send(stdout ? channels.stdout : stderr ? channels.stderr : channels.error, Buffer.alloc(0), () => {});
  const ends: Promise<void>[] = [];
  for (const type of wanted) {
    const { stream, opened } = open(connection, type);
    streams.set(type, stream);
    // From the start: a short command's output, its status and the end of the connection may come with the answer to the last stream.
    if (isOutput(type)) ends.push(runtimeToCaller(caller, { stream, channel: channels[type], socket: peer.socket }));
    await opened;
  }
  callerToRuntime(caller, streams);
  await Promise.all(ends);
  caller.socket.close(1000);
  peer.socket.destroy();
}

/** A caller and how its protocol writes messages. */
interface Caller {
  readonly socket: WebSocket;
  /** Of a message as it came: channel first. */
  read(message: Buffer): Buffer;
  send(channel: number, chunk: Buffer, sent: () => void): void;
}

function codedCaller(socket: WebSocket, protocol: string): Caller {
  const base64 = protocol.includes("base64");
  const plainErrors = !/^v[45]\./.test(protocol);
  const write = (channel: number, chunk: Buffer, sent: () => void): void => {
    if (base64) {
      socket.send(`${channel}${chunk.toString("base64")}`, sent);
      return;
    }
    const message = Buffer.allocUnsafe(chunk.length + 1);
    message[0] = channel;
    chunk.copy(message, 1);
    socket.send(message, sent);
  };
  return {
    socket,
    read(message) {
      if (!base64 || message.length === 0) return message;
      const channel = message[0]! - "0".charCodeAt(0);
      return Buffer.concat([Buffer.of(channel), Buffer.from(message.toString("latin1", 1), "base64")]);
    },
    send(channel, chunk, sent) {
      if (channel !== channels.error || !plainErrors || chunk.length === 0) return write(channel, chunk, sent);
      const text = failureText(chunk);
      if (text !== undefined) write(channel, Buffer.from(text), sent);
    },
  };
}

/** The message of the Status that the runtime ends with; undefined when the command succeeded. */
function failureText(chunk: Buffer): string | undefined {
  try {
    const { status, message } = JSON.parse(chunk.toString()) as { status?: string; message?: string };
    return status === "Success" ? undefined : (message ?? "");
  } catch {
    return chunk.toString(); // a runtime that writes its errors as plain text
  }
}

interface Opened {
  readonly stream: SpdyStream;
  /** When the runtime has answered, or hung up. */
  readonly opened: Promise<void>;
}

function open(connection: SpdyConnection, streamType: StreamType): Opened {
  const { promise: opened, resolve, reject } = Promise.withResolvers<void>();
  const stream = connection.request(
    { method: "POST", path: "/", host: "localhost", headers: { streamtype: streamType } },
    (error) => (error ? reject(error) : resolve()),
  );
  unlimited(stream);
  // A runtime that hangs up instead has nothing to add.
  stream.on("close", () => resolve());
  // A caller that hangs up leaves writes unfinished; both sides learn of it by their own "close".
  stream.on("error", () => {});
  // These streams are answered without a status, which the library would take for a broken protocol and reset the stream.
  stream._spdyState.needResponse = false;
  return { stream, opened };
}

/** Runtimes' SPDY servers know no windows, neither ours nor theirs: TCP alone holds a fast sender back, as with upstream's clients. */
function unlimited(stream: SpdyStream): void {
  const size = 2 ** 50;
  for (const { send, recv } of [stream._spdyState.window, stream._spdyState.sessionWindow])
    for (const side of [send, recv])
      Object.assign(side, { current: size, max: size, limit: 2 * size, lowWaterMark: 0 });
}

function callerToRuntime(coded: Caller, streams: ReadonlyMap<StreamType, SpdyStream>): void {
  const { socket: caller } = coded;
  const names: Readonly<Record<number, StreamType>> = { [channels.stdin]: "stdin", [channels.resize]: "resize" };
  caller.on("message", (data) => {
    const message = coded.read(bytesOf(data));
    const channel = message[0];
    if (channel === undefined) return;
    if (channel === channels.close) {
      const closed = names[message[1] ?? -1];
      if (closed !== undefined) streams.get(closed)?.end();
      return;
    }
    const stream = streams.get(names[channel] ?? "error");
    if (stream === undefined || names[channel] === undefined || message.length === 1) return;
    if (stream.write(message.subarray(1))) return;
    caller.pause();
    stream.once("drain", () => caller.resume());
  });
  const gone = (): void => {
    for (const stream of streams.values()) stream.destroy();
  };
  caller.on("close", gone);
  caller.on("error", gone);
  caller.resume();
}

/** The runtime's socket waits while more than this is on its way to the caller. */
const mostBufferedBytes = 1 << 20;

const isOutput = (type: StreamType): type is "stdout" | "stderr" | "error" =>
  type === "stdout" || type === "stderr" || type === "error";

interface Output {
  readonly stream: SpdyStream;
  readonly channel: number;
  /** To the runtime. */
  readonly socket: Duplex;
}

/** Hands on what comes. Resolves when the runtime has ended the stream: the error stream tells the exit code as a Status, last. */
function runtimeToCaller(coded: Caller, { stream, channel, socket }: Output): Promise<void> {
  const { socket: caller } = coded;
  const sent = (): void => {
    if (socket.isPaused() && caller.bufferedAmount < mostBufferedBytes) socket.resume();
  };
  return new Promise((resolve) => {
    stream.on("data", (chunk: Buffer) => {
      coded.send(channel, chunk, sent);
      if (caller.bufferedAmount >= mostBufferedBytes) socket.pause();
    });
    stream.on("end", resolve);
    stream.on("close", resolve);
    stream.on("error", () => resolve());
  });
}
