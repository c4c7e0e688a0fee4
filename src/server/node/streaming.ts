// The API server's way to kubelets, pods and nodes, as composition roots hold it.

import type { Logger, Rng } from "../../base/index.ts";
import type { ConnectHandler } from "../streaming/connect.ts";
import { connectHandler } from "../streaming/handler.ts";
import type { LocationOptions } from "../streaming/location.ts";
import type { UpgradeHandler } from "./listen.ts";
import { type KubeletTls, nodeConnections } from "./outbound/dialer.ts";
import { addressesOf } from "./outbound/lookup.ts";
import { type UpgradeServer, upgradeHandler } from "./upgrade.ts";

export interface NodeStreamingOptions extends KubeletTls, Omit<LocationOptions, "rng" | "lookup"> {
  readonly rng: Rng;
  readonly log: Logger;
}

export interface NodeStreaming {
  /** For ApiServerOptions.connect: logs and proxying. */
  readonly connect: ConnectHandler;
  /** For the listener: exec, attach, port-forward and upgrades through proxies. */
  upgrade(server: UpgradeServer): UpgradeHandler;
  close(): void;
}

export function createNodeStreaming(options: NodeStreamingOptions): NodeStreaming {
  const connections = nodeConnections(options);
  return {
    connect: connectHandler({ ...options, lookup: addressesOf, dialer: connections }),
    upgrade: (server) => upgradeHandler(server, { ...options, lookup: addressesOf, connections }),
    close: () => connections.close(),
  };
}
