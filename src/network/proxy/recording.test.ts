import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRng, VirtualClock } from "../../base/index.ts";
import { proxyCases, samplePlan, samplePort } from "./conformance.ts";
import { staleFlows } from "./plan.ts";
import { recordedWorld } from "./recorded-world.fixture.ts";
import { createRecordingBackend } from "./recording.fixture.ts";

for (const { name, run } of proxyCases) test(`recorded: ${name}`, () => run(recordedWorld(1)));

test("a recording backend shows the last plan and checks, and every flow that ended", async () => {
  const backend = createRecordingBackend({
    clock: new VirtualClock(),
    rng: seededRng(1),
    ownAddresses: new Set(["127.0.0.1"]),
  });
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
  await backend.serveHealthChecks([check], () => true);
  assert.deepEqual(backend.checks, [check]);
  await backend.close();
});

test("affinity ends with its time, counted from the client's last connection", async () => {
  const world = recordedWorld(3);
  const proxy = world.backend();
  await proxy.apply([samplePlan(samplePort({ affinitySeconds: 10 }))]);
  const ask = (): Promise<string> => world.ask("outside", "10.78.0.1", 30_080);
  const first = await ask();
  for (let round = 0; round < 5; round++) {
    await world.clock.advance(9_000);
    assert.equal(await ask(), first);
  }
  const seen = new Set<string>();
  for (let round = 0; round < 40; round++) {
    await world.clock.advance(10_001);
    seen.add(await ask());
  }
  assert.equal(seen.size, 2, "a client that stayed away longer is a new one");
});
