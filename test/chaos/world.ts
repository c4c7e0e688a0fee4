// The cluster under test: `t8s up --nodes 2` with its store on a small disk, its processes by name, and what is needed to strike and to look.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { type Clock, sleep } from "../../src/base/index.ts";
import { httpTransport, loadKubeconfig } from "../../src/client/node/index.ts";
import {
  type ClusterConfig,
  type ClusterLayout,
  clusterLayout,
  type FurtherNode,
  type FurtherNodeLayout,
  furtherNode,
  furtherNodeLayout,
  isAlive,
  type NodeLayout,
  readConfig,
  readRecord,
} from "../../src/cluster/index.ts";
import type { Transport } from "../../src/machinery/index.ts";
import { beginRun } from "../../tools/suite-run.ts";
import { startTestCluster, type TestCluster } from "../e2e/harness.ts";
import { type Disk, makeDisk, placeStore } from "./disk.ts";
import { makeWallClock, type WallClock } from "./wall-clock.ts";

export interface WorldNode {
  readonly name: string;
  readonly places: NodeLayout;
  readonly bridge: string;
  readonly cgroupRoot: string;
  /** Words before a command that run it in the node's network. */
  readonly within: readonly string[];
}

export interface World {
  readonly layout: ClusterLayout;
  readonly config: ClusterConfig;
  readonly second: FurtherNode & { readonly places: FurtherNodeLayout };
  readonly nodes: readonly WorldNode[];
  readonly disk: Disk;
  /** What the cluster's processes take for the time; undefined where that cannot be had. */
  readonly wall: WallClock | undefined;
  readonly clock: Clock;
  readonly transport: Transport;
  /** What the cluster's processes said since the world began. */
  log(): string;
  /** How the cluster's process ended though nobody killed it. */
  died(): string | undefined;
  /** kill -9 of the process that has the API server, the controllers, the scheduler and the first node's kubelet. */
  killControlPlane(): Promise<void>;
  /** Starts it again; resolves when it says that both nodes are ready. `killAfterMs` kills that start too, and it starts once more. */
  startAgain(killAfterMs?: number): Promise<void>;
  /** Down and delete; answers what `t8s down` said when it failed. */
  end(): Promise<void>;
}

/** The process of a record file; throws when it does not run. */
export function pidOf(recordFile: string): number {
  const record = readRecord(recordFile);
  if (!isAlive(record)) throw new Error(`the process of ${recordFile} does not run`);
  return record.pid;
}

export async function makeWorld(name: string, clock: Clock): Promise<World> {
  const base = mkdtempSync(join(tmpdir(), "t8s-chaos-"));
  const dataDirectory = join(base, "data");
  const say = (line: string): void => console.log(line);
  const run = await beginRun({ suite: "chaos", name, dataDirectory, temporary: base, say }).catch((error) => {
    rmSync(base, { recursive: true });
    throw error;
  });
  const layout = clusterLayout(name, dataDirectory);
  let disk: Disk;
  try {
    disk = makeDisk(base);
  } catch (error) {
    rmSync(base, { recursive: true, force: true });
    run.end();
    throw error;
  }
  const wall = makeWallClock(base);
  mkdirSync(layout.directory, { recursive: true });
  placeStore(disk, layout.databaseFile);
  const start = (flags: readonly string[]): Promise<TestCluster> =>
    startTestCluster({ name, dataDirectory, flags, env: wall?.environment ?? {} });
  let killing = false;
  let died: string | undefined;
  let log = "";
  let cluster: TestCluster;
  const watchOver = (started: TestCluster): void => {
    cluster = started;
    started.process.once("exit", (status, signal) => {
      log += started.log();
      if (!killing)
        died = `the cluster's process ended by itself (${signal ?? `status ${status}`}):\n${started.log().slice(-3000)}`;
    });
  };
  const exited = async (): Promise<void> => {
    while (cluster.process.exitCode === null && cluster.process.signalCode === null) await sleep(clock, 20);
  };
  try {
    watchOver(await start(["--nodes", "2"]));
  } catch (error) {
    disk.remove();
    rmSync(base, { recursive: true, force: true });
    run.end();
    throw error;
  }
  const config = readConfig(layout)!;
  const second = { ...furtherNode(config, 2), places: furtherNodeLayout(layout, 2) };
  const nodes: readonly WorldNode[] = [
    { name: config.nodeName, places: layout, bridge: config.bridge, cgroupRoot: config.cgroupRoot, within: [] },
    {
      name: second.name,
      places: second.places,
      bridge: config.bridge,
      cgroupRoot: second.cgroupRoot,
      within: ["nsenter", `--net=${second.namespacePath}`],
    },
  ];
  const transport = httpTransport(loadKubeconfig(layout.kubeconfigFile).transport);
  return {
    layout,
    config,
    second,
    nodes,
    disk,
    wall,
    clock,
    transport,
    log: () => log + cluster.log(),
    died: () => died,
    async killControlPlane() {
      killing = true;
      process.kill(pidOf(layout.processFile), "SIGKILL");
      await exited();
    },
    async startAgain(killAfterMs) {
      if (killAfterMs !== undefined) {
        const old = readRecord(layout.processFile)?.pid;
        const failing = start([]).then(
          (started) => started,
          () => undefined,
        );
        const next = await newProcess(layout.processFile, old, clock);
        await sleep(clock, killAfterMs);
        process.kill(next, "SIGKILL");
        const started = await failing;
        while (started?.process.exitCode === null && started.process.signalCode === null) await sleep(clock, 20);
      }
      try {
        watchOver(await start([]));
      } catch (error) {
        died = (error as Error).message;
        throw error;
      }
      killing = false;
    },
    async end() {
      killing = true;
      transport.close();
      await cluster.remove().finally(() => {
        disk.remove();
        rmSync(base, { recursive: true, force: true });
        run.end();
      });
    },
  };
}

async function newProcess(recordFile: string, old: number | undefined, clock: Clock): Promise<number> {
  for (;;) {
    const record = readRecord(recordFile);
    if (record !== undefined && record.pid !== old && isAlive(record)) return record.pid;
    await sleep(clock, 5);
  }
}
