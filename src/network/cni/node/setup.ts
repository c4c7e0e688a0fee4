// Makes the node's pod network ready: the configuration that the container runtime reads, forwarding, masquerading.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runNft, withSystemPath } from "../../node/nft.ts";
import { type BridgePlan, bridgeCommands, type CniPlan, cniConfigList } from "../plan.ts";
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
  await createBridge(options);
  mkdirSync(options.stateDirectory, { recursive: true });
  mkdirSync(options.configDirectory, { recursive: true });
  const file = join(options.configDirectory, "10-t8s.conflist");
  writeFileSync(`${file}.next`, cniConfigList(options));
  renameSync(`${file}.next`, file);
  enable("net/ipv4/ip_forward");
  // The rules first: they keep out what the switch alone would let in.
  await runNft(podRules(options));
  enable(`net/ipv4/conf/${options.bridge}/route_localnet`);
  return { bridgeFiltered: filterBridges() };
}

/**
 * The bridge as the CNI plugin would make it for the first pod, which then finds it. Made by the node itself because the
 * gateway's address is the node's own on a machine without any network, and localhost ports need a switch of this bridge.
 * Idempotent; resolves with the gateway's address.
 */
export async function createBridge(plan: Omit<BridgePlan, "exists">): Promise<string> {
  const { gateway, commands } = bridgeCommands({ ...plan, exists: hasInterface(plan.bridge) });
  const child = spawn("ip", ["-batch", "-"], { stdio: ["pipe", "ignore", "pipe"], env: withSystemPath() });
  let errors = "";
  child.stderr.on("data", (chunk) => {
    errors += chunk;
  });
  // ip may end before it read everything; its exit status tells.
  child.stdin.on("error", () => {});
  child.stdin.end(commands);
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new Error(`the pods' bridge ${plan.bridge} cannot be made: ${errors.trim()}`);
  return gateway;
}

/** Not from /sys, which may show the interfaces of another network namespace. */
const hasInterface = (name: string): boolean =>
  readFileSync("/proc/net/dev", "utf8")
    .split("\n")
    .some((line) => line.trim().startsWith(`${name}:`));

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
