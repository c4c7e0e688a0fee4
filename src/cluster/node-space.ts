// The place of a node beside the first on this machine: a network namespace of its own, joined by a veth pair to a bridge in the
// namespace of the cluster, and a host name of its own. Files and processes are the machine's. Linux, with root.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import type { ClusterConfig } from "./config.ts";
import { findProgram } from "./machine.ts";

/** What follows from a node's number, which counts from 2. */
export interface FurtherNode {
  readonly number: number;
  /** Of the Node object, and the host name. */
  readonly name: string;
  readonly address: string;
  /** Name and path of the network namespace. */
  readonly namespace: string;
  readonly namespacePath: string;
  /** The end of the pair in the cluster's namespace. */
  readonly link: string;
  readonly cgroupRoot: string;
}

/** The network between the nodes of one machine: a range for each cluster, so that clusters do not meet. */
export interface NodeNetwork {
  readonly bridge: string;
  readonly cidr: string;
  /** The machine's address on the bridge. */
  readonly gateway: string;
}

/** Most nodes of one cluster: their addresses are one /24. */
export const mostRealNodes = 200;

export const nodeNetwork = ({ index, bridge }: Pick<ClusterConfig, "index" | "bridge">): NodeNetwork => ({
  bridge: `${bridge}n`,
  cidr: `10.243.${index}.0/24`,
  gateway: `10.243.${index}.1`,
});

const namespaces = "/run/netns";
const namespacePrefix = (config: Pick<ClusterConfig, "name">): string => `t8s-${config.name}-`;

export function furtherNode(config: ClusterConfig, number: number): FurtherNode {
  const namespace = `${namespacePrefix(config)}${number}`;
  return {
    number,
    name: `${config.nodeName}-${number}`,
    address: `10.243.${config.index}.${number}`,
    namespace,
    namespacePath: `${namespaces}/${namespace}`,
    link: `${nodeNetwork(config).bridge}${number}`,
    cgroupRoot: `${config.cgroupRoot}/node-${number}`,
  };
}

/** Words before a command that run it as a process of the node, under the same process id. */
export const inNode = (node: Pick<FurtherNode, "name" | "namespacePath">): string[] => [
  findProgram("nsenter") ?? "nsenter",
  `--net=${node.namespacePath}`,
  findProgram("unshare") ?? "unshare",
  "--uts",
  "--",
  "/bin/sh",
  "-c",
  'echo "$0" >/proc/sys/kernel/hostname && exec "$@"',
  node.name,
];

/** Makes the bridge between the nodes, unless it is there: once, before their places. */
export async function makeNodeNetwork(config: ClusterConfig): Promise<void> {
  const { bridge, gateway, cidr } = nodeNetwork(config);
  if (!hasLink(bridge)) await ip([`link add name ${bridge} type bridge`]);
  await ip([`address replace ${gateway}/${cidr.split("/")[1]} dev ${bridge}`, `link set dev ${bridge} up`]);
}

/** Makes what is missing of a node's namespace, its link and its route. Idempotent. */
export async function makeNodeSpace(config: ClusterConfig, node: FurtherNode): Promise<void> {
  const { bridge, gateway, cidr } = nodeNetwork(config);
  if (!existsSync(node.namespacePath)) await ip([`netns add ${node.namespace}`]);
  // A pair whose other end went with its namespace has gone too.
  if (!hasLink(node.link)) await ip([`link add name ${node.link} type veth peer name eth0 netns ${node.namespace}`]);
  // Hairpin: what a node sends to a service may come back to it by the port it came from, where bridges are filtered.
  await ip([`link set dev ${node.link} master ${bridge} up`, `link set dev ${node.link} type bridge_slave hairpin on`]);
  await ip(
    [
      "link set dev lo up",
      `address replace ${node.address}/${cidr.split("/")[1]} dev eth0`,
      "link set dev eth0 up",
      `route replace default via ${gateway}`,
    ],
    node.namespace,
  );
}

/** Leads a range of pod addresses to the node that has it. */
export const routePods = (node: FurtherNode, podCidr: string): Promise<void> =>
  ip([`route replace ${podCidr} via ${node.address}`]);

export const unroutePods = (podCidr: string): Promise<void> => ip([`route flush exact ${podCidr}`]);

/** Ends one node's place. Its processes must have ended before: they hold the namespace. Idempotent. */
export async function removeNodeSpace(node: Pick<FurtherNode, "link" | "namespace" | "namespacePath">): Promise<void> {
  // By itself the pair would end some time after the namespace.
  if (hasLink(node.link)) await ip([`link delete ${node.link}`]);
  if (existsSync(node.namespacePath)) await ip([`netns delete ${node.namespace}`]);
}

/** Numbers of the nodes whose places are there. */
function nodeSpaces(config: ClusterConfig): number[] {
  if (!existsSync(namespaces)) return [];
  const prefix = namespacePrefix(config);
  return readdirSync(namespaces)
    .filter((name) => name.startsWith(prefix) && /^\d+$/.test(name.slice(prefix.length)))
    .map((name) => Number(name.slice(prefix.length)));
}

export const hasNodeSpaces = (config: ClusterConfig): boolean =>
  nodeSpaces(config).length > 0 || hasLink(nodeNetwork(config).bridge);

/** Ends every node's place, and the bridge between them. */
export async function removeNodeSpaces(config: ClusterConfig): Promise<void> {
  for (const number of nodeSpaces(config)) await removeNodeSpace(furtherNode(config, number));
  const { bridge } = nodeNetwork(config);
  if (hasLink(bridge)) await ip([`link delete ${bridge}`]);
}

/** Not from /sys, which may show the links of another namespace. */
const hasLink = (name: string): boolean =>
  readFileSync("/proc/net/dev", "utf8")
    .split("\n")
    .some((line) => line.trim().startsWith(`${name}:`));

/** Commands of iproute2, in a network namespace when one is named. */
async function ip(commands: readonly string[], namespace?: string): Promise<void> {
  const words = [...(namespace === undefined ? [] : ["-netns", namespace]), "-batch", "-"];
  const child = spawn(findProgram("ip") ?? "ip", words, { stdio: ["pipe", "ignore", "pipe"] });
  let errors = "";
  child.stderr.on("data", (chunk) => {
    errors += chunk;
  });
  // ip may end before it read everything; its exit status tells.
  child.stdin.on("error", () => {});
  child.stdin.end(`${commands.join("\n")}\n`);
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new Error(`the nodes' network cannot be set up (ip ${commands[0]} …): ${errors.trim()}`);
}
