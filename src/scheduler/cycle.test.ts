// One pod's way with everything around it, texts as a real cluster recorded them.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Node, PersistentVolumeClaim, Pod, StorageClass } from "../api/index.ts";
import { VirtualClock } from "../base/index.ts";
import { conflict } from "../machinery/index.ts";
import { scheduleOne } from "./cycle.ts";
import type { Listers } from "./handle.ts";
import { nodeHandler, podHandler } from "./handlers.ts";
import { runLoop } from "./scheduler.ts";
import { makeNode, makePod, makeWorld, onNode, type PodShape, readerOf, type TestWorld } from "./testing.ts";

const node1 = () => makeNode("node1", { allocatable: { cpu: "2", memory: "23Gi" } });

function start(nodes: readonly Node[], existing: readonly Pod[] = [], listers: Partial<Listers> = {}): TestWorld {
  const world = makeWorld({ listers });
  for (const node of nodes) nodeHandler(world.world).add!(node, true);
  for (const pod of existing) podHandler(world.world).add!(pod, true);
  return world;
}

const signal = new AbortController().signal;

/** Announces the pod and tries it once. */
async function attempt(world: TestWorld, pod: Pod): Promise<void> {
  world.pods.set(`${pod.metadata.namespace}/${pod.metadata.name}`, pod);
  podHandler(world.world).add!(pod, false);
  await scheduleOne({ ...world.context, signal }, world.world.queue.pop()!);
  world.world.queue.close();
}

const required = (topologyKey: string, app: string) => [{ topologyKey, labelSelector: { matchLabels: { app } } }];
const host = "kubernetes.io/hostname";
const notHelpful = "preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.";
const noVictims = "preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.";

const claim = (change: Partial<PersistentVolumeClaim["metadata"]> = {}): PersistentVolumeClaim => ({
  apiVersion: "v1",
  kind: "PersistentVolumeClaim",
  metadata: { name: "c", namespace: "default", uid: "c", resourceVersion: "1", creationTimestamp: "", ...change },
  spec: { accessModes: ["ReadWriteOnce"], storageClassName: "none-such", resources: { requests: { storage: "1Gi" } } },
  status: { phase: "Pending" },
});
const withClaim: PodShape = { spec: { volumes: [{ name: "v", persistentVolumeClaim: { claimName: "c" } }] } };
const lateClass: StorageClass = {
  apiVersion: "storage.k8s.io/v1",
  kind: "StorageClass",
  metadata: { name: "none-such", uid: "s", resourceVersion: "1", creationTimestamp: "" },
  provisioner: "kubernetes.io/no-provisioner",
  volumeBindingMode: "WaitForFirstConsumer",
};

interface Case {
  readonly name: string;
  readonly pod: PodShape;
  readonly there?: PodShape;
  readonly listers?: Partial<Listers>;
  readonly message: string;
}

