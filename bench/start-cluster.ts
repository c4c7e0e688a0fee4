// How long a test waits for a cluster: from the call of startCluster to a Deployment of one that is available on a simulated node.
// Two passes in one process, the source modules loaded beforehand. Prints milliseconds and resident memory.
//   node bench/start-cluster.ts [count]
import { type Deployment, deployments } from "../src/api/index.ts";
import { type Cluster, type NewObject, startCluster } from "../src/cmd/library/index.ts";

const count = Number(process.argv[2] ?? 6);

const deployment: NewObject<Deployment> = {
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

async function available(cluster: Cluster): Promise<void> {
  const web = cluster.client.of(deployments);
  await web.create(deployment);
  await cluster.waitFor(
    async () => ((await web.get({ namespace: "default", name: "web" })).status?.availableReplicas ?? 0) >= 1,
    {
      what: "the Deployment's availability",
    },
  );
}

const ms = (value: number): string => value.toFixed(1).padStart(9);
console.log("cluster    ready ms  available ms   stop ms   RSS MB");
for (let index = 1; index <= count; index++) {
  const start = performance.now();
  const cluster = await startCluster();
  const ready = performance.now();
  await available(cluster);
  const done = performance.now();
  await cluster.stop();
  const end = performance.now();
  const rss = (process.memoryUsage.rss() / 1e6).toFixed(0);
  console.log(
    `${String(index).padEnd(8)}${ms(ready - start)}     ${ms(done - start)} ${ms(end - done)} ${rss.padStart(8)}`,
  );
}
console.log(`left behind: ${process.getActiveResourcesInfo().join(", ") || "nothing"}`);
