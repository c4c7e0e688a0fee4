// A fleet of simulated nodes in one process, `t8s up --simulated`: everything is real but the containers. What it costs as it grows, and
// whether Kubernetes' objectives hold on it: 99 of 100 changing requests answered within 1 s, lists of everything within 30 s, pods
// running within 5 s. Upstream has no such thing to measure beside it.
import { spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import { type Deployment, deployments, namespaces, nodes, pods, serviceAccounts } from "../../src/api/index.ts";
import type { Client } from "../../src/client/index.ts";
import type { NewObject } from "../../src/machinery/index.ts";
import { connectTo, kubeconfigOf, startUp, usageOf } from "../lib/cluster-process.ts";
import { follow } from "../lib/follow.ts";
import { rest } from "../lib/node-load.ts";
import type { Part, Row, Setup } from "../lib/part.ts";

const name = `bench-fleet-${process.pid}`;
const namespace = "fleet";
const podsPerNode = 10;
const podsPerDeployment = 250;
const churnPodsPerSecond = 20;
const limitMs = 1_500_000;

const quantile = (values: readonly number[], share: number): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
};

const podSpec = {
  terminationGracePeriodSeconds: 0,
  containers: [
    {
      name: "app",
      image: "registry.k8s.io/pause:3.10",
      resources: { requests: { cpu: "10m", memory: "16Mi" } },
    },
  ],
};

const deployment = (index: number, replicas: number): NewObject<Deployment> => {
  const labels = { app: `app-${index}` };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: `app-${index}`, namespace },
    spec: { replicas, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: podSpec } },
  };
};

const isReady = (conditions: readonly { type: string; status: string }[] | undefined): boolean =>
  conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false;

/** Nodes that are ready and that nothing keeps pods from. */
async function nodesReady(client: Client, count: number): Promise<void> {
  const ready = new Set<string>();
  await follow(
    { what: `${count} ready nodes`, limitMs },
    (signal) => client.of(nodes).watch({ signal }),
    (event) => {
      if (event.type === "BOOKMARK") return false;
      const { metadata, spec, status } = event.object;
      if (isReady(status?.conditions) && !spec?.taints?.length) ready.add(metadata.name);
      return ready.size === count;
    },
  );
}

async function makeNamespace(client: Client): Promise<void> {
  await client.of(namespaces).create({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace }, spec: {} });
  await follow(
    { what: "the namespace's ServiceAccount", limitMs },
    (signal) => client.of(serviceAccounts).watch({ namespace, signal }),
    (event) => event.type !== "BOOKMARK" && event.object.metadata.name === "default",
  );
}

/** Deployments until each node has its pods; their pods a second from the first request to the last ready pod. */
async function fill(client: Client, count: number): Promise<number> {
  const ready = new Map<string, number>();
  const startedMs = performance.now();
  const filled = follow(
    { what: `${count} ready pods`, limitMs },
    (signal) => client.of(deployments).watch({ namespace, signal }),
    (event) => {
      if (event.type === "BOOKMARK") return false;
      ready.set(event.object.metadata.name, event.object.status?.readyReplicas ?? 0);
      return [...ready.values()].reduce((total, each) => total + each, 0) >= count;
    },
  );
  const made = (async () => {
    for (let index = 0; index * podsPerDeployment < count; index++)
      await client
        .of(deployments)
        .create(deployment(index, Math.min(podsPerDeployment, count - index * podsPerDeployment)));
  })();
  await Promise.all([filled, made]);
  return count / ((performance.now() - startedMs) / 1000);
}

interface Churn {
  readonly createP99Ms: number;
  readonly deleteP99Ms: number;
  readonly startP50Ms: number;
  readonly startP99Ms: number;
}

/** Pods made and deleted at a steady rate: how long the requests take, and how long until each pod is seen running. */
async function churn(client: Client, count: number): Promise<Churn> {
  const labels = { app: "churn" };
  const made = new Map<string, number>();
  const starts: number[] = [];
  const creates: number[] = [];
  const deletes: Promise<number>[] = [];
  const timed = async (work: () => Promise<unknown>): Promise<number> => {
    const fromMs = performance.now();
    await work();
    return performance.now() - fromMs;
  };
  const allRun = follow(
    { what: "the churn's pods running", limitMs },
    (signal) => client.of(pods).watch({ namespace, labelSelector: "app=churn", signal }),
    (event) => {
      if (event.type === "BOOKMARK" || event.object.status?.phase !== "Running") return false;
      const { name: pod } = event.object.metadata;
      const madeMs = made.get(pod);
      if (madeMs === undefined) return false;
      made.delete(pod);
      starts.push(performance.now() - madeMs);
      deletes.push(timed(() => client.of(pods).delete({ namespace, name: pod })));
      return starts.length === count;
    },
  );
  const create = async (index: number): Promise<void> => {
    const pod = `churn-${index}`;
    made.set(pod, performance.now());
    const object = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: pod, namespace, labels },
      spec: podSpec,
    } as const;
    creates.push(await timed(() => client.of(pods).create(object)));
  };
  const creating: Promise<void>[] = [];
  for (let index = 0; index < count; index++) {
    creating.push(create(index));
    await delay(1000 / churnPodsPerSecond);
  }
  await Promise.all([allRun, ...creating]);
  return {
    createP99Ms: quantile(creates, 0.99),
    deleteP99Ms: quantile(await Promise.all(deletes), 0.99),
    startP50Ms: quantile(starts, 0.5),
    startP99Ms: quantile(starts, 0.99),
  };
}

