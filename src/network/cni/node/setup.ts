// Makes the node's pod network ready: the configuration that the container runtime reads, forwarding, masquerading.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runNft, withSystemPath } from "../../node/nft.ts";
import { type CniPlan, cniConfigList } from "../plan.ts";
import { podRules, removePodRules } from "../rules.ts";

export interface PodNetworkOptions extends CniPlan {
  readonly clusterCidr: string;
  /** The runtime's CNI configuration directory. */
  readonly configDirectory: string;
}

export interface PodNetwork {
  /**
   * Whether packets between pods of one bridge pass the node's rules. Where the kernel cannot do that (no br_netfilter), the
   * service proxy must masquerade, or answers would come from an address that the client never asked.
   */
  readonly bridgeFiltered: boolean;
}

/** Idempotent. The runtime notices the new file by itself. */
export async function setUpPodNetwork(options: PodNetworkOptions): Promise<PodNetwork> {
  mkdirSync(options.stateDirectory, { recursive: true });
  mkdirSync(options.configDirectory, { recursive: true });
  const file = join(options.configDirectory, "10-t8s.conflist");
  writeFileSync(`${file}.next`, cniConfigList(options));
  renameSync(`${file}.next`, file);
  enable("net/ipv4/ip_forward");
  await runNft(podRules(options));
  return { bridgeFiltered: filterBridges() };
}

const bridgeSwitch = "net/bridge/bridge-nf-call-iptables";

function filterBridges(): boolean {
  if (!existsSync(`/proc/sys/${bridgeSwitch}`))
    spawnSync("modprobe", ["br_netfilter"], { stdio: "ignore", env: withSystemPath() });
  if (!existsSync(`/proc/sys/${bridgeSwitch}`)) return false;
  enable(bridgeSwitch);
  return true;
}

/** A kernel switch that containers cannot do without; left alone when it is on already. */
function enable(name: string): void {
  const path = `/proc/sys/${name}`;
  if (readFileSync(path, "utf8").trim() !== "1") writeFileSync(path, "1");
}

export const removePodNetworkRules = (cluster: string): Promise<void> => runNft(removePodRules(cluster));
