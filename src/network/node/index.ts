import { removePodNetworkRules } from "../cni/node/setup.ts";
import { removeHostPorts } from "../hostports/node/backend.ts";
import { removeProxy } from "../proxy/node/nft-backend.ts";

export * from "../cni/node/setup.ts";
export { upstreamsOf } from "../dns/node/forward.ts";
export * from "../dns/node/server.ts";
export * from "../hostports/node/backend.ts";
export * from "../proxy/node/nft-backend.ts";
export { type ConntrackLimits, defaultConntrackLimits, setConntrackLimits } from "./conntrack-limits.ts";

/** Removes every rule that a cluster has on this machine. Idempotent. */
export async function removeRules({ cluster }: { readonly cluster: string }): Promise<void> {
  await removeProxy(cluster);
  await removeHostPorts(cluster);
  await removePodNetworkRules(cluster);
}
