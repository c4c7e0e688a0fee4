import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Pod } from "../../api/index.ts";
import { MetricRegistry, VirtualClock } from "../../base/index.ts";
import { assignedPodDelete, nodeAdd, podChanges } from "../changes.ts";
import { action, asPod, type Plugin, unresolvable } from "../framework.ts";
import { createMetrics } from "../metrics.ts";
import { prioritySort } from "../plugins/prioritysort/priority-sort.ts";
import { schedulingGates } from "../plugins/schedulinggates/scheduling-gates.ts";
import { makePod } from "../testing.ts";
import { backoffDurationMs } from "./backoff.ts";
import { longestWaitMs, SchedulingQueue } from "./queue.ts";
import type { QueuedPod } from "./queued-pod.ts";

const picky: Plugin = {
  name: "Picky",
  events: [
    {
      resource: "Pod",
      action: action.delete,
      hint: (_pod, before) => asPod(before)?.metadata.labels?.["big"] === "yes",
    },
    { resource: "Node", action: action.add },
  ],
};

function makeQueue(extra: readonly Plugin[] = []) {
  const clock = new VirtualClock();
  const known = new Map<string, Pod>();
  const queue = new SchedulingQueue({
    clock,
    plugins: [schedulingGates(), prioritySort(), picky, ...extra],
    metrics: createMetrics(new MetricRegistry()),
    schedulerName: "default-scheduler",
    currentPod: (namespace, name) => known.get(`${namespace}/${name}`),
    nominated: () => {},
  });
  const add = (name: string, priority = 0): Pod => {
    const pod = makePod(name, { spec: { priority } });
    known.set(`default/${name}`, pod);
    queue.add(pod);
    return pod;
  };
  return { clock, queue, add, known };
}

const names = (queue: SchedulingQueue): string[] => {
  const popped: string[] = [];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) popped.push(next.info.name);
  return popped;
};

function rejected(queue: SchedulingQueue, pod: QueuedPod, ...plugins: string[]): void {
  pod.unschedulablePlugins.clear();
  for (const plugin of plugins) pod.unschedulablePlugins.add(plugin);
  queue.giveBack(pod);
}

test("priority first, then who came first", async () => {
  const { queue, add, clock } = makeQueue();
  add("a");
  await clock.advance(1);
  add("b");
  add("c", 10);
  add("d");
  assert.deepEqual(names(queue), ["c", "a", "b", "d"]);
  queue.close();
});

test("back-off doubles from one second to ten", () => {
  assert.deepEqual([0, 1, 2, 3, 4, 5, 9].map(backoffDurationMs), [0, 1000, 2000, 4000, 8000, 10000, 10000]);
});

test("a rejected pod comes back when something happens that helps, and only then", async () => {
  const { queue, add, clock } = makeQueue();
  const { uid } = add("p").metadata;
  rejected(queue, queue.pop()!, "Picky");
  assert.equal(queue.placeOf(uid), "unschedulable");
  queue.changed({ event: assignedPodDelete, before: makePod("small") });
  assert.equal(queue.placeOf(uid), "unschedulable");
  await clock.advance(3_000);
  queue.changed({ event: assignedPodDelete, before: makePod("other", { labels: { big: "yes" } }) });
  assert.equal(queue.placeOf(uid), "active");
  queue.close();
});

test("a change during the attempt counts when the pod comes back", async () => {
  const { queue, add, clock } = makeQueue();
  const { uid } = add("p").metadata;
  const pod = queue.pop()!;
  queue.changed({ event: nodeAdd, after: makePod("any") });
  rejected(queue, pod, "Picky");
  assert.equal(queue.placeOf(uid), "backoff");
  assert.equal(queue.sizes.inFlight, 0);
  await clock.advance(2_999);
  assert.equal(queue.placeOf(uid), "active");
  queue.close();
});

test("rejected pods leave the back-off early when nothing else is to do, failed ones do not", async () => {
  const { queue, add, clock } = makeQueue();
  add("rejected");
  add("failed");
  const first = queue.pop()!;
  const second = queue.pop()!;
  queue.changed({ event: nodeAdd, after: makePod("any") });
  rejected(queue, first, "Picky");
  rejected(queue, second);
  assert.deepEqual(names(queue), ["rejected"]);
  await clock.advance(2_000);
  assert.deepEqual(names(queue), ["failed"]);
  queue.close();
});

test("a pod waits five minutes at most", async () => {
  const { queue, add, clock } = makeQueue();
  add("p");
  rejected(queue, queue.pop()!, "Picky");
  await clock.advance(longestWaitMs);
  assert.deepEqual(names(queue), []);
  await clock.advance(30_000);
  const pod = queue.pop()!;
  assert.equal(pod.flushed, true);
  assert.equal(pod.attempts, 2);
  queue.close();
});

test("gates hold a pod back until they are gone", () => {
  const { queue } = makeQueue();
  const gated = makePod("p", { spec: { schedulingGates: [{ name: "example.com/a" }] } });
  queue.add(gated);
  assert.equal(queue.sizes.gated, 1);
  queue.changed({ event: nodeAdd, after: makePod("any") });
  assert.equal(queue.pop(), undefined);
  const { schedulingGates: _, ...spec } = gated.spec!;
  const open: Pod = { ...gated, spec };
  queue.update(gated, open, podChanges(gated, open));
  assert.equal(queue.pop()?.info.name, "p");
  queue.close();
});

