// An API server on a TLS port: the part that `t8s apiserver`, `t8s up` and the library share.
import type { Clock, Logger } from "../../base/index.ts";
import {
  type Listener,
  type ListenOptions,
  type NodeStreaming,
  serveHttps,
  type TlsMaterial,
} from "../../server/node/index.ts";
import { portError } from "../health.ts";
import type { ControlPlane } from "./control-plane.ts";

export interface ServeApiOptions {
  readonly plane: ControlPlane;
  readonly streaming: NodeStreaming;
  readonly tls: TlsMaterial;
  readonly bindAddress: string;
  readonly port: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly limits?: Pick<ListenOptions, "bodyTimeoutMs" | "maxStreams" | "goAway">;
}

/** Rejects with words about the port when it cannot be opened. */
export function serveApi(options: ServeApiOptions): Promise<Listener> {
  const { plane, streaming, tls, bindAddress, port, clock, log } = options;
  return serveHttps({
    ...tls,
    ...options.limits,
    handle: plane.handle,
    upgrade: streaming.upgrade(plane),
    bindAddress,
    port,
    clock,
    log,
  }).catch((error: NodeJS.ErrnoException) => {
    throw new Error(portError(error, `${bindAddress}:${port}`), { cause: error });
  });
}
