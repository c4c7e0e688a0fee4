// Pods that a scheduler places through the API of either side: bare nodes, pods before and pods that are measured. The scheduler does not
// run while pods are made, so that the rate is the scheduler's and what the API server does for it.
import { join } from "node:path";
import { type ApiClient, inParallel, openClient } from "./api-client.ts";
import { type Child, startChild } from "./child.ts";
import { usageOf } from "./cluster-process.ts";
import type { ApiPeer } from "./peers.ts";
import {
  boundVolume,
  hub,
  hubSize,
  nodeOf,
  nodeStatus,
  usualSize,
  type VolumeSource,
  withClaim,
} from "./scheduler-pods.ts";
import type { Churn, Sizes, Workload } from "./scheduler-workloads.ts";

export interface Placed {
  /** Between the first thing that the scheduler does about a pod (a binding, or a victim's end) and the last binding. */
  readonly podsPerSecond: number;
  /** Of the scheduler, in the same time. */
  readonly schedulerCpuUs: number;
  /** Of the API server and its store. */
  readonly serverCpuUs: number;
  readonly schedulerRssMb: number;
}

export type Load = Omit<Workload, "name" | "small" | "large" | "threshold" | "fullOnly">;

const limitSeconds = 120;

function startScheduler(peer: ApiPeer): Child {
  const [program, flags] = peer.scheduler;
  return startChild(program, flags, join(peer.folder, "scheduler.log"));
}

async function makeNode(client: ApiClient, node: object, size: Readonly<Record<string, string>>): Promise<void> {
  const { name } = (node as { metadata: { name: string } }).metadata;
  await client.call("POST", "/api/v1/nodes", node);
  await client.call("PATCH", `/api/v1/nodes/${name}/status`, { status: nodeStatus(size) });
}

async function makeNodes(client: ApiClient, { nodes, tainted = 0 }: Sizes, load: Load): Promise<void> {
  const { zones, size = usualSize } = load;
  await inParallel(nodes, (index) =>
    makeNode(client, nodeOf(index, { zones, tainted: index >= nodes - tainted }), size),
  );
  if (load.hub) await makeNode(client, hub, hubSize);
}

async function makePods(client: ApiClient, pods: readonly object[], batch: Batch): Promise<void> {
  const { namespaces, prefix, count, volumes } = batch;
  await inParallel(count, async (index) => {
    const namespace = namespaces[index % namespaces.length]!;
    const name = `${prefix}-${index}`;
    const named = withName(pods[index % pods.length]!, name);
    if (volumes !== undefined) await makeVolume(client, volumes, { namespace, name });
    const pod = volumes === undefined ? named : withClaim(named, name);
    await client.call("POST", `/api/v1/namespaces/${namespace}/pods`, pod);
  });
}

function withName(object: object, name: string): object {
  const { metadata, ...rest } = object as { metadata: { labels?: object } };
  return { ...rest, metadata: { name, ...(metadata.labels ? { labels: metadata.labels } : {}) } };
}

async function makeVolume(
  client: ApiClient,
  source: VolumeSource,
  place: { readonly namespace: string; readonly name: string },
): Promise<void> {
  const { volume, claim } = boundVolume(source, place);
  const claims = `/api/v1/namespaces/${place.namespace}/persistentvolumeclaims`;
  const status = { status: { phase: "Bound" } };
  await client.call("POST", "/api/v1/persistentvolumes", volume);
  await client.call("PATCH", `/api/v1/persistentvolumes/${place.name}/status`, status);
  await client.call("POST", claims, claim);
  await client.call("PATCH", `${claims}/${place.name}/status`, status);
}

interface Batch {
  /** Dealt out in turn. */
  readonly namespaces: readonly string[];
  /** Pods are called PREFIX-0 and so on. */
  readonly prefix: string;
  readonly count: number;
  readonly volumes?: VolumeSource | undefined;
}

const churnNamespace = "churn";
const churnNode = { apiVersion: "v1", kind: "Node", metadata: { name: "node-churn" }, spec: {} };
const churnService = {
  ...{ apiVersion: "v1", kind: "Service", metadata: { name: "service-churn" } },
  spec: { selector: { app: "foo" }, ports: [{ protocol: "TCP", port: 8080, targetPort: 8080 }] },
};

