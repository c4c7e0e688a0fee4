// What one node with real containers does and costs, seen by a client of its cluster: the same on either side.
import { setTimeout as delay } from "node:timers/promises";
import { nodes, type Pod, pods } from "../../src/api/index.ts";
import type { Client } from "../../src/client/index.ts";
import { type NewObject, StatusError } from "../../src/machinery/index.ts";
import type { Usage } from "./cluster-process.ts";
import { follow } from "./follow.ts";
import { pausePod } from "./pause-pod.ts";

export interface Rest {
  readonly rssMb: number;
  readonly cpuPercent: number;
}

export interface NodeFigures {
  /** Seconds from creating 100 pods until all of them are ready. */
  readonly hundredPodsSeconds: number;
  readonly idle: Rest;
  readonly withPods: Rest;
}

export interface RestOptions {
  readonly settleSeconds: number;
  readonly seconds: number;
}

const limitMs = 180_000;
export const podCount = 100;

export async function rest(usage: () => Usage, { settleSeconds, seconds }: RestOptions): Promise<Rest> {
  await delay(settleSeconds * 1000);
  const before = usage();
  const fromMs = performance.now();
  await delay(seconds * 1000);
  const after = usage();
  const elapsedSeconds = (performance.now() - fromMs) / 1000;
  return {
    rssMb: after.rssBytes / 1e6,
    cpuPercent: ((after.cpuSeconds - before.cpuSeconds) / elapsedSeconds) * 100,
  };
}

const isReady = (object: {
  readonly status?: { readonly conditions?: readonly { type: string; status: string }[] };
}): boolean => object.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false;

/** Resolves when a node is ready and may be given pods. */
export const whenNodeReady = (client: Client): Promise<void> =>
  follow(
    { what: "a ready node", limitMs },
    (signal) => client.of(nodes).watch({ signal }),
    (event) => event.type !== "BOOKMARK" && isReady(event.object),
  );

/** Creates pods and resolves when all are ready: seconds from the first creation that was let in. */
export async function startPods(client: Client, prefix: string, count: number): Promise<number> {
  await letIn(client, pausePod(`${prefix}-0`));
  const startedMs = performance.now();
  const ready = new Set<string>();
  const allReady = follow(
    { what: `${count} ready pods`, limitMs },
    (signal) => client.of(pods).watch({ namespace: "default", signal }),
    (event) => {
      if (event.type === "BOOKMARK" || !event.object.metadata.name.startsWith(prefix)) return false;
      return isReady(event.object) && ready.add(event.object.metadata.name).size === count;
    },
  );
  const making = Array.from({ length: count - 1 }, (_, index) =>
    client.of(pods).create(pausePod(`${prefix}-${index + 1}`)),
  );
  await Promise.all([allReady, ...making]);
  return (performance.now() - startedMs) / 1000;
}

/** Pods are refused until the controllers have made the namespace's ServiceAccount, which nothing else tells as directly. */
async function letIn(client: Client, pod: NewObject<Pod>): Promise<void> {
  const deadlineMs = performance.now() + limitMs;
  for (;;) {
    try {
      await client.of(pods).create(pod);
      return;
    } catch (error) {
      const refused = error instanceof StatusError && [403, 404].includes(error.status.code ?? 0);
      if (!refused || performance.now() > deadlineMs) throw error;
      await delay(5);
    }
  }
}

export async function measureNode(client: Client, usage: () => Usage, options: RestOptions): Promise<NodeFigures> {
  const idle = await rest(usage, options);
  const hundredPodsSeconds = await startPods(client, "many", podCount);
  return { idle, hundredPodsSeconds, withPods: await rest(usage, options) };
}
