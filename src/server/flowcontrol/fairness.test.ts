import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { MetricRegistry, seededRng, VirtualClock } from "../../base/index.ts";
import type { ApiRequest, Identity } from "../../machinery/index.ts";
import { ask } from "../request.fixture.ts";
import { requestInfoOf } from "../request-info.ts";
import { testServer } from "../testing.ts";
import { createFairness, type Fairness } from "./fairness.ts";
import { type Pass, TooManyRequests } from "./gate.ts";
import { createQueueSet, type QueuedRequest, type QueueSet } from "./queue-set.ts";
import { dealHand, hashOfFlow } from "./shuffle-sharding.ts";

const silent = {
  queued() {},
  dequeued() {},
  executing() {},
  executed() {},
  released() {},
  rejected() {},
  noAccommodation() {},
  demand() {},
};

test("a hand holds different queues and stays the same for a flow", () => {
  fc.assert(
    fc.property(fc.string(), fc.integer({ min: 1, max: 128 }), (flow, queues) => {
      const size = Math.min(8, queues);
      const hand = dealHand(hashOfFlow("global-default", flow), queues, size);
      assert.equal(new Set(hand).size, size);
      assert.ok(hand.every((card) => card >= 0 && card < queues));
      assert.deepEqual(hand, dealHand(hashOfFlow("global-default", flow), queues, size));
    }),
    { numRuns: 50 },
  );
});

interface Step {
  readonly kind: "start" | "finish" | "cancel" | "wait";
  readonly flow: number;
  readonly seats: number;
  readonly finalSeats: number;
  readonly ms: number;
}

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    kind: fc.constantFrom("start", "start", "start", "finish", "cancel", "wait"),
    flow: fc.nat(5),
    seats: fc.integer({ min: 1, max: 12 }),
    finalSeats: fc.nat(4),
    ms: fc.nat(20),
  }),
  { maxLength: 120 },
);

test("seats are never more than there are, and every request is answered once", async () => {
  await fc.assert(
    fc.asyncProperty(steps, fc.integer({ min: 1, max: 10 }), async (plan, limit) => {
      const clock = new VirtualClock();
      const set: QueueSet<number> = createQueueSet(clock, silent);
      set.configure({ queues: 8, queueLengthLimit: 4, handSize: 3 }, limit);
      const requests: QueuedRequest<number>[] = [];
      let [started, rejected] = [0, 0];
      for (const step of plan) {
        if (step.kind === "start") {
          const work = { initialSeats: step.seats, finalSeats: step.finalSeats, additionalLatencyMs: step.finalSeats };
          const request = set.start(step.flow, work, dealHand(hashOfFlow("s", String(step.flow)), 8, 3));
          if (request === undefined) rejected++;
          else requests.push(request);
          started++;
        } else if (step.kind === "wait") await clock.advance(step.ms);
        else {
          const wanted = step.kind === "finish" ? "executing" : "waiting";
          const found = requests.find(({ state }) => state === wanted);
          if (found !== undefined) step.kind === "finish" ? set.finish(found) : set.cancel(found);
        }
        const dump = set.dump();
        // A request wider than the whole level runs when nothing else does.
        assert.ok(dump.seatsInUse <= limit || dump.executing <= 1, `${dump.seatsInUse} of ${limit}`);
        assert.equal(dump.waiting, requests.filter(({ state }) => state === "waiting").length);
        assert.equal(dump.executing, requests.filter(({ state }) => state === "executing").length);
      }
      // What is left comes to its end when the running ones end.
      for (let round = 0; round < 500 && !set.idle; round++) {
        for (const request of requests.filter(({ state }) => state === "executing")) set.finish(request);
        await clock.advance(50);
      }
      assert.ok(set.idle, "a request starved");
      await clock.advance(50);
      assert.equal(set.seatsInUse, 0);
      assert.equal(started, requests.length + rejected);
    }),
    { numRuns: 60, seed: 7 },
  );
});

test("a heavy flow does not keep a light one from its share", async () => {
  const clock = new VirtualClock();
  const set: QueueSet<string> = createQueueSet(clock, silent);
  set.configure({ queues: 2, queueLengthLimit: 1000, handSize: 1 }, 2);
  const served: string[] = [];
  const run = (flow: string, queue: number): void => {
    const work = { initialSeats: 1, finalSeats: 0, additionalLatencyMs: 0 };
    const request = set.start(flow, work, [queue]);
    assert.ok(request);
    const execute = (): void => {
      served.push(flow);
      clock.setTimeout(() => set.finish(request), 10);
    };
    if (request.state === "executing") execute();
    else request.onExecute = execute;
  };
  for (let index = 0; index < 200; index++) run("heavy", 0);
  for (let index = 0; index < 20; index++) run("light", 1);
  await clock.advance(220);
  const first = served.slice(0, 44);
  const light = first.filter((flow) => flow === "light").length;
  assert.ok(light >= 18, `${light} of the light flow's 20 among the first 44`);
});

