// What a listener is told: whom it asks, and the bounds it keeps.
import type { Duplex } from "node:stream";
import type { Clock, Logger, Rng } from "../../base/index.ts";
import type { ApiRequest, ApiResponse, Handle, Identity } from "../../machinery/index.ts";

/** Takes over an HTTP/1.1 connection that asked for an upgrade, or refuses it with an ordinary answer. */
export type UpgradeHandler = (request: ApiRequest, identity: Identity) => Promise<ApiResponse | UpgradedConnection>;

export interface UpgradedConnection {
  /** Owns the socket from here on; `head` are the bytes that came behind the request. */
  takeOver(socket: Duplex, head: Uint8Array): void;
}

export interface ListenOptions {
  readonly handle: Handle;
  readonly upgrade?: UpgradeHandler;
  readonly clock: Clock;
  readonly log: Logger;
  readonly bindAddress?: string;
  /** 0: any free port. */
  readonly port: number;
  readonly maxBodyBytes?: number;
  /** A request whose body has not arrived by then is answered 504; a minute when not given. */
  readonly bodyTimeoutMs?: number;
  /** Exchanges that one HTTP/2 connection may have open at a time. */
  readonly maxStreams?: number;
  /** Beyond this much of long answers that wait for their clients, those go that have taken nothing for some seconds. */
  readonly mostHeldBytes?: number;
  readonly stallMs?: number;
  /** After so many of all answers over HTTP/2 the connection ends; never when not given. */
  readonly goAway?: { readonly chance: number; readonly rng: Rng };
  readonly pingMs?: number;
}

export interface PlainListenOptions extends Omit<ListenOptions, "port"> {
  readonly port?: number;
  /** Path of a unix socket, instead of a port. */
  readonly socketPath?: string;
}
