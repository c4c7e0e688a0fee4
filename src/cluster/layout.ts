// Where a cluster keeps what. One directory a cluster, everything below it; what must not outlive a boot is marked.
import { existsSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import process from "node:process";

/** What one node with real containers keeps. */
export interface NodeLayout {
  readonly containerd: {
    readonly root: string;
    readonly state: string;
    readonly socket: string;
    readonly configFile: string;
    readonly processFile: string;
    readonly logFile: string;
    /** boot id that `state` belongs to. */
    readonly bootFile: string;
    /** Where the images of registries come from instead: `<registry>/hosts.toml` files, one directory for all nodes. */
    readonly registryHosts: string;
  };
  readonly cni: { readonly configDirectory: string; readonly stateDirectory: string };
  readonly kubeletDirectory: string;
  readonly podLogDirectory: string;
  readonly imageDirectory: string;
}

/** The cluster's own, and its first node's. */
export interface ClusterLayout extends NodeLayout {
  readonly name: string;
  /** <data-dir>/<name> */
  readonly directory: string;
  /** Identity of the cluster: index, address ranges, ports. */
  readonly configFile: string;
  readonly databaseFile: string;
  readonly pkiDirectory: string;
  readonly kubeconfigFile: string;
  /** Of the running process: pid, start time, stage times. */
  readonly processFile: string;
  readonly logFile: string;
  /** Of the nodes beside the first: a directory for each, named by its number. */
  readonly nodesDirectory: string;
  /** How many nodes are simulated. */
  readonly simulatedFile: string;
}

/** Root keeps clusters in /var/lib, others in their own data directory (XDG base directory specification). */
export function defaultDataDirectory(): string {
  if (process.getuid?.() === 0) return "/var/lib/typernetes";
  return join(process.env["XDG_DATA_HOME"] ?? join(homedir(), ".local", "share"), "typernetes");
}

/** A name becomes part of file, interface and cgroup names, so it is a DNS label. */
export const clusterNamePattern = /^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/;

/** Unix socket paths end at 107 bytes; the longest one below the directory is containerd's shim-less ttrpc socket. */
const longestSocketPath = 107;

export function clusterLayout(name: string, dataDirectory: string): ClusterLayout {
  if (!clusterNamePattern.test(name))
    throw new Error(`cluster name ${JSON.stringify(name)}: use at most 32 lower-case letters, digits and dashes`);
  const directory = resolve(dataDirectory, name);
  const at = (...parts: string[]): string => join(directory, ...parts);
  return {
    ...placesBelow(directory, directory),
    name,
    directory,
    configFile: at("cluster.json"),
    databaseFile: at("store.db"),
    pkiDirectory: at("pki"),
    kubeconfigFile: at("kubeconfig"),
    processFile: at("process.json"),
    logFile: at("t8s.log"),
    nodesDirectory: at("nodes"),
    simulatedFile: at("simulated.json"),
  };
}

function placesBelow(directory: string, clusterDirectory: string): NodeLayout {
  const at = (...parts: string[]): string => join(directory, ...parts);
  const socket = at("containerd", "containerd.sock");
  if (`${socket}.ttrpc`.length > longestSocketPath)
    throw new Error(
      `${directory} is too long a path for the unix sockets below it: choose a shorter data directory with --data-dir`,
    );
  return {
    containerd: {
      root: at("containerd", "root"),
      state: at("containerd", "state"),
      socket,
      configFile: at("containerd", "config.toml"),
      processFile: at("containerd", "process.json"),
      logFile: at("containerd", "containerd.log"),
      bootFile: at("containerd", "boot-id"),
      registryHosts: join(clusterDirectory, "registries"),
    },
    cni: { configDirectory: at("cni", "net.d"), stateDirectory: at("cni", "state") },
    kubeletDirectory: at("kubelet"),
    podLogDirectory: at("pod-logs"),
    imageDirectory: at("images"),
  };
}

/** A node beside the first, which runs in processes of its own. */
export interface FurtherNodeLayout extends NodeLayout {
  readonly directory: string;
  readonly kubelet: ProgramLayout;
  readonly proxy: ProgramLayout;
}

export interface ProgramLayout {
  readonly kubeconfigFile: string;
  readonly processFile: string;
  readonly logFile: string;
}

/** The first node is the cluster's own. */
export const firstFurtherNode = 2;

export function furtherNodeLayout(layout: ClusterLayout, number: number): FurtherNodeLayout {
  const directory = join(layout.nodesDirectory, String(number));
  const program = (name: string): ProgramLayout => ({
    kubeconfigFile: join(directory, `${name}.kubeconfig`),
    processFile: join(directory, `${name}.json`),
    logFile: join(directory, `${name}.log`),
  });
  return {
    ...placesBelow(directory, layout.directory),
    directory,
    kubelet: program("kubelet"),
    proxy: program("proxy"),
  };
}

/** Numbers of the nodes beside the first that the cluster has had, in order. */
export const furtherNodeNumbers = (layout: ClusterLayout): number[] =>
  existsSync(layout.nodesDirectory)
    ? readdirSync(layout.nodesDirectory)
        .filter((name) => /^\d+$/.test(name))
        .map(Number)
        .sort((a, b) => a - b)
    : [];