const cases: readonly Case[] = [
  {
    name: "anti-affinity of a pod that is there",
    there: {
      spec: { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required(host, "b") } } },
    },
    pod: { labels: { app: "b" } },
    message: `0/1 nodes are available: 1 node(s) didn't satisfy existing pods anti-affinity rules. no new claims to deallocate, ${noVictims}`,
  },
  {
    name: "own anti-affinity",
    there: { labels: { app: "a" } },
    pod: {
      spec: { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required(host, "a") } } },
    },
    message: `0/1 nodes are available: 1 node(s) didn't match pod anti-affinity rules. no new claims to deallocate, ${noVictims}`,
  },
  {
    name: "affinity",
    pod: {
      spec: { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required(host, "a") } } },
    },
    message: `0/1 nodes are available: 1 node(s) didn't match pod affinity rules. no new claims to deallocate, ${notHelpful}`,
  },
  {
    name: "node selector",
    pod: { spec: { nodeSelector: { nowhere: "true" } } },
    message: `0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector. no new claims to deallocate, ${notHelpful}`,
  },
  {
    name: "host port",
    there: { spec: { containers: [{ name: "c", ports: [{ containerPort: 80, hostPort: 80 }] }] } },
    pod: { spec: { containers: [{ name: "c", ports: [{ containerPort: 80, hostPort: 80 }] }] } },
    message: `0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports. no new claims to deallocate, ${noVictims}`,
  },
  {
    name: "huge pages the node does not have",
    pod: { requests: { "hugepages-2Mi": "4Mi" } },
    message: `0/1 nodes are available: 1 Insufficient hugepages-2Mi. no new claims to deallocate, ${notHelpful}`,
  },
  {
    name: "cpu that is taken",
    there: { requests: { cpu: "1500m" } },
    pod: { requests: { cpu: "1500m" } },
    message: `0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, ${noVictims}`,
  },
  {
    name: "several resources",
    pod: { requests: { cpu: "100", memory: "500Gi" } },
    message: `0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient memory. no new claims to deallocate, ${notHelpful}`,
  },
  {
    name: "may not preempt",
    there: { requests: { cpu: "1500m" } },
    pod: { requests: { cpu: "1500m" }, spec: { priority: 1000, preemptionPolicy: "Never" } },
    message:
      "0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: not eligible due to preemptionPolicy=Never.",
  },
  {
    name: "spreading over a label that no node has",
    pod: {
      labels: { app: "a" },
      spec: {
        topologySpreadConstraints: [
          {
            maxSkew: 1,
            topologyKey: "no-such-zone",
            whenUnsatisfiable: "DoNotSchedule",
            labelSelector: { matchLabels: { app: "a" } },
          },
        ],
      },
    },
    message: `0/1 nodes are available: 1 node(s) didn't match pod topology spread constraints (missing required label). no new claims to deallocate, ${notHelpful}`,
  },
  {
    name: "unbound claim",
    pod: withClaim,
    listers: { persistentVolumeClaims: readerOf(() => [claim()]) },
    message: "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found",
  },
  {
    name: "claim that is being deleted",
    pod: withClaim,
    listers: { persistentVolumeClaims: readerOf(() => [claim({ deletionTimestamp: "2026-01-01T00:00:00Z" })]) },
    message: '0/1 nodes are available: persistentvolumeclaim "c" is being deleted. not found',
  },
  {
    name: "claim that is not there",
    pod: withClaim,
    message: '0/1 nodes are available: persistentvolumeclaim "c" not found. not found',
  },
  {
    name: "claim that waits for its first consumer, and no volume for it",
    pod: withClaim,
    listers: { persistentVolumeClaims: readerOf(() => [claim()]), storageClasses: readerOf(() => [lateClass]) },
    message: `0/1 nodes are available: 1 node(s) didn't find available persistent volumes to bind. no new claims to deallocate, ${notHelpful}`,
  },
  {
    name: "resource claims",
    pod: { spec: { resourceClaims: [{ name: "gpu", resourceClaimName: "g" }] } },
    message: `0/1 nodes are available: pod has resource claims, which this scheduler does not allocate yet. no new claims to deallocate, ${notHelpful}`,
  },
];

for (const each of cases)
  test(`unschedulable: ${each.name}`, async () => {
    const there = each.there === undefined ? [] : [onNode(makePod("first", each.there), "node1")];
    const world = start([node1()], there, each.listers);
    await attempt(world, makePod("p", each.pod));
    assert.deepEqual(world.events, [
      {
        about: "default/p",
        type: "Warning",
        reason: "FailedScheduling",
        action: "Scheduling",
        message: each.message,
      },
    ]);
    assert.deepEqual(world.patches[0]?.change.condition, {
      type: "PodScheduled",
      observedGeneration: 1,
      status: "False",
      reason: "Unschedulable",
      message: each.message,
    });
  });

test("reasons of several nodes are counted and sorted as text", async () => {
  const tainted = makeNode("tainted", { spec: { taints: [{ key: "k", effect: "NoSchedule" }] } });
  const cordoned = makeNode("cordoned", { spec: { unschedulable: true } });
  const small = (name: string) => makeNode(name, { allocatable: { cpu: "1" } });
  const world = start([tainted, cordoned, small("s1"), small("s2"), makeNode("full", { allocatable: { pods: "0" } })]);
  await attempt(world, makePod("p", { requests: { cpu: "3" } }));
  assert.equal(
    world.events[0]?.message,
    "0/5 nodes are available: 1 Too many pods, 1 node(s) had untolerated taint(s), 1 node(s) were unschedulable, 2 Insufficient cpu. " +
      "no new claims to deallocate, preemption: 0/5 nodes are available: 1 No preemption victims found for incoming pod, 4 Preemption is not helpful for scheduling.",
  );
});