test("a pod that a plugin keeps busy comes in by activation", () => {
  let busy = true;
  const keeper: Plugin = { name: "Keeper", preEnqueue: () => (busy ? unresolvable("Keeper", "busy") : undefined) };
  const { queue, add } = makeQueue([keeper]);
  const pod = add("p");
  assert.equal(queue.pop(), undefined);
  busy = false;
  queue.activate(pod);
  assert.equal(queue.pop()?.info.name, "p");
  queue.activate(pod);
  const again = queue.pop();
  assert.equal(again, undefined);
  queue.close();
});

test("nominations follow the pod", () => {
  const { queue, add, known } = makeQueue();
  add("p");
  const { info } = queue.pop()!;
  queue.nominate(info, "n1");
  assert.deepEqual(
    queue.nominations.on("n1").map((pod) => pod.name),
    ["p"],
  );
  queue.nominate(info, undefined);
  assert.deepEqual(queue.nominations.on("n1"), []);
  known.set("default/p", { ...info.pod, spec: { ...info.pod.spec!, nodeName: "n9" } });
  queue.nominate(info, "n1");
  assert.deepEqual(queue.nominations.on("n1"), [], "a bound pod waits for nothing");
  queue.close();
});

test("whenReady resolves when a pod comes and when the queue closes", async () => {
  const { queue, add } = makeQueue();
  let woken = 0;
  const wait = (): Promise<void> =>
    queue.whenReady().then(() => {
      woken++;
    });
  const first = wait();
  add("p");
  await first;
  queue.pop();
  const second = wait();
  queue.close();
  await second;
  assert.equal(woken, 2);
});

type Move =
  | { readonly do: "add"; readonly id: number }
  | { readonly do: "pop" }
  | { readonly do: "event" }
  | { readonly do: "helping event" }
  | { readonly do: "reject" | "fail" | "bind" | "delete" | "update" | "activate"; readonly id: number }
  | { readonly do: "wait"; readonly ms: number };

const id = fc.nat(5);
const moves: fc.Arbitrary<Move[]> = fc.array(
  fc.oneof(
    fc.record({ do: fc.constant("add" as const), id }),
    fc.record({ do: fc.constant("pop" as const) }),
    fc.record({ do: fc.constant("event" as const) }),
    fc.record({ do: fc.constant("helping event" as const) }),
    fc.record({
      do: fc.constantFrom(
        "reject" as const,
        "fail" as const,
        "bind" as const,
        "delete" as const,
        "update" as const,
        "activate" as const,
      ),
      id,
    }),
    fc.record({ do: fc.constant("wait" as const), ms: fc.constantFrom(500, 3_000, 12_000, 400_000) }),
  ),
  { maxLength: 60 },
);

test("whatever happens, every pod is in exactly one place and none is lost", async () => {
  await fc.assert(
    fc.asyncProperty(moves, async (sequence) => {
      const { queue, clock, known } = makeQueue();
      const alive = new Map<number, Pod>();
      const flying = new Map<string, QueuedPod>();
      for (const move of sequence) {
        if (move.do === "wait") await clock.advance(move.ms);
        else if (move.do === "pop") {
          const pod = queue.pop();
          if (pod !== undefined) {
            assert.ok(!flying.has(pod.info.uid), "popped twice");
            flying.set(pod.info.uid, pod);
          }
        } else if (move.do === "event") queue.changed({ event: assignedPodDelete, before: makePod("x") });
        else if (move.do === "helping event") queue.changed({ event: nodeAdd, after: makePod("x") });
        else if (move.do === "add") {
          if (alive.has(move.id)) continue;
          const pod = makePod(`p${move.id}`, { spec: { priority: move.id % 2 } });
          alive.set(move.id, pod);
          known.set(`default/p${move.id}`, pod);
          queue.add(pod);
        } else {
          const pod = alive.get(move.id);
          if (pod === undefined) continue;
          const popped = flying.get(pod.metadata.uid);
          if (move.do === "update") queue.update(pod, pod, podChanges(pod, pod));
          else if (move.do === "activate") queue.activate(pod);
          else if (move.do === "delete" || (move.do === "bind" && popped !== undefined)) {
            queue.delete(pod.metadata.uid);
            if (popped !== undefined) queue.done(pod.metadata.uid);
            flying.delete(pod.metadata.uid);
            alive.delete(move.id);
          } else if (popped !== undefined) {
            flying.delete(pod.metadata.uid);
            if (move.do === "reject") rejected(queue, popped, "Picky");
            else rejected(queue, popped);
          }
        }
        const { active, backoff, unschedulable, gated, inFlight } = queue.sizes;
        assert.equal(active + backoff + unschedulable + gated + inFlight, alive.size);
        for (const pod of alive.values())
          assert.equal(queue.placeOf(pod.metadata.uid) === "in flight", flying.has(pod.metadata.uid));
      }
      for (const pod of flying.values()) rejected(queue, pod, "Picky");
      await clock.advance(longestWaitMs + 60_000);
      assert.equal(names(queue).length, alive.size, "every pod is tried again");
      queue.close();
    }),
    { numRuns: 100 },
  );
});
