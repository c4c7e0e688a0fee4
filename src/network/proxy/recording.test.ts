import assert from "node:assert/strict";
import { test } from "node:test";
import { samplePlan, samplePort } from "./conformance.ts";
import { staleFlows } from "./plan.ts";
import { createRecordingBackend } from "./recording.ts";

test("a recording backend shows the last plan and checks, and every flow that ended", async () => {
  const backend = createRecordingBackend();
  const before = samplePlan(samplePort({ protocol: "udp" }));
  const after = samplePlan(samplePort({ protocol: "udp", clusterTargets: [] }));
  await backend.apply([before]);
  await backend.apply([after]);
  assert.deepEqual(backend.plans, [after]);
  const flows = staleFlows(before, after);
  assert.ok(flows.length > 0);
  await backend.endFlows(flows);
  await backend.endFlows(flows);
  assert.deepEqual(backend.flows, [...flows, ...flows]);
  const check = { service: "ns/web", port: 32_000, localEndpoints: 1 };
  await backend.serveHealthChecks([check]);
  assert.deepEqual(backend.checks, [check]);
  await backend.close();
});
