import assert from "node:assert/strict";
import { test } from "node:test";
import type { coordination_v1 } from "../api/index.ts";
import { seededRng, silentLogger, VirtualClock } from "../base/index.ts";
import { type ApiRequest, type ApiResponse, modifiedConflict, notFound, type Transport } from "../machinery/index.ts";
import { createClient } from "./client.ts";
import { runLeaderElection } from "./leader-election.ts";

type Lease = coordination_v1.Lease;

/** A server of one Lease with compare-and-swap; requests of cut-off identities fail. */
function leaseServer() {
  let lease: Lease | undefined;
  let revision = 0;
  const cut = new Set<string>();
  const unanswered = new Set<string>();
  const answer = (request: ApiRequest): ApiResponse => {
    const gr = { group: "coordination.k8s.io", resource: "leases" };
    if (request.method === "GET")
      return lease === undefined
        ? { status: 404, headers: {}, object: notFound(gr, "l").status }
        : { status: 200, headers: {}, object: lease };
    const body = request.body as Lease;
    if (request.method === "PUT" && body.metadata.resourceVersion !== lease?.metadata.resourceVersion)
      return { status: 409, headers: {}, object: modifiedConflict(gr, "l").status };
    lease = { ...body, metadata: { ...body.metadata, resourceVersion: String(++revision) } };
    return { status: 200, headers: {}, object: lease };
  };
  return {
    cut,
    unanswered,
    get lease() {
      return lease;
    },
    transport: (identity: string): Transport => ({
      async request(request) {
        if (cut.has(identity)) throw new Error("no route to host");
        if (unanswered.has(identity)) await new Promise(() => {});
        return answer(request);
      },
      close: () => {},
    }),
  };
}

function candidate(server: ReturnType<typeof leaseServer>, identity: string, clock: VirtualClock) {
  const controller = new AbortController();
  const log: string[] = [];
  const ended = runLeaderElection({
    client: createClient(server.transport(identity), { userAgent: identity }),
    clock,
    rng: seededRng(identity.charCodeAt(0)),
    log: silentLogger,
    namespace: "kube-system",
    name: "l",
    identity,
    signal: controller.signal,
    lead: (signal) =>
      new Promise((resolve) => {
        log.push("leads");
        signal.addEventListener("abort", () => {
          log.push("stops");
          resolve();
        });
      }),
  });
  let done = false;
  void ended.then(() => (done = true));
  return { log, stop: () => controller.abort(), done: () => done };
}

test("one leads, the other follows when the first releases the lease", async () => {
  const clock = new VirtualClock();
  const server = leaseServer();
  const a = candidate(server, "a", clock);
  await clock.advance(10);
  const b = candidate(server, "b", clock);
  await clock.advance(60_000);
  assert.deepEqual([a.log, b.log], [["leads"], []]);
  assert.equal(server.lease?.spec?.holderIdentity, "a");
  assert.equal(server.lease?.spec?.leaseTransitions, 0);
  a.stop();
  await clock.advance(0);
  assert.deepEqual(a.log, ["leads", "stops"]);
  assert.ok(a.done());
  assert.equal(server.lease?.spec?.holderIdentity, "");
  await clock.advance(5000);
  assert.deepEqual(b.log, ["leads"]);
  assert.equal(server.lease?.spec?.leaseTransitions, 1);
  b.stop();
  await clock.advance(0);
});

test("a leader that cannot renew stops before anyone else may lead", async () => {
  const clock = new VirtualClock();
  const server = leaseServer();
  const a = candidate(server, "a", clock);
  await clock.advance(10);
  const b = candidate(server, "b", clock);
  await clock.advance(20_000);
  server.cut.add("a");
  let overlapped = false;
  for (let step = 0; step < 60; step++) {
    await clock.advance(500);
    if (b.log.length > 0 && !a.log.includes("stops")) overlapped = true;
  }
  assert.ok(!overlapped);
  assert.deepEqual([a.log, b.log], [["leads", "stops"], ["leads"]]);
  assert.ok(a.done());
  b.stop();
  await clock.advance(0);
});

test("who is not answered stops leading before its lease runs out", async () => {
  const clock = new VirtualClock();
  const server = leaseServer();
  const a = candidate(server, "a", clock);
  await clock.advance(10);
  const b = candidate(server, "b", clock);
  await clock.advance(5000);
  server.unanswered.add("a");
  await clock.advance(12_500);
  assert.deepEqual([a.log, b.log], [["leads", "stops"], []]);
  await clock.advance(20_000);
  assert.deepEqual(b.log, ["leads"]);
  assert.ok(a.done(), "the release is not waited for without an end either");
  b.stop();
  await clock.advance(0);
});
