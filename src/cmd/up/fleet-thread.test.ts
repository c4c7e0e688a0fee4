import assert from "node:assert/strict";
import { test } from "node:test";
import { type Node, nodes, type Pod, pods } from "../../api/index.ts";
import {
  createLogger,
  type LogRecord,
  MetricRegistry,
  silentLogger,
  systemClock,
  systemRng,
} from "../../base/index.ts";
import type { ResourceClient } from "../../client/index.ts";
import type { KubeObject } from "../../machinery/index.ts";
import { createMemoryStore } from "../../store/index.ts";
import { componentUsers, createControlPlane } from "../apiserver/control-plane.ts";
import { type FleetThreadOptions, startFleetThread } from "./fleet-thread.ts";

async function startPlane() {
  const store = createMemoryStore({ clock: systemClock });
  const plane = createControlPlane({
    store,
    clock: systemClock,
    rng: systemRng,
    log: silentLogger,
    metrics: new MetricRegistry(),
    authorizationModes: ["Node", "RBAC"],
    serviceClusterIPRange: "10.96.0.0/16",
    allowPrivileged: true,
    admission: { enable: ["NodeRestriction"], disable: ["ServiceAccount"] },
  });
  await plane.start();
  const close = async (): Promise<void> => {
    await plane.close();
    await store.close();
  };
  return { plane, close };
}

/** Until one is as asked. */
async function seen<T extends KubeObject>(client: ResourceClient<T>, fits: (object: T) => boolean): Promise<T> {
  const ending = new AbortController();
  try {
    for await (const event of client.watch({ signal: ending.signal }))
      if (event.type !== "BOOKMARK" && event.type !== "DELETED" && fits(event.object)) return event.object;
  } finally {
    ending.abort();
  }
  throw new Error("the watch ended");
}

const isReady = ({ status }: Node): boolean =>
  status?.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True") === true;

test("nodes in a thread are themselves to the API server, run pods, and end when they are told to", async () => {
  const { plane, close } = await startPlane();
  const life = new AbortController();
  const thread = startFleetThread({ level: "warn", log: silentLogger, signal: life.signal });
  const asked = new Set<string>();
  const settings = (name: string, number: number) => ({
    name,
    podCidr: `10.244.${number}.0/24`,
    address: `198.18.0.${number}`,
  });
  const running = thread.run([settings("n-1", 1), settings("n-2", 2)], (request, identity) => {
    assert.ok(request.body === undefined || request.body instanceof Uint8Array);
    if (identity.kind === "user") asked.add(identity.user.username);
    return plane.handle(request, identity);
  });
  const client = plane.client(componentUsers.admin, "test");
  for (const name of ["n-1", "n-2"])
    await seen(client.of(nodes), (node) => node.metadata.name === name && isReady(node));
  assert.deepEqual([...asked].sort(), ["system:node:n-1", "system:node:n-2"]);
  await client.of(pods).create({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "p", namespace: "default" },
    spec: { nodeName: "n-2", containers: [{ name: "c", image: "pause" }] },
  });
  const pod: Pod = await seen(client.of(pods), ({ status }) => status?.phase === "Running");
  assert.match(pod.status?.podIP ?? "", /^10\.244\.2\./);
  life.abort(new Error("stop"));
  await running;
  await close();
});

const program = (text: string): URL =>
  new URL(
    `data:text/javascript,${encodeURIComponent(`import { parentPort } from "node:worker_threads"; const say = (message) => parentPort.postMessage(message);${text}`)}`,
  );

const start = (text: string, more: Partial<FleetThreadOptions> = {}) =>
  startFleetThread({
    level: "warn",
    log: silentLogger,
    signal: new AbortController().signal,
    workerUrl: program(text),
    ...more,
  });

const nobody = async (): Promise<never> => {
  throw new Error("nobody asks");
};

test("a thread that ends by itself, and a node that fails, are told with the reason", async () => {
  const thrown = start(`parentPort.once("message", () => { throw new Error("out of luck"); });`);
  await assert.rejects(thrown.run([], nobody), /their thread failed: out of luck/);
  const gone = start(`parentPort.once("message", () => process.exit(3));`);
  await assert.rejects(gone.run([], nobody), /their thread ended with code 3/);
  const failed = start(`parentPort.once("message", () => say({ type: "failed", message: "node a-1: no room" }));`);
  await assert.rejects(failed.run([], nobody), /node a-1: no room/);
  const early = start(`throw new Error("no such file");`);
  await assert.rejects(early.run([], nobody), /no such file/);
});

test("what a thread logs goes where everything does, and it is told how much that is", async () => {
  const records: LogRecord[] = [];
  const log = createLogger({
    clock: systemClock,
    component: "",
    level: "debug",
    write: (record) => records.push(record),
  });
  const life = new AbortController();
  const thread = start(
    `parentPort.on("message", ({ type, level }) => {
       if (type === "level") say({ type: "log", record: { level, component: "kubelet/x", message: "it is", fields: { a: "b" } } });
       if (type === "stop") say({ type: "ended" });
     });`,
    { log, signal: life.signal },
  );
  const running = thread.run([], nobody);
  thread.setLevel("debug");
  life.abort();
  await running;
  assert.deepEqual(
    records.map(({ level, component, message, fields }) => [level, component, message, fields]),
    [["debug", "kubelet/x", "it is", { a: "b" }]],
  );
});
