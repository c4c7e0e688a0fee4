// Pods that a scheduler places through the API of either side: bare nodes, pods before and pods that are measured. The scheduler does not
// run while pods are made, so that the rate is the scheduler's and what the API server does for it.
import { join } from "node:path";
import { type ApiClient, inParallel, openClient } from "./api-client.ts";
import { type Child, startChild } from "./child.ts";
import { usageOf } from "./cluster-process.ts";
import type { ApiPeer } from "./peers.ts";
import { nodeOf, nodeStatus, type Sizes, type Workload } from "./scheduler-workloads.ts";

export interface Placed {
  /** Between the first thing that the scheduler does about a pod (a binding, or a victim's end) and the last binding. */
  readonly podsPerSecond: number;
  /** Of the scheduler, in the same time. */
  readonly schedulerCpuUs: number;
  /** Of the API server and its store. */
  readonly serverCpuUs: number;
  readonly schedulerRssMb: number;
}

export type Load = Pick<Workload, "zones" | "size" | "before" | "measured" | "namespaces">;

const limitSeconds = 120;

export function startScheduler(peer: ApiPeer): Child {
  const [program, flags] = peer.scheduler;
  return startChild(program, flags, join(peer.folder, "scheduler.log"));
}

async function makeNodes(client: ApiClient, count: number, { zones, size }: Load): Promise<void> {
  await inParallel(count, async (index) => {
    const node = nodeOf(index, zones) as { metadata: { name: string } };
    await client.call("POST", "/api/v1/nodes", node);
    await client.call("PATCH", `/api/v1/nodes/${node.metadata.name}/status`, { status: nodeStatus(size) });
  });
}

async function makePods(client: ApiClient, pod: object, { namespace, prefix, count }: Batch): Promise<void> {
  const { metadata, ...rest } = pod as { metadata: { labels?: object } };
  await inParallel(count, (index) =>
    client.call("POST", `/api/v1/namespaces/${namespace}/pods`, {
      ...rest,
      metadata: { name: `${prefix}-${index}`, ...(metadata.labels ? { labels: metadata.labels } : {}) },
    }),
  );
}

interface Batch {
  readonly namespace: string;
  /** Pods are called PREFIX-0 and so on. */
  readonly prefix: string;
  readonly count: number;
}

async function place(peer: ApiPeer, client: ApiClient, { namespace, prefix, count }: Batch): Promise<Placed> {
  const pods = `/api/v1/namespaces/${namespace}/pods`;
  const page = JSON.parse(await client.call("GET", `${pods}?limit=1`)) as { metadata: { resourceVersion: string } };
  const bound = new Set<string>();
  const scheduler = startScheduler(peer);
  const cpu = () => ({
    scheduler: usageOf(scheduler.pid).cpuSeconds * 1e6,
    server: peer.cpuUs(),
    atMs: performance.now(),
  });
  let first: ReturnType<typeof cpu> | undefined;
  try {
    const watching = { path: pods, from: page.metadata.resourceVersion, limitSeconds };
    await client.watch(watching, ({ object }) => {
      first ??= cpu();
      const { name } = object.metadata;
      if (!name.startsWith(prefix) || !object.spec?.nodeName) return false;
      return bound.add(name).size === count;
    });
    const last = cpu();
    if (first === undefined) throw new Error("the scheduler has done nothing");
    return {
      podsPerSecond: count / ((last.atMs - first.atMs) / 1000),
      schedulerCpuUs: (last.scheduler - first.scheduler) / count,
      serverCpuUs: (last.server - first.server) / count,
      schedulerRssMb: usageOf(scheduler.pid).rssBytes / 1e6,
    };
  } catch (error) {
    throw new Error(`${peer.side}: ${bound.size} of ${count} pods were bound`, { cause: error });
  } finally {
    await scheduler.stop("SIGKILL");
  }
}

/** One workload on an API server of its own. */
export async function schedule(peer: ApiPeer, workload: Load, sizes: Sizes): Promise<Placed> {
  const client = openClient(peer.url);
  try {
    const [before, measured] = workload.namespaces;
    for (const name of new Set([before, measured])) {
      await client.call("POST", "/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name } });
      const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default" } };
      await client.call("POST", `/api/v1/namespaces/${name}/serviceaccounts`, account);
    }
    await makeNodes(client, sizes.nodes, workload);
    if (sizes.before > 0) {
      const batch = { namespace: before, prefix: "b", count: sizes.before };
      await makePods(client, workload.before, batch);
      await place(peer, client, batch);
    }
    const batch = { namespace: measured, prefix: "m", count: sizes.measured };
    await makePods(client, workload.measured, batch);
    return await place(peer, client, batch);
  } finally {
    client.close();
  }
}
