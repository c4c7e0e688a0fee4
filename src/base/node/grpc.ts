// gRPC calls to a Unix socket. Connects when first needed and again after a break. Heavy packages are loaded when a channel is opened.
import type * as grpc from "@grpc/grpc-js";
import { onAbort } from "../abort.ts";
import type { Clock } from "../clock.ts";
import type { GrpcMessage, GrpcMethod } from "./grpc-methods.ts";

/** `code`: the status by its name, `NOT_FOUND`; the message is the details of the status. */
export class GrpcError extends Error {
  override readonly name = "GrpcError";
  readonly code: string;

  constructor(code: string, details: string) {
    super(details);
    this.code = code;
  }
}

export interface GrpcChannel {
  /** `timeoutMs` undefined: no deadline. Rejects with GrpcError. */
  call(method: GrpcMethod, request: GrpcMessage, timeoutMs: number | undefined): Promise<GrpcMessage>;
  /** Ends without an error when the signal aborts; throws GrpcError. */
  stream(method: GrpcMethod, request: GrpcMessage, signal: AbortSignal): AsyncIterable<GrpcMessage>;
  close(): void;
}

const largestMessage = 16 * 1024 * 1024;

/** `socket`: a path, or a URL (unix:///run/containerd/containerd.sock, unix-abstract:NAME). Calls with a deadline wait for the socket. */
export async function openGrpcChannel(options: {
  readonly socket: string;
  readonly clock: Clock;
}): Promise<GrpcChannel> {
  const grpcModule = await import("@grpc/grpc-js");
  const address = /^[a-z-]+:/.test(options.socket) ? options.socket : `unix://${options.socket}`;
  const client = new grpcModule.Client(address, grpcModule.credentials.createInsecure(), {
    "grpc.max_receive_message_length": largestMessage,
    "grpc.max_send_message_length": largestMessage,
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.max_reconnect_backoff_ms": 3000,
    "grpc.service_config_disable_resolution": 1,
    "grpc.default_authority": "localhost",
  });
  const parts: Parts = { grpcModule, client, clock: options.clock };
  return {
    call: (method, request, timeoutMs) => unary(parts, { method, request, timeoutMs }),
    stream: (method, request, signal) => serverStream(parts, { method, request, signal }),
    close: () => client.close(),
  };
}

interface Parts {
  readonly grpcModule: typeof grpc;
  readonly client: grpc.Client;
  readonly clock: Clock;
}

interface Call {
  readonly method: GrpcMethod;
  readonly request: GrpcMessage;
}

const asBuffer = ({ encode }: GrpcMethod) => {
  return (message: GrpcMessage): Buffer => Buffer.from(encode(message));
};

function unary(parts: Parts, call: Call & { readonly timeoutMs: number | undefined }): Promise<GrpcMessage> {
  const { method, request, timeoutMs } = call;
  return new Promise((resolve, reject) => {
    const options = timeoutMs === undefined ? {} : { deadline: parts.clock.now() + timeoutMs };
    parts.client.makeUnaryRequest(
      method.path,
      asBuffer(method),
      method.decode,
      request,
      new parts.grpcModule.Metadata({ waitForReady: timeoutMs !== undefined }),
      options,
      (error, value) => {
        if (error) reject(asGrpcError(parts.grpcModule, error));
        else resolve(value ?? {});
      },
    );
  });
}

async function* serverStream(
  parts: Parts,
  { method, request, signal }: Call & { readonly signal: AbortSignal },
): AsyncGenerator<GrpcMessage> {
  const call = parts.client.makeServerStreamRequest(method.path, asBuffer(method), method.decode, request);
  const detach = onAbort(signal, () => call.cancel());
  try {
    for await (const value of call as AsyncIterable<GrpcMessage>) yield value;
  } catch (error) {
    if (!signal.aborted) throw asGrpcError(parts.grpcModule, error as grpc.ServiceError);
  } finally {
    detach();
    call.cancel();
  }
}

const asGrpcError = (grpcModule: typeof grpc, error: grpc.ServiceError): GrpcError =>
  new GrpcError(grpcModule.status[error.code] ?? "UNKNOWN", error.details || error.message);