/** Returns how to end it; that rejects with what went wrong meanwhile. */
function startChurn(client: ApiClient, { pod, everyMs, replaces }: Churn): () => Promise<void> {
  const pods = `/api/v1/namespaces/${churnNamespace}/pods`;
  const services = `/api/v1/namespaces/${churnNamespace}/services`;
  let last: Promise<void> = Promise.resolve();
  let made = 0;
  const again = async (): Promise<void> => {
    if (replaces && made > 0) {
      await client.call("DELETE", `${pods}/churn-${made - 1}?gracePeriodSeconds=0`);
      await client.call("DELETE", "/api/v1/nodes/node-churn");
      await client.call("DELETE", `${services}/service-churn`);
    }
    await client.call("POST", pods, withName(pod, `churn-${made++}`));
    if (!replaces) return;
    await makeNode(client, churnNode, { ...usualSize, pods: "0" });
    await client.call("POST", services, churnService);
  };
  const timer = setInterval(() => {
    last = last.then(again);
    last.catch(() => clearInterval(timer)); // whoever ends it is told
  }, everyMs);
  return () => {
    clearInterval(timer);
    return last;
  };
}

async function place(
  peer: ApiPeer,
  client: ApiClient,
  { namespaces, prefix, count, churn }: Batch & { readonly churn?: Churn | undefined },
): Promise<Placed> {
  const pods = namespaces.length === 1 ? `/api/v1/namespaces/${namespaces[0]}/pods` : "/api/v1/pods";
  const page = JSON.parse(await client.call("GET", `${pods}?limit=1`)) as { metadata: { resourceVersion: string } };
  const bound = new Set<string>();
  const scheduler = startScheduler(peer);
  const cpu = () => ({
    scheduler: usageOf(scheduler.pid).cpuSeconds * 1e6,
    server: peer.cpuUs(),
    atMs: performance.now(),
  });
  const endChurn = churn === undefined ? undefined : startChurn(client, churn);
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
    await endChurn?.();
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
    endChurn?.().catch(() => {}); // it ended before, or what else went wrong is told already
    await scheduler.stop("SIGKILL");
  }
}

async function makeNamespace(client: ApiClient, name: string, labels: Load["namespaceLabels"]): Promise<void> {
  const metadata = { name, ...(labels ? { labels } : {}) };
  await client.call("POST", "/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata });
  const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default" } };
  await client.call("POST", `/api/v1/namespaces/${name}/serviceaccounts`, account);
}

/** One workload on an API server of its own. */
export async function schedule(peer: ApiPeer, workload: Load, sizes: Sizes): Promise<Placed> {
  const client = openClient(peer.url);
  const { volumes, churn, waiting, also = {} } = workload;
  try {
    const [before, measured] = workload.namespaces;
    const several = sizes.namespaces ?? 1;
    const early = several === 1 ? [before] : Array.from({ length: several }, (_, index) => `${before}-${index}`);
    const namespaces = new Set([...early, measured, ...(churn ? [churnNamespace] : [])]);
    for (const name of namespaces) await makeNamespace(client, name, workload.namespaceLabels);
    for (const [resource, object] of Object.entries(also))
      await client.call("POST", `/api/v1/namespaces/${measured}/${resource}`, object);
    await makeNodes(client, sizes, workload);
    if (waiting !== undefined)
      await makePods(client, [waiting], { namespaces: [measured], prefix: "w", count: sizes.waiting ?? 0 });
    if (sizes.before > 0) {
      const batch = {
        ...{ namespaces: early, prefix: "b", count: sizes.before },
        volumes: workload.volumesBefore ? volumes : undefined,
      };
      await makePods(client, [workload.before].flat(), batch);
      await place(peer, client, batch);
    }
    const batch = { namespaces: [measured], prefix: "m", count: sizes.measured, volumes };
    await makePods(client, [workload.measured], batch);
    return await place(peer, client, { ...batch, churn });
  } finally {
    client.close();
  }
}
