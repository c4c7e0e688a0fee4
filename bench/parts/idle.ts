// What a cluster of one node costs while nothing happens, and with 100 pods on it: resident memory and share of a core of the project's
// process beside upstream's etcd, apiserver, controller manager, scheduler, kubelet and proxy. containerd and its shims, which both sides
// have, are left out.
import { spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { needContainers } from "../../tools/needs.ts";
import { connectTo, kubeconfigOf, startUp, usageOf } from "../lib/cluster-process.ts";
import { measureNode, type NodeFigures, podCount, type RestOptions, whenNodeReady } from "../lib/node-load.ts";
import type { Part, Row, Setup } from "../lib/part.ts";
import { runUpstreamNode } from "../lib/upstream-cluster.ts";

const name = `bench-${process.pid}`;

async function measureOurs(command: string, rest: RestOptions): Promise<NodeFigures> {
  const dataDirectory = await mkdtemp(join(tmpdir(), "bench-idle-"));
  try {
    const up = startUp({ command, dataDirectory, name });
    try {
      const { client, close } = await connectTo(up, kubeconfigOf(dataDirectory, name));
      await whenNodeReady(client);
      const figures = await measureNode(client, () => usageOf(up.pid), rest);
      close();
      return figures;
    } finally {
      await up.stop();
    }
  } finally {
    spawnSync(command, ["delete", "--name", name, "--data-dir", dataDirectory], { stdio: "ignore" });
    await rm(dataDirectory, { recursive: true, force: true });
  }
}

async function measureUpstream(setup: Setup, rest: RestOptions): Promise<NodeFigures | undefined> {
  if (setup.upstream === undefined) return undefined;
  try {
    return (await runUpstreamNode(setup.upstream, rest)).figures;
  } catch (error) {
    setup.say(`upstream failed: ${(error as Error).message}`);
    return undefined;
  }
}

export const part: Part = {
  about: "memory and processor time of a cluster at rest, and with 100 pods",
  limitSeconds: 600,
  async *run(setup) {
    needContainers("the part idle", setup.say);
    // Until then V8 gives back what the start needed. A shorter window would be ruled by whether a timer of minutes falls within it.
    const rest = { settleSeconds: 30, seconds: 60 };
    const ours = await measureOurs(setup.command, rest);
    yield* rowsOf(ours, undefined);
    yield* rowsOf(ours, await measureUpstream(setup, rest));
  },
};

function rowsOf(ours: NodeFigures, upstream: NodeFigures | undefined): Row[] {
  const both = (of: (figures: NodeFigures) => number): Pick<Row, "ours" | "upstream"> => ({
    ours: of(ours),
    ...(upstream === undefined ? {} : { upstream: of(upstream) }),
  });
  const memory = { unit: "MB resident", better: "less" } as const;
  const share = { unit: "% of a core", better: "less" } as const;
  const many = `with ${podCount} pods`;
  return [
    { what: "at rest", ...memory, budget: 150, ...both(({ idle }) => idle.rssMb) },
    { what: "at rest", ...share, budget: 0.5, ...both(({ idle }) => idle.cpuPercent) },
    { what: many, ...memory, ...both(({ withPods }) => withPods.rssMb) },
    { what: many, ...share, ...both(({ withPods }) => withPods.cpuPercent) },
    { what: `${podCount} pods ready`, unit: "s", better: "less", ...both((each) => each.hundredPodsSeconds) },
  ];
}
