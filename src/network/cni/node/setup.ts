// Makes a node's pod network ready: the configuration that the container runtime reads, forwarding, masquerading.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runNft, runWithInput, withSystemPath } from "../../node/nft.ts";
import { type BridgePlan, bridgeCommands, type CniPlan, cniConfigList } from "../plan.ts";
import { type PodRules, podRules, removePodRules } from "../rules.ts";

export interface PodNetworkOptions extends CniPlan, Pick<PodRules, "nodes"> {
  readonly clusterCidr: string;
  /** The runtime's CNI configuration directory. */
  readonly configDirectory: string;
  /** Path of the node's network namespace; this process's own when not given. */
  readonly namespacePath?: string;
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
  const { namespacePath } = options;
  await createBridge(options);
  await enable(["net/ipv4/ip_forward"], namespacePath);
  // The rules first: they keep out what the switch alone would let in.
  await runNft(podRules(options), namespacePath);
  const bridgeFiltered = canFilterBridges();
  await enable(
    [`net/ipv4/conf/${options.bridge}/route_localnet`, ...(bridgeFiltered ? [bridgeSwitch] : [])],
    namespacePath,
  );
  // Last: with this file the runtime takes pods.
  mkdirSync(options.stateDirectory, { recursive: true });
  mkdirSync(options.configDirectory, { recursive: true });
  const file = join(options.configDirectory, "10-t8s.conflist");
  writeFileSync(`${file}.next`, cniConfigList(options));
  renameSync(`${file}.next`, file);
  return { bridgeFiltered };
}

/**
 * The bridge as the CNI plugin would make it for the first pod, which then finds it. Made by the node itself because the
 * gateway's address is the node's own on a machine without any network, and localhost ports need a switch of this bridge.
 * Idempotent; resolves with the gateway's address.
 */
export async function createBridge(
  plan: Omit<BridgePlan, "exists"> & { readonly namespacePath?: string },
): Promise<string> {
  const { namespacePath } = plan;
  const exists = hasInterface(plan.bridge, await interfacesOf(namespacePath));
  const { gateway, commands } = bridgeCommands({ ...plan, exists });
  const { code, errors } = await runWithInput(["ip", "-batch", "-"], { input: commands, namespacePath });
  if (code !== 0) throw new Error(`the pods' bridge ${plan.bridge} cannot be made: ${errors.trim()}`);
  return gateway;
}

const interfaceTable = "/proc/net/dev";

/** Not from /sys, which may show the interfaces of another network namespace. */
async function interfacesOf(namespacePath: string | undefined): Promise<string> {
  if (namespacePath === undefined) return readFileSync(interfaceTable, "utf8");
  const { code, errors, output } = await runWithInput(["cat", interfaceTable], { input: "", namespacePath });
  if (code !== 0) throw new Error(`the network namespace ${namespacePath} cannot be entered: ${errors.trim()}`);
  return output;
}

const hasInterface = (name: string, table: string): boolean =>
  table.split("\n").some((line) => line.trim().startsWith(`${name}:`));

const bridgeSwitch = "net/bridge/bridge-nf-call-iptables";

function canFilterBridges(): boolean {
  if (!existsSync(`/proc/sys/${bridgeSwitch}`))
    spawnSync("modprobe", ["br_netfilter"], { stdio: "ignore", env: withSystemPath() });
  return existsSync(`/proc/sys/${bridgeSwitch}`);
}

/** Kernel switches that containers cannot do without; left alone when they are on already. */
async function enable(names: readonly string[], namespacePath: string | undefined): Promise<void> {
  const paths = names.map((name) => `/proc/sys/${name}`);
  if (namespacePath === undefined) {
    for (const path of paths) if (readFileSync(path, "utf8").trim() !== "1") writeFileSync(path, "1");
    return;
  }
  // /proc/sys shows the switches of the reader's namespace.
  const script = 'for path; do [ "$(cat "$path")" = 1 ] || echo 1 >"$path" || exit 1; done';
  const { code, errors } = await runWithInput(["sh", "-c", script, "sh", ...paths], { input: "", namespacePath });
  if (code !== 0) throw new Error(`a switch of the kernel cannot be set in ${namespacePath}: ${errors.trim()}`);
}

export const removePodNetworkRules = (cluster: string): Promise<void> => runNft(removePodRules(cluster));
