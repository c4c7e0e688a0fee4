// gRPC calls to a CRI socket by their names; errors become RuntimeError with the status' name.
import type { Clock } from "../../base/index.ts";
import { GrpcError, type GrpcMethod, openGrpcChannel } from "../../base/node/index.ts";
import { RuntimeError } from "../contract.ts";
import type { Message } from "./message.ts";
import { loadMethods } from "./proto.ts";

export interface Channel {
  /** `timeoutMs` undefined: no deadline. */
  call(method: string, request: Message, timeoutMs: number | undefined): Promise<Message>;
  stream(method: string, request: Message, signal: AbortSignal): AsyncIterable<Message>;
  close(): void;
}

/** `socket`: a path, or a URL as crictl takes it (unix:///run/containerd/containerd.sock). */
export async function openChannel(options: { readonly socket: string; readonly clock: Clock }): Promise<Channel> {
  const [channel, methods] = await Promise.all([openGrpcChannel(options), loadMethods()]);
  const method = (name: string): GrpcMethod => {
    const found = methods.get(name);
    if (found === undefined) throw new RuntimeError("UNIMPLEMENTED", `the CRI has no call ${name}`);
    return found;
  };
  return {
    async call(name, request, timeoutMs) {
      try {
        return await channel.call(method(name), request, timeoutMs);
      } catch (error) {
        throw asRuntimeError(error);
      }
    },
    async *stream(name, request, signal) {
      try {
        yield* channel.stream(method(name), request, signal);
      } catch (error) {
        throw asRuntimeError(error);
      }
    },
    close: () => channel.close(),
  };
}

const asRuntimeError = (error: unknown): unknown =>
  error instanceof GrpcError ? new RuntimeError(error.code, error.message) : error;
