// How long a test waits for a cluster: from the call of startCluster to a Deployment of one that is available on a simulated node, several
// times in one process. Milliseconds of wall time and of processor time, and resident memory. Measures the built package (node
// tools/build.ts first); `--source` measures the sources, whose first run then includes stripping their types.
//   node bench/start-cluster.ts [--source] [count]
import { parseArgs } from "node:util";
import type { Deployment } from "../src/api/index.ts";
import type * as library from "../src/cmd/library/index.ts";

const { values, positionals } = parseArgs({ options: { source: { type: "boolean" } }, allowPositionals: true });
const count = Number(positionals[0] ?? 6);
const { deployments, startCluster } = (await import(
  values.source ? "../src/cmd/library/index.ts" : "../dist/library.mjs"
)) as typeof library;

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

async function available(cluster: library.Cluster): Promise<void> {
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
const between = (from: Moment, to: Moment): string =>
  `${(to.wallMs - from.wallMs).toFixed(0).padStart(8)} ${`(${(to.cpuMs - from.cpuMs).toFixed(0)})`.padEnd(7)}`;

// What the import began to load is there when a test begins.
await new Promise((resolve) => setTimeout(resolve, 500));
console.log("ms of wall time (processor time)");
console.log("cluster   API answers     available       stopped         RSS MB");
for (let index = 1; index <= count; index++) {
  const start = now();
  const cluster = await startCluster();
  const answers = now();
  await available(cluster);
  const done = now();
  await cluster.stop();
  const end = now();
  const rss = (process.memoryUsage.rss() / 1e6).toFixed(0);
  console.log(
    `${String(index).padEnd(6)}${between(start, answers)}${between(start, done)}${between(done, end)}${rss.padStart(8)}`,
  );
}
console.log(`left behind: ${process.getActiveResourcesInfo().join(", ") || "nothing"}`);
