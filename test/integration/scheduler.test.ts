// The scheduler against the real API server, on a virtual clock.
import assert from "node:assert/strict";
import { test } from "node:test";
import { eventsV1, namespaces, nodes, type Pod, pods, priorityClasses, serviceAccounts } from "../../src/api/index.ts";
import { MetricRegistry, seededRng, silentLogger, VirtualClock } from "../../src/base/index.ts";
import { type Client, createClient, createInformerFactory } from "../../src/client/index.ts";
import { createScheduler } from "../../src/scheduler/index.ts";
import { testServer } from "../../src/server/index.ts";

interface Cluster extends AsyncDisposable {
  readonly clock: VirtualClock;
  readonly client: Client;
  pod(name: string): Promise<Pod>;
  until(what: string, check: () => Promise<boolean>): Promise<void>;
}

async function createCluster(): Promise<Cluster> {
  const clock = new VirtualClock();
  const rng = seededRng(1);
  const server = await testServer({ clock, rng });
  const client = createClient(server.transport(), { userAgent: "test" });
  await client.of(namespaces).create({ apiVersion: "v1", kind: "Namespace", metadata: { name: "work" }, spec: {} });
  await client
    .of(serviceAccounts)
    .create({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default", namespace: "work" } });
  const stop = new AbortController();
  const base = { clock, rng, log: silentLogger, signal: stop.signal };
  const own = createClient(server.transport(), { userAgent: "kube-scheduler/v1.36" });
  const informers = createInformerFactory({ ...base, client: own });
  const scheduler = createScheduler({ ...base, client: own, informers, metrics: new MetricRegistry() });
  informers.start();
  const running = scheduler.run(stop.signal);
  return {
    clock,
    client,
    pod: (name) => client.of(pods).get({ namespace: "work", name }),
    async until(what, check) {
      for (let passedMs = 0; passedMs < 60_000; passedMs += 100) {
        await clock.advance(100);
        if (await check()) return;
      }
      throw new Error(`not in a virtual minute: ${what}`);
    },
    async [Symbol.asyncDispose]() {
      stop.abort(new Error("the test is over"));
      await clock.advance(1_000);
      await running;
      await server.close();
    },
  };
}

/** A node that is ready for pods: the taint that admission puts on new nodes is taken away, as the node controller does. */
async function addNode(client: Client, name: string, cpu: string): Promise<void> {
  await client.of(nodes).create({ apiVersion: "v1", kind: "Node", metadata: { name }, spec: {} });
  const allocatable = { cpu, memory: "8Gi", pods: "10" };
  const status = { allocatable, capacity: allocatable };
  await client.of(nodes).patch({ name }, { status }, { type: "merge", subresource: "status" });
  await client.of(nodes).patch({ name }, { spec: { taints: null } }, { type: "merge" });
}

const addPod = (client: Client, name: string, cpu: string, spec: Partial<NonNullable<Pod["spec"]>> = {}) =>
  client.of(pods).create({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "work" },
    spec: {
      terminationGracePeriodSeconds: 0,
      containers: [{ name: "c", image: "app", resources: { requests: { cpu } } }],
      ...spec,
    },
  });

const notes = async (client: Client, name: string): Promise<string[]> =>
  (await client.of(eventsV1).list({ namespace: "work" })).items
    .filter((event) => event.regarding?.name === name)
    .map((event) => `${event.reason}: ${event.note}`)
    .sort();

test("a pod waits with a reason, and is bound when a node comes that fits", async () => {
  await using cluster = await createCluster();
  const { client } = cluster;
  await addNode(client, "small", "1");
  await addPod(client, "p", "2");
  await cluster.until("the pod is told", async () => (await cluster.pod("p")).status?.conditions !== undefined);
  const why =
    "0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.";
  const [condition] = (await cluster.pod("p")).status!.conditions!;
  const { lastTransitionTime: _, ...rest } = condition!;
  assert.deepEqual(rest, {
    lastProbeTime: null,
    message: why,
    observedGeneration: 1,
    reason: "Unschedulable",
    status: "False",
    type: "PodScheduled",
  });
  await addNode(client, "large", "4");
  await cluster.until("the pod is bound", async () => (await cluster.pod("p")).spec?.nodeName === "large");
  const told = "Scheduled: Successfully assigned work/p to large";
  await cluster.until("the event is written", async () => (await notes(client, "p")).includes(told));
  assert.ok((await notes(client, "p")).includes(`FailedScheduling: ${why}`));
  const scheduled = (await cluster.pod("p")).status!.conditions!.find((each) => each.type === "PodScheduled");
  assert.equal(scheduled?.status, "True");
});

test("a pod of higher priority takes the place of another", async () => {
  await using cluster = await createCluster();
  const { client } = cluster;
  await client.of(priorityClasses).create({
    apiVersion: "scheduling.k8s.io/v1",
    kind: "PriorityClass",
    metadata: { name: "high" },
    value: 1000,
  });
  await addNode(client, "n1", "2");
  await addPod(client, "low", "1500m");
  await cluster.until("low is bound", async () => (await cluster.pod("low")).spec?.nodeName === "n1");
  await addPod(client, "high", "1500m", { priorityClassName: "high" });
  await cluster.until("high is bound", async () => (await cluster.pod("high")).spec?.nodeName === "n1");
  assert.equal(await client.of(pods).find({ namespace: "work", name: "low" }), undefined);
  const { uid } = (await cluster.pod("high")).metadata;
  await cluster.until("the events are written", async () => (await notes(client, "low")).length === 2);
  assert.deepEqual(await notes(client, "low"), [
    `Preempted: Preempted by pod ${uid} on node n1`,
    "Scheduled: Successfully assigned work/low to n1",
  ]);
});