const arrival = (path: string, username: string, clock: VirtualClock) => ({
  info: requestInfoOf({ method: "GET", path, headers: {} }),
  user: { username, groups: ["system:authenticated"] },
  query: undefined,
  signal: undefined,
  arrivedMs: clock.monotonic(),
  waitLimitMs: 15_000,
});

const fairnessOf = (clock: VirtualClock, concurrency: number): Fairness =>
  createFairness({ clock, metrics: new MetricRegistry(), concurrency, objectStats: () => undefined });

test("what is above the limits of a level without queues is refused, with more patience asked each time", () => {
  const clock = new VirtualClock();
  const fairness = fairnessOf(clock, 3);
  const passes: Pass[] = [];
  const enter = (): void => void passes.push(fairness.enter(arrival("/api/v1/pods", "jane", clock)) as Pass);
  // Before any object is there everybody but administrators is of the catch-all level: all seats, no queue.
  for (let index = 0; index < 3; index++) enter();
  assert.throws(enter, (error) => error instanceof TooManyRequests && error.headers?.["retry-after"] === "1");
  const admin = { ...arrival("/api/v1/pods", "root", clock), user: { username: "root", groups: ["system:masters"] } };
  (fairness.enter(admin) as Pass).leave();
  passes.pop()!.leave();
  enter();
  for (const pass of passes) pass.leave();
  assert.equal(fairness.reading, 0);
  fairness.close();
});

const user: Identity = { kind: "user", user: { username: "jane", groups: ["system:authenticated"] } };
const get = (path: string, query?: string): ApiRequest => ({
  method: "GET",
  path,
  headers: {},
  ...(query === undefined ? {} : { query: new URLSearchParams(query) }),
});

test("answers name the schema and the level that matched, dumps show them, a bad timeout is refused", async () => {
  const server = await testServer({ priorityAndFairness: true, rng: seededRng(3) });
  try {
    const { response } = await ask(server, "GET /api/v1/namespaces");
    assert.equal(typeof response.headers["x-kubernetes-pf-flowschema-uid"], "string");
    const dump = await ask(server, "GET /debug/api_priority_and_fairness/dump_priority_levels");
    const [head, ...rows] = dump.text.trimEnd().split("\n");
    assert.match(
      head!,
      /^PriorityLevelName, ActiveQueues, IsIdle, +IsQuiescing, WaitingRequests, ExecutingRequests, DispatchedRequests, RejectedRequests, TimedoutRequests, CancelledRequests$/,
    );
    assert.ok(rows.some((row) => row.startsWith("exempt,")));
    const bad = await server.handle(get("/api/v1/pods", "timeout=soon"), user);
    assert.equal(bad.status, 400);
    assert.match(
      new TextDecoder().decode(bad.bytes?.[0]),
      /invalid timeout specified in the request URL - time: invalid duration \\"soon\\"/,
    );
  } finally {
    await server.close();
  }
});

test("waiting requests run in turn, and are refused when their time is over", async () => {
  const clock = new VirtualClock();
  const fairness = fairnessOf(clock, 2);
  const meta = { uid: "", resourceVersion: "", creationTimestamp: "" };
  const apiVersion = "flowcontrol.apiserver.k8s.io/v1";
  fairness.levels.configure(
    [
      {
        apiVersion,
        kind: "PriorityLevelConfiguration",
        metadata: { name: "catch-all", ...meta },
        spec: {
          type: "Limited",
          limited: {
            nominalConcurrencyShares: 1,
            limitResponse: { type: "Queue", queuing: { queues: 1, handSize: 1, queueLengthLimit: 2 } },
          },
        },
      },
    ],
    [],
  );
  const running = [0, 1].map(() => fairness.enter(arrival("/api/v1/pods", "jane", clock)) as Pass);
  const waiting = [0, 1].map(() => fairness.enter(arrival("/api/v1/pods", "jane", clock)) as Promise<Pass>);
  assert.throws(() => fairness.enter(arrival("/api/v1/pods", "jane", clock)), TooManyRequests);
  running.pop()!.leave();
  const next = await waiting[0]!;
  const refused = assert.rejects(waiting[1]!, TooManyRequests);
  await clock.advance(15_001);
  await refused;
  next.leave();
  running.pop()!.leave();
  assert.equal(fairness.reading, 0);
  fairness.close();
});
