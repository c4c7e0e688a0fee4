// gRPC calls to a CRI socket. Connects when first needed and again after a break; errors become RuntimeError with the status' name.
import type * as grpc from "@grpc/grpc-js";
import { type Clock, onAbort } from "../../base/index.ts";
import { RuntimeError } from "../contract.ts";
import type { Message } from "./message.ts";
import { loadMethods, type Methods } from "./proto.ts";

export interface Channel {
  /** `timeoutMs` undefined: no deadline. */
  call(method: string, request: Message, timeoutMs: number | undefined): Promise<Message>;
  stream(method: string, request: Message, signal: AbortSignal): AsyncIterable<Message>;
  close(): void;
}

const largestMessage = 16 * 1024 * 1024;

/** `socket`: a path, or a URL as crictl takes it (unix:///run/containerd/containerd.sock). */
export async function openChannel(options: { readonly socket: string; readonly clock: Clock }): Promise<Channel> {
  const [grpcModule, methods] = await Promise.all([import("@grpc/grpc-js"), loadMethods()]);
  const address = options.socket.includes("://") ? options.socket : `unix://${options.socket}`;
  const client = new grpcModule.Client(address, grpcModule.credentials.createInsecure(), {
    "grpc.max_receive_message_length": largestMessage,
    "grpc.max_send_message_length": largestMessage,
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.max_reconnect_backoff_ms": 3000,
    "grpc.service_config_disable_resolution": 1,
    "grpc.default_authority": "localhost",
  });
  return {
    call: (name, request, timeoutMs) =>
      unary({ grpcModule, methods, client, clock: options.clock }, { name, request, timeoutMs }),
    stream: (name, request, signal) =>
      serverStream({ grpcModule, methods, client, clock: options.clock }, { name, request, signal }),
    close: () => client.close(),
  };
}

interface Parts {
  readonly grpcModule: typeof grpc;
  readonly methods: Methods;
  readonly client: grpc.Client;
  readonly clock: Clock;
}

function method(
  methods: Methods,
  name: string,
): { path: string; encode: (value: Message) => Buffer; decode: (bytes: Buffer) => Message } {
  const found = methods.get(name);
  if (found === undefined) throw new RuntimeError("UNIMPLEMENTED", `the CRI has no call ${name}`);
  return { path: found.path, encode: (value) => Buffer.from(found.encode(value)), decode: found.decode };
}

function unary(
  parts: Parts,
  { name, request, timeoutMs }: { name: string; request: Message; timeoutMs: number | undefined },
): Promise<Message> {
  const { path, encode, decode } = method(parts.methods, name);
  return new Promise((resolve, reject) => {
    const options = timeoutMs === undefined ? {} : { deadline: parts.clock.now() + timeoutMs };
    parts.client.makeUnaryRequest(
      path,
      encode,
      decode,
      request,
      new parts.grpcModule.Metadata({ waitForReady: timeoutMs !== undefined }),
      options,
      (error, value) => {
        if (error) reject(asRuntimeError(parts.grpcModule, error));
        else resolve(value ?? {});
      },
    );
  });
}

async function* serverStream(
  parts: Parts,
  { name, request, signal }: { name: string; request: Message; signal: AbortSignal },
): AsyncGenerator<Message> {
  const { path, encode, decode } = method(parts.methods, name);
  const call = parts.client.makeServerStreamRequest(path, encode, decode, request);
  const detach = onAbort(signal, () => call.cancel());
  try {
    for await (const value of call as AsyncIterable<Message>) yield value;
  } catch (error) {
    if (!signal.aborted) throw asRuntimeError(parts.grpcModule, error as grpc.ServiceError);
  } finally {
    detach();
    call.cancel();
  }
}

function asRuntimeError(grpcModule: typeof grpc, error: grpc.ServiceError): RuntimeError {
  const name = grpcModule.status[error.code] ?? "UNKNOWN";
  return new RuntimeError(name, error.details || error.message);
}
