// The whole scheduler over a pretended API: a map of objects whose changes go to the handlers, as informers do.
import assert from "node:assert/strict";
import { test } from "node:test";
import { nodes, type Pod, pods } from "../api/index.ts";
import { MetricRegistry, seededRng, silentLogger, VirtualClock } from "../base/index.ts";
import type { Client, EventRecorder, Handler, Informer, InformerFactory } from "../client/index.ts";
import { type KubeObject, objectKey } from "../machinery/index.ts";
import { createScheduler } from "./scheduler.ts";
import { makeNode, makePod } from "./testing.ts";

function pretendedApi() {
  const stores = new Map<string, Map<string, KubeObject>>();
  const handlers = new Map<string, Set<Handler<KubeObject>>>();
  const asked: string[] = [];
  const store = (resource: string): Map<string, KubeObject> => {
    if (!stores.has(resource)) stores.set(resource, new Map());
    return stores.get(resource)!;
  };
  const listening = (resource: string): Set<Handler<KubeObject>> => {
    if (!handlers.has(resource)) handlers.set(resource, new Set());
    return handlers.get(resource)!;
  };
  let version = 0;
  const put = <T extends KubeObject>(resource: string, object: T): T => {
    const key = objectKey(object);
    const before = store(resource).get(key);
    const after = { ...object, metadata: { ...object.metadata, resourceVersion: String(++version) } };
    store(resource).set(key, after);
    for (const each of listening(resource))
      if (before === undefined) each.add?.(after, false);
      else each.update?.(before, after);
    return after;
  };
  const remove = (resource: string, key: string): void => {
    const before = store(resource).get(key);
    store(resource).delete(key);
    if (before !== undefined) for (const each of listening(resource)) each.delete?.(before);
  };
  const informers = {
    informer: (kind: { resource: string }, selection?: { fieldSelector?: string }) => {
      asked.push(`${kind.resource} ${selection?.fieldSelector ?? ""}`);
      const objects = store(kind.resource);
      return {
        get: (namespace: string, name: string) => objects.get(namespace === "" ? name : `${namespace}/${name}`),
        list: (namespace?: string) =>
          [...objects.values()].filter((each) => namespace === undefined || each.metadata.namespace === namespace),
        addHandler: (handler: Handler<KubeObject>) => {
          listening(kind.resource).add(handler);
          for (const each of objects.values()) handler.add?.(each, true);
          return () => listening(kind.resource).delete(handler);
        },
        whenSynced: () => Promise.resolve(),
      } as unknown as Informer<KubeObject>;
    },
    start: () => {},
    whenSynced: () => Promise.resolve(),
  } as InformerFactory;
  const client = {
    of: (kind: { resource: string }) => ({
      createSubresource: async (
        name: { namespace: string; name: string },
        _sub: string,
        body: { target: { name: string } },
      ) => {
        const pod = store(kind.resource).get(`${name.namespace}/${name.name}`) as Pod;
        put(kind.resource, { ...pod, spec: { ...pod.spec!, nodeName: body.target.name } });
      },
      patch: async (name: { namespace: string; name: string }, patch: { status: object }) => {
        const pod = store(kind.resource).get(`${name.namespace}/${name.name}`) as Pod;
        put(kind.resource, { ...pod, status: { ...pod.status, ...patch.status } });
      },
      create: async () => {
        throw new Error("nobody listens");
      },
      delete: async (name: { namespace: string; name: string }) =>
        remove(kind.resource, `${name.namespace}/${name.name}`),
    }),
  } as unknown as Client;
  const nodeOf = (name: string): string | undefined => (store("pods").get(`default/${name}`) as Pod).spec?.nodeName;
  return { client, informers, put, remove, nodeOf, asked, listening };
}

function start({ records = true }: { readonly records?: boolean } = {}) {
  const clock = new VirtualClock();
  const api = pretendedApi();
  const told: string[] = [];
  const recorder: EventRecorder = {
    event: (about, event) => told.push(`${about.metadata.name} ${event.reason}`),
    flush: async () => {},
  };
  const controller = new AbortController();
  const metrics = new MetricRegistry();
  const scheduler = createScheduler({
    client: api.client,
    informers: api.informers,
    clock,
    rng: seededRng(3),
    log: silentLogger,
    metrics,
    ...(records ? { recorder } : {}),
  });
  const done = scheduler.run(controller.signal);
  const stop = async (): Promise<void> => {
    controller.abort();
    await clock.advance(1);
    await done;
  };
  return { ...api, clock, told, scheduler, metrics, stop, controller, done };
}

const node = (name: string, cpu = "4") => makeNode(name, { allocatable: { cpu } });

