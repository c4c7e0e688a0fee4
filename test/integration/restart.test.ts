// Controllers that start on a cluster which is there already: what has happened meanwhile is acted on, and no handler meets a controller that is
// not set up yet (what is in the shared caches is told at once).
import assert from "node:assert/strict";
import { test } from "node:test";
import { daemonSets, deployments, jobs, nodes, pods, serviceAccounts, statefulSets } from "../../src/api/index.ts";
import { createLogger, type LogRecord, MetricRegistry, seededRng, VirtualClock } from "../../src/base/index.ts";
import { createClient } from "../../src/client/index.ts";
import { runControllers } from "../../src/controllers/index.ts";
import { testServer } from "../../src/server/index.ts";

const namespace = "default";
const container = { name: "c", image: "i" };
const template = (app: string, restartPolicy?: "Never") => ({
  metadata: { labels: { app } },
  spec: { containers: [container], ...(restartPolicy === undefined ? {} : { restartPolicy }) },
});

test("controllers find what happened while they were away", async () => {
  const clock = new VirtualClock();
  const rng = seededRng(1);
  const server = await testServer({ clock, rng });
  const client = createClient(server.transport(), { userAgent: "test" });
  await client
    .of(serviceAccounts)
    .create({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default", namespace } });
  const taints = [{ key: "broken", effect: "NoExecute" as const }];
  await client.of(nodes).create({ apiVersion: "v1", kind: "Node", metadata: { name: "n" }, spec: { taints } });
  const spec = { nodeName: "n", containers: [container] };
  const pod = { apiVersion: "v1", kind: "Pod" } as const;
  await client.of(pods).create({ ...pod, metadata: { name: "on-broken-node", namespace }, spec });
  await client.of(deployments).create({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web", namespace },
    spec: { replicas: 2, selector: { matchLabels: { app: "web" } }, template: template("web") },
  });
  for (const [kind, name] of [
    [daemonSets, "each"],
    [statefulSets, "named"],
  ] as const)
    await client.of(kind as typeof daemonSets).create({
      apiVersion: "apps/v1",
      kind: kind.kind as "DaemonSet",
      metadata: { name, namespace },
      spec: { selector: { matchLabels: { app: name } }, template: template(name) },
    });
  await client.of(jobs).create({
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name: "once", namespace },
    spec: { template: template("once", "Never") },
  });

  const records: LogRecord[] = [];
  const stop = new AbortController();
  const running = runControllers({
    client: createClient(server.transport(), { userAgent: "controllers" }),
    ...{ clock, rng, metrics: new MetricRegistry(), signal: stop.signal, options: { rootCa: "CERTIFICATE" } },
    log: createLogger({ component: "controllers", clock, level: "warn", write: (record) => void records.push(record) }),
  });
  const list = async () => (await client.of(pods).list({ namespace })).items;
  try {
    const settled = async (): Promise<boolean> => {
      const there = await list();
      const leaving = there.find(({ metadata }) => metadata.name === "on-broken-node");
      return there.length - (leaving === undefined ? 0 : 1) === 4 && leaving?.metadata.deletionTimestamp !== undefined;
    };
    for (let step = 0; step < 300 && !(await settled()); step++) await clock.advance(100);
    assert.ok(
      await settled(),
      "the pod of the broken node is to go; the Deployment, the StatefulSet and the Job have theirs",
    );
    assert.deepEqual(
      records.filter(({ message }) => /handler failed/.test(message)),
      [],
    );
  } finally {
    stop.abort(new DOMException("the test is over", "AbortError"));
    await running;
    await server.close();
  }
});
