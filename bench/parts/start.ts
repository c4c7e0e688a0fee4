// How long a cluster of one node with real containers needs until a client outside can work: API ready, node Ready, first pod Running
// (created the moment the API is ready), on a first start and on a resumed one. Upstream's processes are started by hand on a containerd
// that runs already; `t8s up` starts its own. Medians.
import { spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { needContainers } from "../../tools/needs.ts";
import { connectTo, kubeconfigOf, median, nodeReady, podRunning, startUp, usageOf } from "../lib/cluster-process.ts";
import type { Part, Row, Setup } from "../lib/part.ts";
import { runUpstreamNode } from "../lib/upstream-cluster.ts";

const name = `bench-${process.pid}`;

interface Start {
  readonly apiMs: number;
  readonly nodeMs: number;
  readonly podMs: number;
  readonly cpuMs: number;
}

interface Run {
  readonly dataDirectory: string;
  readonly pod: string;
  /** Of the run before: the node's condition must be a newer one. */
  readonly heartbeat: string;
}

async function startOnce(command: string, { dataDirectory, pod, heartbeat }: Run) {
  const up = startUp({ command, dataDirectory, name });
  try {
    const { client, apiReadyMs, close } = await connectTo(up, kubeconfigOf(dataDirectory, name));
    const [node, podMs] = await Promise.all([nodeReady(up, client, heartbeat), podRunning(up, client, pod)]);
    const start: Start = { apiMs: apiReadyMs, nodeMs: node.atMs, podMs, cpuMs: usageOf(up.pid).cpuSeconds * 1000 };
    close();
    return { start, heartbeat: node.heartbeat };
  } finally {
    await up.stop();
  }
}

async function startTwice(command: string): Promise<{ readonly first: Start; readonly resumed: Start }> {
  const dataDirectory = await mkdtemp(join(tmpdir(), "bench-start-"));
  try {
    const fresh = await startOnce(command, { dataDirectory, pod: "first", heartbeat: "" });
    const again = await startOnce(command, { dataDirectory, pod: "second", heartbeat: fresh.heartbeat });
    return { first: fresh.start, resumed: again.start };
  } finally {
    spawnSync(command, ["delete", "--name", name, "--data-dir", dataDirectory], { stdio: "ignore" });
    await rm(dataDirectory, { recursive: true, force: true });
  }
}

async function upstreamStarts(setup: Setup, runs: number): Promise<Start[]> {
  const starts: Start[] = [];
  try {
    for (let run = 0; setup.upstream !== undefined && run < runs; run++)
      starts.push(await runUpstreamNode(setup.upstream));
  } catch (error) {
    setup.say(`upstream failed: ${(error as Error).message}`);
  }
  return starts;
}

const stages = [
  { what: "API ready", budget: 500, of: ({ apiMs }: Start) => apiMs },
  { what: "node Ready", budget: 1_000, of: ({ nodeMs }: Start) => nodeMs },
  { what: "first pod Running", budget: 2_000, of: ({ podMs }: Start) => podMs },
] as const;

type Starts = Awaited<ReturnType<typeof startTwice>>;

export const part: Part = {
  about: "start of a cluster with real containers",
  limitSeconds: 150,
  async *run(setup) {
    needContainers("the part start", setup.say);
    spawnSync(setup.command, ["up", "--prepare"], { stdio: ["ignore", "ignore", "inherit"] });
    const runs = setup.full ? 7 : Math.max(1, Math.round(3 * setup.scale));
    const ours: Starts[] = [];
    for (let run = 0; run < runs; run++) ours.push(await startTwice(setup.command));
    yield* rowsOf(ours, []);
    yield* rowsOf(ours, await upstreamStarts(setup, runs));
  },
};

function rowsOf(ours: readonly Starts[], theirs: readonly Start[]): Row[] {
  const upstream = (of: (start: Start) => number): Pick<Row, "upstream"> =>
    theirs.length === 0 ? {} : { upstream: median(theirs.map(of)) };
  const wall = { unit: "ms", better: "less" } as const;
  const cpu = { unit: "CPU ms", better: "less" } as const;
  const cpuOf = ({ cpuMs }: Start): number => cpuMs;
  return [
    ...stages.map(
      ({ of, ...row }): Row => ({
        ...row,
        ...wall,
        ours: median(ours.map(({ first }) => of(first))),
        ...upstream(of),
      }),
    ),
    ...stages.map(
      ({ what, of }): Row => ({
        what: `${what}, resumed`,
        ...wall,
        ours: median(ours.map(({ resumed }) => of(resumed))),
      }),
    ),
    { what: "until then", ...cpu, ours: median(ours.map(({ first }) => cpuOf(first))), ...upstream(cpuOf) },
  ];
}
