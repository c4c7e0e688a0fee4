// How long a test waits for a cluster of its own: from the call of startCluster to a Deployment of one that is available on a simulated
// node, several times in one process. Measures the built package.
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Deployment } from "../../src/api/index.ts";
import type * as library from "../../src/cmd/library/index.ts";
import { median } from "../lib/cluster-process.ts";
import type { Part, Row } from "../lib/part.ts";

type Library = typeof library;
const deployment: library.NewObject<Deployment> = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web", namespace: "default" },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: "web" } },
    template: {
      metadata: { labels: { app: "web" } },
      spec: { containers: [{ name: "web", image: "registry.k8s.io/pause:3.10" }] },
    },
  },
};

async function available(cluster: library.Cluster, { deployments }: Library): Promise<void> {
  const web = cluster.client.of(deployments);
  await web.create(deployment);
  await cluster.waitFor(
    async () => ((await web.get({ namespace: "default", name: "web" })).status?.availableReplicas ?? 0) >= 1,
    { what: "the Deployment's availability" },
  );
}

interface Moment {
  readonly wallMs: number;
  readonly cpuMs: number;
}
function now(): Moment {
  const { user, system } = process.cpuUsage();
  return { wallMs: performance.now(), cpuMs: (user + system) / 1000 };
}

interface Run {
  readonly answers: Moment;
  readonly available: Moment;
}

async function once(loaded: Library): Promise<Run> {
  const start = now();
  const since = (): Moment => {
    const { wallMs, cpuMs } = now();
    return { wallMs: wallMs - start.wallMs, cpuMs: cpuMs - start.cpuMs };
  };
  const cluster = await loaded.startCluster();
  try {
    const answers = since();
    await available(cluster, loaded);
    return { answers, available: since() };
  } finally {
    await cluster.stop();
  }
}

const laterClusters = 5;

export const part: Part = {
  about: "a cluster inside a test: startCluster of the npm package",
  limitSeconds: 60,
  async *run(setup) {
    const file = join(dirname(setup.command), "dist", "library.mjs");
    const loaded = (await import(pathToFileURL(file).href)) as Library;
    // What the import began to load is there when a test begins.
    await new Promise((resolve) => setTimeout(resolve, 500));
    const first = await once(loaded);
    const later: Run[] = [];
    for (let index = 0; index < laterClusters; index++) later.push(await once(loaded));
    const rssMb = process.memoryUsage.rss() / 1e6;
    const middle = (of: (run: Run) => number): number => median(later.map(of));
    const wall = { unit: "ms", better: "less" } as const;
    const cpu = { unit: "CPU ms", better: "less" } as const;
    const rows: Row[] = [
      { what: "first cluster answers", ...wall, budget: 150, ours: first.answers.wallMs },
      { what: "first cluster answers", ...cpu, ours: first.answers.cpuMs },
      { what: "first Deployment available", ...wall, ours: first.available.wallMs },
      { what: "later cluster answers, median", ...wall, budget: 30, ours: middle(({ answers }) => answers.wallMs) },
      { what: "later cluster answers, median", ...cpu, ours: middle(({ answers }) => answers.cpuMs) },
      { what: "later Deployment available, median", ...wall, ours: middle(({ available }) => available.wallMs) },
      { what: "after six clusters", unit: "MB resident", better: "less", ours: rssMb },
    ];
    yield* rows;
  },
};