test("no nodes at all", async () => {
  const world = start([]);
  const pod = makePod("p");
  await attempt(world, pod);
  assert.equal(world.events[0]?.message, "no nodes available to schedule pods");
  assert.equal(world.world.queue.placeOf(pod.metadata.uid), "backoff");
});

test("a pod that fits is bound and told about", async () => {
  const world = start([node1()]);
  await attempt(world, makePod("p", { requests: { cpu: "1" } }));
  assert.deepEqual(world.bound, [{ key: "default/p", nodeName: "node1" }]);
  assert.deepEqual(world.events, [
    {
      about: "default/p",
      type: "Normal",
      reason: "Scheduled",
      action: "Binding",
      message: "Successfully assigned default/p to node1",
    },
  ]);
  assert.equal(world.framework.snapshot.node("node1")!.requestedCpu, 1000);
  assert.equal(world.world.queue.sizes.inFlight, 0);
});

test("a binding that fails gives the place back and the pod to the queue", async () => {
  const world = makeWorld({
    onBind: () => {
      throw conflict({ group: "", resource: "pods/binding" }, "p", 'pod p is already assigned to node "n9"');
    },
  });
  nodeHandler(world.world).add!(node1(), true);
  const pod = makePod("p", { requests: { cpu: "1" } });
  await attempt(world, pod);
  assert.equal(world.framework.snapshot.node("node1")!.requestedCpu, 0);
  assert.equal(world.world.queue.placeOf(pod.metadata.uid), "backoff");
  assert.equal(world.patches[0]?.change.condition?.reason, "SchedulerError");
  assert.match(
    world.events[0]!.message,
    /^running Bind plugin "DefaultBinder": Operation cannot be fulfilled on pods\/binding "p"/,
  );
});

test("a pod that is being deleted is skipped", async () => {
  const world = start([node1()]);
  await attempt(world, makePod("p", { metadata: { deletionTimestamp: "2026-01-01T00:00:00Z" } }));
  assert.deepEqual(
    world.events.map((event) => event.message),
    ["skip schedule deleting pod: default/p"],
  );
  assert.deepEqual(world.bound, []);
});

test("preemption: the victim is marked, deleted and told; the pod is nominated and comes after it", async () => {
  const clock = new VirtualClock();
  const low = onNode(makePod("low", { requests: { cpu: "1500m" } }), "node1");
  const world = makeWorld({
    clock,
    onDelete: (pod) => {
      world.pods.delete("default/low");
      podHandler(world.world).delete!(pod);
    },
  });
  nodeHandler(world.world).add!(node1(), true);
  world.pods.set("default/low", low);
  podHandler(world.world).add!(low, true);
  const high = makePod("high", { requests: { cpu: "1500m" }, spec: { priority: 1000 } });
  world.pods.set("default/high", high);
  podHandler(world.world).add!(high, false);
  const controller = new AbortController();
  const loop = runLoop({ ...world.context, signal: controller.signal });
  await clock.runUntil(() => world.bound.length === 1, 60_000);
  controller.abort();
  await clock.advance(1);
  await loop;
  assert.deepEqual(world.deleted, ["default/low"]);
  assert.deepEqual(
    world.events.map(({ about, reason, action, message }) => [about, reason, action, message]),
    [
      ["default/high", "FailedScheduling", "Scheduling", "0/1 nodes are available: 1 Insufficient cpu."],
      ["default/low", "Preempted", "Preempting", `Preempted by pod ${high.metadata.uid} on node node1`],
      ["default/high", "Scheduled", "Binding", "Successfully assigned default/high to node1"],
    ],
  );
  assert.deepEqual(
    world.patches.map(({ key, change }) => [key, change.condition?.reason, change.nominatedNodeName]).sort(),
    [
      ["default/high", "Unschedulable", "node1"],
      ["default/low", "PreemptionByScheduler", undefined],
    ],
  );
  const disruption = world.patches.find(({ key }) => key === "default/low")!.change.condition!;
  assert.equal(disruption.message, "default-scheduler: preempting to accommodate a higher priority pod");
});

