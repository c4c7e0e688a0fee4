// Host ports in the kernel: one nft transaction a change, conntrack for UDP flows that remember old rules.
import type { Logger } from "../../../base/index.ts";
import { endFlow } from "../../node/conntrack.ts";
import { runNft } from "../../node/nft.ts";
import type { HostPortBackend } from "../hostports.ts";
import { hostPortRules, removeHostPortRules } from "../rules.ts";

export interface NftHostPortsOptions {
  readonly cluster: string;
  /** Pods' range whose connections are masqueraded, where the bridge's packets pass no rules. */
  readonly masqueradeFrom?: string;
  readonly log: Logger;
  /** Runs a transaction; nft itself when not given. */
  readonly runRules?: (transaction: string) => Promise<void>;
}

export function createNftHostPorts(options: NftHostPortsOptions): HostPortBackend {
  const { cluster, masqueradeFrom, log } = options;
  const run = options.runRules ?? runNft;
  return {
    apply: (family, ports) =>
      run(hostPortRules({ cluster, family, ports, ...(masqueradeFrom === undefined ? {} : { masqueradeFrom }) })),
    async endFlows(flows) {
      for (const flow of flows) await endFlow(flow, log);
    },
  };
}

export const removeHostPorts = (cluster: string): Promise<void> => runNft(removeHostPortRules(cluster));
