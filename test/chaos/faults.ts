// What is done to the cluster. A fault strikes at once, lasts as long as the plan says, and is healed; what the cluster has to heal by
// itself (a program that died is started again by its owner) has nothing to heal here.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import type { Rng } from "../../src/base/index.ts";
import { runProgram } from "../e2e/harness.ts";
import { send } from "./api.ts";
import { pidOf, type World, type WorldNode } from "./world.ts";

export interface Fault {
  readonly name: string;
  /** Shortest and longest time in seconds until it is healed. */
  readonly lasts: readonly [number, number];
  /** Only where the cluster's processes can be told another time. */
  readonly needsWallClock?: true;
  /** Answers how it is healed. */
  strike(world: World, rng: Rng): Promise<Heal>;
}
type Heal = () => Promise<void>;

const nothing: Heal = async () => {};
const kill = (recordFile: string): void => void process.kill(pidOf(recordFile), "SIGKILL");

function freeze(recordFile: string): Heal {
  const pid = pidOf(recordFile);
  process.kill(pid, "SIGSTOP");
  return async () => void process.kill(pid, "SIGCONT");
}

async function ip(...words: string[]): Promise<void> {
  const { status, stderr } = await runProgram("ip", words);
  if (status !== 0) throw new Error(`ip ${words.join(" ")}: ${stderr}`);
}

/** Processes of a node's pods: everything below its kubepods cgroup. */
function podProcesses(node: WorldNode): number[] {
  const base = "/sys/fs/cgroup";
  const roots = readdirSync(base).includes("cgroup.controllers") ? [base] : [join(base, "memory")];
  const below = (directory: string): number[] => {
    try {
      const children = readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isDirectory());
      const own = readFileSync(join(directory, "cgroup.procs"), "utf8").split("\n").filter(Boolean).map(Number);
      return [...own, ...children.flatMap(({ name }) => below(join(directory, name)))];
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return []; // a pod that ends meanwhile
      throw error;
    }
  };
  return roots.flatMap((root) => below(join(root, node.cgroupRoot, "kubepods")));
}

function killAll(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, "SIGKILL");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error; // it went with another
    }
  }
}

function setClock({ wall }: World, offsetMs: number): Heal {
  if (wall === undefined) throw new Error("the cluster's clock cannot be set here: cc is missing");
  wall.set(offsetMs);
  return async () => wall.set(0);
}

/** A store keeps some room for itself: it is used up by large writes until one is refused. */
async function exhaust({ transport }: World): Promise<void> {
  const data = { filling: "x".repeat(900_000) };
  for (let index = 0; index < mostLargeWrites; index++) {
    const body = {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "large" },
      data: { ...data, n: String(index) },
    };
    const contentType = "application/apply-patch+yaml";
    const path = "/api/v1/namespaces/default/configmaps/large?fieldManager=chaos&force=true";
    const { code } = await send(transport, { method: "PATCH", path, body, contentType });
    if (code >= 500) return;
  }
  throw new Error(`the disk is full, and ${mostLargeWrites} writes of a megabyte were acknowledged`);
}
const mostLargeWrites = 100;

export const faults: readonly Fault[] = [
  {
    name: "API killed",
    lasts: [0, 3],
    async strike(world) {
      await world.killControlPlane();
      return () => world.startAgain();
    },
  },
  {
    name: "API killed twice",
    lasts: [0, 1],
    async strike(world, rng) {
      await world.killControlPlane();
      const again = rng.below(3000);
      return () => world.startAgain(again);
    },
  },
  {
    name: "API frozen",
    lasts: [1, 8],
    strike: async ({ layout }) => freeze(layout.processFile),
  },
  {
    name: "containerd 1 killed",
    lasts: [0, 0],
    async strike({ layout }) {
      kill(layout.containerd.processFile);
      return nothing;
    },
  },
  {
    name: "containerd 2 killed",
    lasts: [0, 0],
    async strike({ second }) {
      kill(second.places.containerd.processFile);
      return nothing;
    },
  },
  {
    name: "containerd 2 frozen",
    lasts: [1, 6],
    strike: async ({ second }) => freeze(second.places.containerd.processFile),
  },
  {
    name: "kubelet 2 killed",
    lasts: [0, 0],
    async strike({ second }) {
      kill(second.places.kubelet.processFile);
      return nothing;
    },
  },
  {
    name: "proxy 2 killed",
    lasts: [0, 0],
    async strike({ second }) {
      kill(second.places.proxy.processFile);
      return nothing;
    },
  },
  {
    name: "network cut",
    lasts: [2, 10],
    async strike({ second }) {
      await ip("link", "set", "dev", second.link, "down");
      return () => ip("link", "set", "dev", second.link, "up");
    },
  },
  {
    name: "disk full",
    lasts: [3, 8],
    async strike(world) {
      world.disk.fill();
      await exhaust(world);
      return async () => world.disk.free();
    },
  },
  {
    name: "disk full, API killed",
    lasts: [2, 4],
    async strike(world) {
      world.disk.fill();
      await exhaust(world);
      await world.killControlPlane();
      return async () => {
        world.disk.free();
        await world.startAgain();
      };
    },
  },
  {
    name: "node 2 loses power",
    lasts: [0, 0],
    async strike({ nodes, second }) {
      const { kubelet, proxy, containerd } = second.places;
      for (const { processFile } of [kubelet, proxy, containerd]) kill(processFile);
      killAll(podProcesses(nodes[1]!));
      return nothing;
    },
  },
  {
    name: "containers killed",
    lasts: [0, 0],
    async strike({ nodes }, rng) {
      const pids = nodes.flatMap(podProcesses);
      killAll(pids.filter(() => rng.below(2) === 0));
      return nothing;
    },
  },
  {
    name: "clock an hour ahead",
    lasts: [2, 8],
    needsWallClock: true,
    strike: async (world) => setClock(world, 3_600_000),
  },
  {
    name: "clock a minute back",
    lasts: [2, 8],
    needsWallClock: true,
    strike: async (world) => setClock(world, -60_000),
  },
  {
    name: "API and both containerds killed",
    lasts: [0, 2],
    async strike(world) {
      kill(world.layout.containerd.processFile);
      kill(world.second.places.containerd.processFile);
      await world.killControlPlane();
      return () => world.startAgain();
    },
  },
];
