// One cluster of the built package inside a test, until a Deployment of one is available on a simulated node.
import type { Deployment } from "../../src/api/index.ts";
import type * as library from "../../src/cmd/library/index.ts";

export type Library = typeof library;
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

export interface Run {
  readonly answers: Moment;
  readonly available: Moment;
}

export async function once(loaded: Library): Promise<Run> {
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
