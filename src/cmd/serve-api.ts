// An API server on a TLS port: the part that `t8s apiserver`, `t8s up` and the library share.
import type { Clock, Logger } from "../base/index.ts";
import { type Listener, serveHttps, type TlsMaterial, upgradeHandler } from "../server/node/index.ts";
import type { ControlPlane } from "./control-plane.ts";

export interface ServeApiOptions {
  readonly plane: ControlPlane;
  readonly tls: TlsMaterial;
  readonly bindAddress: string;
  readonly port: number;
  readonly clock: Clock;
  readonly log: Logger;
}

export function serveApi({ plane, tls, bindAddress, port, clock, log }: ServeApiOptions): Promise<Listener> {
  return serveHttps({
    ...tls,
    handle: plane.handle,
    upgrade: upgradeHandler(plane),
    bindAddress,
    port,
    clock,
    log,
  });
}
