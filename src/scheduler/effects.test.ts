import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod } from "../api/index.ts";
import { seededRng, VirtualClock } from "../base/index.ts";
import type { Client } from "../client/index.ts";
import { internalError, notFound, type StatusError } from "../machinery/index.ts";
import { createEffects, statusPatch, truncateNote } from "./effects.ts";
import type { StatusChange } from "./handle.ts";
import { makePod } from "./testing.ts";

const now = "2026-01-02T00:00:00Z";
const before = "2026-01-01T00:00:00Z";
const rejected = { type: "PodScheduled", status: "False", reason: "Unschedulable", message: "no room" };
const known = { ...rejected, lastTransitionTime: before };

const noClaims = { addHandler: () => () => undefined };

test("status patches", () => {
  const cases: readonly [string, Pod["status"], StatusChange, unknown][] = [
    [
      "a new condition",
      {},
      { condition: rejected },
      {
        "$setElementOrder/conditions": [{ type: "PodScheduled" }],
        conditions: [{ lastProbeTime: null, lastTransitionTime: now, ...rejected }],
      },
    ],
    ["the same again", { conditions: [known] }, { condition: rejected, nominatedNodeName: "" }, undefined],
    [
      "another message keeps the time of transition",
      { conditions: [{ type: "Other", status: "True" }, known] },
      { condition: { ...rejected, message: "still no room" } },
      {
        "$setElementOrder/conditions": [{ type: "Other" }, { type: "PodScheduled" }],
        conditions: [{ lastProbeTime: null, lastTransitionTime: before, ...rejected, message: "still no room" }],
      },
    ],
    ["a nomination", {}, { nominatedNodeName: "n1" }, { nominatedNodeName: "n1" }],
    ["a nomination taken back", { nominatedNodeName: "n1" }, { nominatedNodeName: "" }, { nominatedNodeName: null }],
    ["nothing", { nominatedNodeName: "n1" }, {}, undefined],
  ];
  for (const [name, status, change, expected] of cases)
    assert.deepEqual(statusPatch(makePod("p", { status }), change, now), expected && { status: expected }, name);
});

test("long notes end in dots, at 1,024 bytes", () => {
  assert.equal(truncateNote("short"), "short");
  const cut = truncateNote("x".repeat(2000));
  assert.equal(cut.length, 1024);
  assert.ok(cut.endsWith("x ..."));
});

function fakeClient(answers: (StatusError | undefined)[]) {
  const calls: unknown[] = [];
  const answer = async (...call: unknown[]): Promise<void> => {
    calls.push(call);
    const error = answers.shift();
    if (error !== undefined) throw error;
  };
  const resource = {
    patch: (...call: unknown[]) => answer("patch", ...call),
    createSubresource: (...call: unknown[]) => answer("create", ...call),
    delete: (...call: unknown[]) => answer("delete", ...call),
  };
  return { client: { of: () => resource } as unknown as Client, calls };
}

test("a patch is tried again for errors that pass, and not for others", async () => {
  const clock = new VirtualClock();
  const recorder = { event: () => {}, flush: async () => {} };
  const passing = fakeClient([internalError("busy"), internalError("busy"), undefined]);
  const pod = makePod("p");
  const patched = createEffects({
    client: passing.client,
    recorder,
    clock,
    rng: seededRng(1),
    claims: noClaims,
  }).patchStatus(pod, {
    condition: rejected,
  });
  await clock.advance(1_000);
  await patched;
  assert.equal(passing.calls.length, 3);
  const gone = fakeClient([notFound({ group: "", resource: "pods" }, "p")]);
  const effects = createEffects({ client: gone.client, recorder, clock, rng: seededRng(1), claims: noClaims });
  await assert.rejects(effects.patchStatus(pod, { condition: rejected }), /not found/);
  assert.equal(gone.calls.length, 1);
});

test("a binding names pod, uid and node", async () => {
  const { client, calls } = fakeClient([]);
  const recorder = { event: () => {}, flush: async () => {} };
  const pod = makePod("p");
  await createEffects({ client, recorder, clock: new VirtualClock(), rng: seededRng(1), claims: noClaims }).bind(
    pod,
    "n1",
  );
  assert.deepEqual(calls, [
    [
      "create",
      { namespace: "default", name: "p" },
      "binding",
      {
        apiVersion: "v1",
        kind: "Binding",
        metadata: { namespace: "default", name: "p", uid: pod.metadata.uid },
        target: { kind: "Node", name: "n1" },
      },
    ],
  ]);
});