test("pods are bound, also those that were there before, and the end takes handlers and timers away", async () => {
  const { clock, put, nodeOf, stop, scheduler, told, asked, listening, metrics } = start();
  put(nodes.resource, node("n1"));
  put(pods.resource, makePod("a"));
  put(pods.resource, makePod("b"));
  await clock.advance(100);
  assert.deepEqual([nodeOf("a"), nodeOf("b")], ["n1", "n1"]);
  assert.deepEqual(told, ["a Scheduled", "b Scheduled"]);
  assert.ok(asked.includes("pods status.phase!=Succeeded,status.phase!=Failed"));
  assert.match(
    metrics.render(),
    /scheduler_schedule_attempts_total\{result="scheduled",profile="default-scheduler"\} 2/,
  );
  await stop();
  assert.equal(listening("pods").size + listening("nodes").size, 0);
  assert.deepEqual(scheduler.pending, { active: 0, backoff: 0, unschedulable: 0, gated: 0, inFlight: 0 });
});

test("pods of other schedulers are left alone, but their room is taken", async () => {
  const { clock, put, nodeOf, stop } = start();
  put(nodes.resource, node("n1", "2"));
  put(pods.resource, makePod("theirs", { spec: { schedulerName: "other" }, requests: { cpu: "2" } }));
  await clock.advance(100);
  assert.equal(nodeOf("theirs"), undefined);
  const bound = makePod("bound", { spec: { schedulerName: "other", nodeName: "n1" } });
  bound.spec!.containers[0]!.resources = { requests: { cpu: "2" } };
  put(pods.resource, bound);
  put(pods.resource, makePod("mine", { requests: { cpu: "1" } }));
  await clock.advance(100);
  assert.equal(nodeOf("mine"), undefined);
  await stop();
});

test("a pod that is over makes room", async () => {
  const { clock, put, nodeOf, stop } = start();
  put(nodes.resource, node("n1", "1"));
  const first = put(pods.resource, makePod("first", { requests: { cpu: "1" } }));
  await clock.advance(100);
  put(pods.resource, makePod("second", { requests: { cpu: "1" } }));
  await clock.advance(5_000);
  assert.equal(nodeOf("second"), undefined);
  put(pods.resource, { ...first, spec: { ...first.spec!, nodeName: "n1" }, status: { phase: "Succeeded" } });
  await clock.advance(5_000);
  assert.equal(nodeOf("second"), "n1");
  await stop();
});

test("a pod of the same name is another pod", async () => {
  const { clock, put, nodeOf, stop, scheduler } = start();
  put(pods.resource, makePod("p"));
  await clock.advance(100);
  put(pods.resource, makePod("p"));
  put(nodes.resource, node("n1"));
  await clock.advance(12_000);
  assert.equal(nodeOf("p"), "n1");
  assert.deepEqual(scheduler.pending, { active: 0, backoff: 0, unschedulable: 0, gated: 0, inFlight: 0 });
  await stop();
});

test("a label on a node lets a waiting pod in; gates and nodes that go are seen", async () => {
  const { clock, put, remove, nodeOf, stop, scheduler } = start();
  const n1 = put(nodes.resource, node("n1"));
  put(pods.resource, makePod("picky", { spec: { nodeSelector: { disk: "ssd" } } }));
  const gated = put(pods.resource, makePod("gated", { spec: { schedulingGates: [{ name: "example.com/g" }] } }));
  await clock.advance(3_000);
  assert.deepEqual(scheduler.pending, { active: 0, backoff: 0, unschedulable: 1, gated: 1, inFlight: 0 });
  put(nodes.resource, { ...n1, metadata: { ...n1.metadata, labels: { ...n1.metadata.labels, disk: "ssd" } } });
  const { schedulingGates: _, ...open } = gated.spec!;
  put(pods.resource, { ...gated, spec: open });
  await clock.advance(3_000);
  assert.deepEqual([nodeOf("picky"), nodeOf("gated")], ["n1", "n1"]);
  remove(nodes.resource, "n1");
  put(pods.resource, makePod("late"));
  await clock.advance(3_000);
  assert.equal(nodeOf("late"), undefined);
  await stop();
});

test("a waiting pod that is deleted is forgotten", async () => {
  const { clock, put, remove, stop, scheduler } = start();
  put(nodes.resource, node("n1", "1"));
  put(pods.resource, makePod("p", { requests: { cpu: "2" } }));
  await clock.advance(1_000);
  assert.equal(scheduler.pending.unschedulable, 1);
  remove(pods.resource, "default/p");
  await clock.advance(1);
  assert.equal(scheduler.pending.unschedulable, 0);
  await stop();
});

test("told to stop, it ends within a second of a server that takes no events", async () => {
  const { clock, put, nodeOf, controller, done } = start({ records: false });
  put(nodes.resource, node("n1"));
  put(pods.resource, makePod("p"));
  await clock.advance(100);
  assert.equal(nodeOf("p"), "n1");
  let ended = false;
  void done.then(() => {
    ended = true;
  });
  controller.abort();
  await clock.advance(1_001);
  assert.equal(ended, true);
});