async function listAllMs(client: Client): Promise<number> {
  const took: number[] = [];
  for (let index = 0; index < 5; index++) {
    const fromMs = performance.now();
    await client.raw("/api/v1/pods");
    took.push(performance.now() - fromMs);
  }
  return quantile(took, 0.99);
}

async function measureFleet(setup: Setup, nodeCount: number): Promise<Row[]> {
  const dataDirectory = await mkdtemp(join(tmpdir(), "bench-fleet-"));
  const up = startUp({
    command: setup.command,
    dataDirectory,
    name,
    more: ["--simulated", "--nodes", String(nodeCount)],
  });
  try {
    const { client, close } = await connectTo(up, kubeconfigOf(dataDirectory, name));
    await nodesReady(client, nodeCount);
    const readySeconds = (performance.now() - up.startedMs) / 1000;
    setup.say(`${nodeCount} nodes ready after ${readySeconds.toFixed(1)} s`);
    const restOptions = { settleSeconds: setup.full ? 12 : 8, seconds: setup.full ? 40 : 15 };
    const usage = () => usageOf(up.pid);
    const empty = await rest(usage, restOptions);
    await makeNamespace(client);
    const podCount = nodeCount * podsPerNode;
    const cpuBefore = usage().cpuSeconds;
    const fillRate = await fill(client, podCount);
    const fillCpuMs = ((usage().cpuSeconds - cpuBefore) * 1000) / podCount;
    setup.say(`${podCount} pods ready, ${fillRate.toFixed(0)} a second`);
    const full = await rest(usage, restOptions);
    const churned = await churn(client, churnPodsPerSecond * (setup.full ? 30 : 10));
    const listMs = await listAllMs(client);
    close();
    const size = `${nodeCount} nodes, ${podCount} pods`;
    return [
      { what: `${nodeCount} nodes ready`, unit: "s", better: "less", ours: readySeconds },
      { what: `${nodeCount} nodes, no pods`, unit: "MB resident", better: "less", ours: empty.rssMb },
      { what: `${nodeCount} nodes, no pods`, unit: "% of a core", better: "less", ours: empty.cpuPercent },
      { what: size, unit: "MB resident", better: "less", ours: full.rssMb },
      { what: size, unit: "% of a core", better: "less", ours: full.cpuPercent },
      { what: `${size}: filled`, unit: "pods/s", better: "more", ours: fillRate },
      { what: `${size}: filled`, unit: "CPU ms a pod", better: "less", ours: fillCpuMs },
      { what: `${size}: create`, unit: "ms, p99", better: "less", budget: 1_000, ours: churned.createP99Ms },
      { what: `${size}: delete`, unit: "ms, p99", better: "less", budget: 1_000, ours: churned.deleteP99Ms },
      { what: `${size}: pod start`, unit: "ms, p50", better: "less", ours: churned.startP50Ms },
      { what: `${size}: pod start`, unit: "ms, p99", better: "less", budget: 5_000, ours: churned.startP99Ms },
      { what: `${size}: list of all pods`, unit: "ms, p99", better: "less", budget: 30_000, ours: listMs },
    ];
  } finally {
    await up.stop();
    spawnSync(setup.command, ["delete", "--name", name, "--data-dir", dataDirectory], { stdio: "ignore" });
    await rm(dataDirectory, { recursive: true, force: true });
  }
}

export const part: Part = {
  about: "a fleet of simulated nodes: cost as it grows, and Kubernetes' objectives",
  limitSeconds: 600,
  async *run(setup) {
    const sizes = setup.sizes ?? (setup.full ? [100, 500, 1_000, 2_500, 5_000] : [100, 500]);
    for (const size of sizes) yield* await measureFleet(setup, Math.max(1, Math.round(size * setup.scale)));
  },
};
