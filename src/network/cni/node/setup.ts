// Makes the node's pod network ready: the configuration that the container runtime reads, forwarding, masquerading.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runNft } from "../../node/nft.ts";
import { type CniPlan, cniConfigList } from "../plan.ts";
import { podRules, removePodRules } from "../rules.ts";

export interface PodNetworkOptions extends CniPlan {
  readonly clusterCidr: string;
  /** The runtime's CNI configuration directory. */
  readonly configDirectory: string;
}

/** Idempotent. The runtime notices the new file by itself. */
export async function setUpPodNetwork(options: PodNetworkOptions): Promise<void> {
  mkdirSync(options.stateDirectory, { recursive: true });
  mkdirSync(options.configDirectory, { recursive: true });
  const file = join(options.configDirectory, "10-t8s.conflist");
  writeFileSync(`${file}.next`, cniConfigList(options));
  renameSync(`${file}.next`, file);
  enable("net/ipv4/ip_forward");
  await runNft(podRules(options));
}

/** A kernel switch that containers cannot do without; left alone when it is on already. */
function enable(name: string): void {
  const path = `/proc/sys/${name}`;
  if (readFileSync(path, "utf8").trim() !== "1") writeFileSync(path, "1");
}

export const removePodNetworkRules = (cluster: string): Promise<void> => runNft(removePodRules(cluster));
