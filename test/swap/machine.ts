// The machine that a cluster of this folder's mixes believes to be on, made inside namespaces of its own (namespaces.ts), and the cluster's
// processes on it.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { nodes } from "../../src/api/index.ts";
import { type Clock, sleep, systemClock, systemRng, timeoutSignal } from "../../src/base/index.ts";
import { type Client, createClient } from "../../src/client/index.ts";
import { httpTransport, loadKubeconfig } from "../../src/client/node/index.ts";
import { clusterLayout, containerdReady, provideImages, startContainerd } from "../../src/cluster/index.ts";
import { loadOrCreatePki } from "../../src/cluster/pki/index.ts";
import { setUpPodNetwork } from "../../src/network/node/index.ts";
import { type Mix, type Part, partNames } from "./mixes.ts";
import { addresses, commandOf, etcdPort, kubeconfigOf, makeCgroups, type Place } from "./parts.ts";
import { conditionOf } from "./stage.ts";

const clock: Clock = systemClock;
const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const nodeName = "swap-node";
export const nodeAddress = "192.0.2.10";
/** A guard: upstream's API server needs a minute and more on a machine with ten times the work that it has processors for. */
const startLimitMs = 180_000;

function run(program: string, ...args: readonly string[]): void {
  const { status, stderr } = spawnSync(program, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${program} ${args.join(" ")}: ${stderr.trim()}`);
}

/** Upstream's kubelet sets these for the whole machine: it sets files of ours in their place. */
const machineSwitches: Readonly<Record<string, string>> = {
  "vm/overcommit_memory": "1",
  "vm/panic_on_oom": "0",
  "kernel/panic": "10",
  "kernel/panic_on_oops": "1",
  "kernel/keys/root_maxkeys": "1000000",
  "kernel/keys/root_maxbytes": "25000000",
};

function setUpMachine(directory: string): void {
  run("mount", "--make-rshared", "/");
  for (const path of ["/run", "/var/log"]) run("mount", "-t", "tmpfs", "tmpfs", path);
  mkdirSync(join(directory, "switches"), { recursive: true });
  for (const [name, value] of Object.entries(machineSwitches)) {
    const path = join(directory, "switches", name.replaceAll("/", "-"));
    writeFileSync(path, `${value}\n`);
    run("mount", "--bind", path, `/proc/sys/${name}`);
  }
  const ip = (...args: readonly string[]): void => run("ip", ...args);
  ip("link", "set", "lo", "up");
  // There is no way out; a route must be there all the same, or the kernel refuses before any rule sees the packet.
  ip("link", "add", "uplink", "type", "bridge");
  ip("address", "add", `${nodeAddress}/24`, "dev", "uplink");
  ip("link", "set", "uplink", "up");
  ip("route", "add", "default", "via", "192.0.2.254", "dev", "uplink");
}

interface Running {
  readonly name: string;
  readonly child: ChildProcess;
  readonly logFile: string;
}

export class World {
  readonly running: Running[] = [];
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  start(name: string, program: string, args: readonly string[]): void {
    const logFile = join(this.directory, `${name}.log`);
    const log = openSync(logFile, "a");
    const child = spawn(program, [...args], { stdio: ["ignore", log, log], cwd: this.directory });
    child.once("error", (error) => writeFileSync(logFile, `panic: cannot be started: ${error.message}\n`));
    this.running.push({ name, child, logFile });
  }

  died(): string[] {
    return this.running
      .filter(({ child }) => child.exitCode !== null || child.signalCode !== null)
      .map(({ name, child, logFile }) => {
        const words = readFileSync(logFile, "utf8").trim().split("\n").slice(-3).join(" | ");
        return `${name} ended with ${child.exitCode ?? child.signalCode}: ${words.slice(0, 900)}`;
      });
  }
}

export async function prepare(directory: string, upstream: string): Promise<Place> {
  setUpMachine(directory);
  const layout = clusterLayout("c", directory);
  mkdirSync(layout.directory, { recursive: true });
  startContainerd(layout);
  const network = await setUpPodNetwork({
    cluster: "swap",
    bridge: "pods0",
    podCidr: addresses.nodePodCidr,
    clusterCidr: addresses.podCidr,
    stateDirectory: layout.cni.stateDirectory,
    configDirectory: layout.cni.configDirectory,
    mtu: 0,
  });
  const pki = loadOrCreatePki({
    directory: join(directory, "pki"),
    clock,
    rng: systemRng,
    serviceIP: addresses.serviceIp,
    apiServerHosts: [nodeAddress, nodeName],
    nodes: [{ name: nodeName, addresses: [nodeAddress] }],
  });
  await containerdReady(layout, clock);
  await provideImages(layout, ["pause", "busybox"]);
  const cgroupRoot = `/t8s-swap-${process.env["SWAP_ID"] ?? "0"}`;
  makeCgroups(cgroupRoot);
  mkdirSync(join(directory, "pod-logs"), { recursive: true });
  return {
    ...{ directory, pki, upstream, nodeName, nodeAddress, cgroupRoot },
    program: join(root, "dist", "t8s.js"),
    containerdSocket: layout.containerd.socket,
    masqueradeAll: !network.bridgeFiltered,
  };
}

export function startStore(world: World): void {
  const url = (port: number): string => `http://127.0.0.1:${port}`;
  world.start("etcd", "etcd", [
    `--data-dir=${join(world.directory, "etcd")}`,
    `--listen-client-urls=${url(etcdPort)}`,
    `--advertise-client-urls=${url(etcdPort)}`,
    `--listen-peer-urls=${url(etcdPort + 1)}`,
    `--initial-advertise-peer-urls=${url(etcdPort + 1)}`,
    `--initial-cluster=default=${url(etcdPort + 1)}`,
  ]);
}

export async function startParts(world: World, mix: Mix, place: Place): Promise<void> {
  const start = (part: Part): void => {
    const { program, args } = commandOf(part, mix[part], place);
    world.start(part, program, args);
  };
  if (mix.apiserver === "upstream") startStore(world);
  start("apiserver");
  const admin = clientOf(kubeconfigOf(place, "admin", place.pki.admin));
  await answers(admin, world);
  for (const part of partNames) if (part !== "apiserver") start(part);
}

export const clientOf = (file: string): Client =>
  createClient(httpTransport(loadKubeconfig(file).transport), { userAgent: "swap/1" });

/** A port that nobody listens on yet has no event to wait for. */
async function answers(client: Client, world: World): Promise<void> {
  using limit = timeoutSignal(clock, startLimitMs);
  for (;;) {
    const ready = await client.raw("/readyz").then(
      ({ status }) => status === 200,
      () => false,
    );
    if (ready) return;
    const died = world.died();
    if (died.length > 0) throw new Error(died.join("\n"));
    if (limit.aborted) throw new Error("the API server is not ready");
    await sleep(clock, 200);
  }
}

export async function untilNodeReady(client: Client, world: World): Promise<void> {
  using limit = timeoutSignal(clock, startLimitMs);
  for (;;) {
    const node = await client.of(nodes).find({ name: nodeName });
    // Its address range too: pods wait for it.
    if (node !== undefined && conditionOf(node, "Ready") === "True" && node.spec?.podCIDR !== undefined) return;
    if (limit.aborted)
      throw new Error(
        [`the node is not ready: ${JSON.stringify(node?.status?.conditions)}`, ...world.died()].join("\n"),
      );
    await sleep(clock, 300);
  }
}