test("preemption: while the watch does not tell of the victim's end, nobody is evicted again", async () => {
  const clock = new VirtualClock();
  const world = makeWorld({ clock });
  const [onNodes, onPods] = [nodeHandler(world.world), podHandler(world.world)];
  const enter = (pod: Pod): Pod => {
    world.pods.set(`default/${pod.metadata.name}`, pod);
    onPods.add!(pod, false);
    return pod;
  };
  const leave = (pod: Pod): void => {
    world.pods.delete(`default/${pod.metadata.name}`);
    onPods.delete!(pod);
  };
  for (const name of ["node1", "node2", "node3"]) onNodes.add!(makeNode(name, { allocatable: { cpu: "2" } }), true);
  const place = (name: string, nodeName: string, priority: number): Pod =>
    enter(onNode(makePod(name, { requests: { cpu: "2" }, spec: { priority } }), nodeName));
  const low = place("low", "node1", 0);
  place("even", "node2", 1000);
  place("other", "node3", 1000);
  enter(makePod("high", { requests: { cpu: "1500m" }, spec: { priority: 1000 } }));
  const controller = new AbortController();
  const loop = runLoop({ ...world.context, signal: controller.signal });
  await clock.advance(5_000);
  assert.deepEqual(world.deleted, ["default/low"]);
  // Something else that ends wakes the pod, as it wakes every pod that lacks room.
  const again = onNode(makePod("small", { requests: { cpu: "1" }, spec: { priority: 1000 } }), "node2");
  leave(enter(again));
  await clock.advance(20_000);
  assert.deepEqual([world.deleted, world.bound], [["default/low"], []]);
  // Nor between the two events of an end without grace.
  const ending = {
    ...low,
    metadata: { ...low.metadata, deletionTimestamp: "2026-01-01T00:00:00Z", deletionGracePeriodSeconds: 0 },
  };
  world.pods.set("default/low", ending);
  onPods.update!(low, ending);
  const attempts = world.events.length;
  leave(enter({ ...again, metadata: { ...again.metadata, uid: "again" } }));
  await clock.advance(20_000);
  assert.equal(world.events.length, attempts);
  leave(ending);
  await clock.advance(20_000);
  assert.deepEqual(world.bound, [{ key: "default/high", nodeName: "node1" }]);
  assert.deepEqual(world.deleted, ["default/low"]);
  assert.equal(world.events.find(({ reason }) => reason === "Preempted")?.related?.metadata.name, "high");
  controller.abort();
  await clock.advance(1);
  await loop;
});

test("a pod that fits nowhere is bound after a node that fits was added", async () => {
  const clock = new VirtualClock();
  const world = makeWorld({ clock });
  const onNodes = nodeHandler(world.world);
  onNodes.add!(node1(), true);
  const pod = makePod("p", { requests: { cpu: "3" } });
  world.pods.set("default/p", pod);
  podHandler(world.world).add!(pod, false);
  const controller = new AbortController();
  const loop = runLoop({ ...world.context, signal: controller.signal });
  await clock.advance(1_000);
  assert.deepEqual(world.bound, []);
  onNodes.add!(makeNode("small", { allocatable: { cpu: "1" } }), false);
  await clock.advance(10_000);
  assert.equal(world.world.queue.placeOf(pod.metadata.uid), "unschedulable");
  onNodes.add!(makeNode("large", { allocatable: { cpu: "8" } }), false);
  await clock.advance(10_000);
  assert.deepEqual(world.bound, [{ key: "default/p", nodeName: "large" }]);
  controller.abort();
  await loop;
});

test("decisions go on while bindings are under way, and their places count", async () => {
  const clock = new VirtualClock();
  const release: (() => void)[] = [];
  const world = makeWorld({ clock, onBind: () => new Promise((resolve) => release.push(() => resolve())) });
  nodeHandler(world.world).add!(node1(), true);
  for (const name of ["a", "b", "c"]) {
    const pod = makePod(name, { requests: { cpu: "1" } });
    world.pods.set(`default/${name}`, pod);
    podHandler(world.world).add!(pod, false);
  }
  const controller = new AbortController();
  const loop = runLoop({ ...world.context, signal: controller.signal });
  await clock.advance(100);
  assert.equal(release.length, 2, "the third has no room while two are being bound");
  assert.equal(world.events.filter((event) => event.reason === "FailedScheduling").length, 1);
  for (const each of release) each();
  await clock.advance(1);
  assert.equal(world.bound.length, 2);
  controller.abort();
  await clock.advance(1);
  await loop;
});
