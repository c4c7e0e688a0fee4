// One mixed cluster from start to end, inside namespaces of its own (run.ts makes them): network, mounts and processes vanish with
// this program. Arguments: the mix, the data directory, upstream's programs, scenario names (all when none is given).
// Writes result.json into the data directory.
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
import { type Complaint, complaintsOf } from "./complaints.ts";
import { type Mix, mixes, type Part, partNames } from "./mixes.ts";
import { addresses, commandOf, etcdPort, kubeconfigOf, makeCgroups, type Place } from "./parts.ts";
import { scenarios } from "./scenarios/list.ts";
import { conditionOf, openStage, type Scenario, type StageOptions } from "./stage.ts";

export interface Outcome {
  readonly scenario: string;
  readonly passed: boolean;
  readonly seconds: number;
  readonly why?: string;
}

export interface WorldResult {
  readonly mix: string;
  /** Seconds until the node was ready; why not, when it never was. */
  readonly readySeconds?: number;
  readonly failed?: string;
  readonly outcomes: readonly Outcome[];
  readonly complaints: Readonly<Partial<Record<Part, readonly Complaint[]>>>;
  /** Parts that ended by themselves. */
  readonly died: readonly string[];
}

const clock: Clock = systemClock;
const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const nodeName = "swap-node";
const nodeAddress = "192.0.2.10";
const startLimitMs = 90_000;
const scenarioLimitMs = 180_000;

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

class World {
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

async function prepare(directory: string, upstream: string): Promise<Place> {
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

function startStore(world: World): void {
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

async function startParts(world: World, mix: Mix, place: Place): Promise<void> {
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

const clientOf = (file: string): Client =>
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

async function untilNodeReady(client: Client, world: World): Promise<void> {
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

async function play(scenario: Scenario, options: Omit<StageOptions, "namespace" | "signal">): Promise<Outcome> {
  const startMs = clock.monotonic();
  using limit = timeoutSignal(clock, scenarioLimitMs);
  const seconds = (): number => Math.round((clock.monotonic() - startMs) / 100) / 10;
  try {
    await scenario.run(await openStage({ ...options, namespace: `swap-${scenario.name}`, signal: limit }));
    return { scenario: scenario.name, passed: true, seconds: seconds() };
  } catch (error) {
    return { scenario: scenario.name, passed: false, seconds: seconds(), why: (error as Error).message };
  }
}

async function main(mixName: string, directory: string, upstream: string, wanted: readonly string[]): Promise<void> {
  const mix = mixes[mixName];
  if (mix === undefined) throw new Error(`no mix ${mixName}; there are ${Object.keys(mixes).join(", ")}`);
  const world = new World(directory);
  const outcomes: Outcome[] = [];
  let readySeconds: number | undefined;
  let failed: string | undefined;
  try {
    const place = await prepare(directory, upstream);
    const startMs = clock.monotonic();
    await startParts(world, mix, place);
    const kubeconfig = join(directory, "admin.kubeconfig");
    const client = clientOf(kubeconfig);
    await untilNodeReady(client, world);
    readySeconds = Math.round((clock.monotonic() - startMs) / 100) / 10;
    const chosen = scenarios.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
    const options = { client, clock, kubeconfig, kubectlProgram: join(upstream, "kubectl"), nodeName, nodeAddress };
    outcomes.push(...(await Promise.all(chosen.map((scenario) => play(scenario, options)))));
  } catch (error) {
    failed = (error as Error).stack ?? String(error);
  }
  const complaints: Partial<Record<Part, readonly Complaint[]>> = {};
  for (const { name, logFile } of world.running)
    if (name in mix) complaints[name as Part] = complaintsOf(logFile, mix[name as Part]);
  const result: WorldResult = {
    mix: mixName,
    ...(readySeconds === undefined ? {} : { readySeconds }),
    ...(failed === undefined ? {} : { failed }),
    ...{ outcomes, complaints, died: world.died() },
  };
  writeFileSync(join(directory, "result.json"), JSON.stringify(result, null, 1));
  process.exit(0); // everything else ends with this program's namespaces
}

const [mixName = "", directory = "", upstream = "", ...wanted] = process.argv.slice(2);
await main(mixName, directory, upstream, wanted);
