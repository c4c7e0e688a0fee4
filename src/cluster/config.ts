// The identity of a cluster: what is chosen once, when it is made, and stays the same over restarts.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { hostname, networkInterfaces } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { type ClusterLayout, clusterNamePattern, defaultDataDirectory } from "./layout.ts";

export interface ClusterConfig {
  readonly name: string;
  /** Number of the cluster on this machine; address ranges, bridge and default ports follow from it. */
  readonly index: number;
  readonly nodeName: string;
  readonly clusterDomain: string;
  readonly serviceCidr: string;
  readonly podCidr: string;
  /** First address of the service range: the `kubernetes` Service. */
  readonly apiServiceIp: string;
  readonly dnsIp: string;
  readonly bridge: string;
  /** Absolute path below each cgroup hierarchy. */
  readonly cgroupRoot: string;
  readonly ports: ClusterPorts;
}

export interface ClusterPorts {
  readonly api: number;
  readonly kubelet: number;
  readonly proxyHealth: number;
  readonly dns: number;
}

/** Ranges leave room for this many clusters beside each other: 10.96 to 10.111 and 10.244 to 10.255. */
const mostClusters = 12;
const defaultPorts: ClusterPorts = { api: 6443, kubelet: 10250, proxyHealth: 10256, dns: 10053 };

/** What clusters of this machine hold, wherever their data lies: a small file for each number and for each name. */
const claimsDirectory = (): string => join(defaultDataDirectory(), ".claims");

function takenIndexes(self: ClusterLayout): Set<number> {
  const taken = new Set<number>();
  if (!existsSync(claimsDirectory())) return taken;
  for (const file of readdirSync(claimsDirectory()).filter((each) => /^\d+$/.test(each))) {
    const directory = readFileSync(join(claimsDirectory(), file), "utf8");
    // A cluster that is just being made has its directory before its configuration.
    if (directory === self.directory || !existsSync(directory)) rmSync(join(claimsDirectory(), file));
    else taken.add(Number(file));
  }
  return taken;
}

function claimIndex(layout: ClusterLayout): number {
  mkdirSync(claimsDirectory(), { recursive: true });
  const taken = takenIndexes(layout);
  for (let index = 0; index < mostClusters; index++) {
    if (taken.has(index)) continue;
    try {
      writeFileSync(join(claimsDirectory(), String(index)), layout.directory, { flag: "wx" });
      return index;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error; // else somebody was faster: the next number
    }
  }
  throw new Error(`this machine holds ${mostClusters} clusters already: remove one with t8s delete --name NAME`);
}

const nameClaim = (name: string): string => join(claimsDirectory(), `name-${name}`);

/** Who holds a name; undefined when nobody does, or its data is gone. */
function holderOf(name: string): string | undefined {
  if (!existsSync(nameClaim(name))) return undefined;
  const directory = readFileSync(nameClaim(name), "utf8");
  return existsSync(directory) ? directory : undefined;
}

/**
 * Makes the cluster's directory and takes its name for it, before anything of it is on the machine: cgroups, packet rules
 * and network namespaces are called after the name, so two clusters with containers cannot share one. It is theirs until
 * they are deleted. Throws when another cluster has it.
 */
export function claimName(layout: ClusterLayout): void {
  const made = mkdirSync(layout.directory, { recursive: true, mode: 0o755 });
  mkdirSync(claimsDirectory(), { recursive: true });
  if (holderOf(layout.name) === undefined) rmSync(nameClaim(layout.name), { force: true });
  try {
    writeFileSync(nameClaim(layout.name), layout.directory, { flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    const holder = readFileSync(nameClaim(layout.name), "utf8");
    if (holder === layout.directory) return;
    if (made !== undefined) rmSync(made, { recursive: true });
    throw new Error(
      `there is a cluster ${layout.name} on this machine already, with its data in ${holder}: give this one another --name, ` +
        `or remove that one with t8s delete --name ${layout.name} --data-dir ${dirname(holder)}`,
    );
  }
}

/** Gives back what a deleted cluster held. */
export function releaseClaims(layout: ClusterLayout, config: ClusterConfig): void {
  rmSync(join(claimsDirectory(), String(config.index)), { force: true });
  const holder = holderOf(layout.name);
  if (holder === undefined || holder === layout.directory) rmSync(nameClaim(layout.name), { force: true });
}

/** Names of the clusters below a data directory. */
export const clusterNames = (dataDirectory: string): string[] =>
  existsSync(dataDirectory)
    ? readdirSync(dataDirectory).filter(
        (name) => clusterNamePattern.test(name) && existsSync(join(dataDirectory, name, "cluster.json")),
      )
    : [];

export function readConfig(layout: ClusterLayout): ClusterConfig | undefined {
  return existsSync(layout.configFile) ? JSON.parse(readFileSync(layout.configFile, "utf8")) : undefined;
}

/** Reads the cluster's identity, or makes it for a new cluster. */
export async function openConfig(layout: ClusterLayout): Promise<ClusterConfig> {
  const known = readConfig(layout);
  if (known !== undefined) return known;
  mkdirSync(layout.directory, { recursive: true, mode: 0o755 });
  const index = claimIndex(layout);
  const service = `10.${96 + index}`;
  const config: ClusterConfig = {
    name: layout.name,
    index,
    nodeName: nodeNameOf(hostname()),
    clusterDomain: "cluster.local",
    serviceCidr: `${service}.0.0/16`,
    podCidr: `10.${244 + index}.0.0/16`,
    apiServiceIp: `${service}.0.1`,
    dnsIp: `${service}.0.10`,
    bridge: `t8s${index}`,
    cgroupRoot: `/t8s-${layout.name}`,
    ports: await choosePorts(index),
  };
  writeFileSync(layout.configFile, `${JSON.stringify(config, null, 2)}\n`);
  return config;
}

/** Kubernetes names nodes after the host in lower case. */
const nodeNameOf = (host: string): string =>
  host
    .toLowerCase()
    .replace(/[^a-z0-9.-]/g, "-")
    .replace(/^[.-]+|[.-]+$/g, "") || "node";

async function choosePorts(index: number): Promise<ClusterPorts> {
  const chosen: Record<string, number> = {};
  for (const [name, port] of Object.entries(defaultPorts)) {
    let candidate = port + 20 * index;
    while (!(await isFree(candidate)) || Object.values(chosen).includes(candidate)) candidate += 20;
    chosen[name] = candidate;
  }
  // Each name of the list has its port by now.
  return chosen as unknown as ClusterPorts;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host: "0.0.0.0", exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** One node takes the first /24 of the cluster's range. */
export const nodePodCidr = (clusterCidr: string): string => clusterCidr.replace(/\/\d+$/, "/24");

/** The address under which other machines reach this one: that of the default route's interface, else loopback. */
export function nodeAddress(): string {
  const interfaces = networkInterfaces();
  const byDefaultRoute = defaultRouteInterface();
  const order = [...(byDefaultRoute ? [byDefaultRoute] : []), ...Object.keys(interfaces)];
  for (const name of order)
    for (const address of interfaces[name] ?? [])
      if (address.family === "IPv4" && !address.internal && !/^(t8s|cni|docker|veth)/.test(name))
        return address.address;
  return "127.0.0.1";
}

function defaultRouteInterface(): string | undefined {
  if (process.platform !== "linux") return undefined;
  for (const line of readFileSync("/proc/net/route", "utf8").split("\n").slice(1)) {
    const [name, destination, , , , , , mask] = line.split("\t");
    if (destination === "00000000" && mask === "00000000") return name;
  }
  return undefined;
}
