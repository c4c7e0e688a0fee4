// Quotas on a real API server and a virtual clock. Counting is in decide.test.ts, the ordinary way in test/integration/upkeep.test.ts.
import assert from "node:assert/strict";
import { test } from "node:test";
import { configMaps, resourceQuotas, secrets } from "../../api/index.ts";
import { createClient } from "../../client/index.ts";
import type { Transport } from "../../machinery/index.ts";
import { controllerWorld } from "../world.fixture.ts";

test("a kind that cannot be listed keeps no other from being counted, and is counted when it can be", async (test) => {
  const { clock, client, server, run } = await controllerWorld(test, { admission: { disable: ["ResourceQuota"] } });
  const send = server.transport();
  let broken = true;
  const transport: Transport = {
    ...send,
    request: (asked) =>
      broken && asked.path.endsWith("/secrets") ? Promise.reject(new Error("refused")) : send.request(asked),
  };
  const of = (name: string) => ({ namespace: "default", name });
  const hard = { "count/configmaps": "9", "count/secrets": "9" };
  await client.of(secrets).create({ apiVersion: "v1", kind: "Secret", metadata: of("s") });
  await client.of(configMaps).create({ apiVersion: "v1", kind: "ConfigMap", metadata: of("c") });
  await client
    .of(resourceQuotas)
    .create({ apiVersion: "v1", kind: "ResourceQuota", metadata: of("q"), spec: { hard } });
  run(["resourcequota-controller"], { client: createClient(transport, { userAgent: "quota" }) });
  const used = async () => (await client.of(resourceQuotas).get(of("q"))).status?.used;
  await clock.advance(29_000);
  assert.equal(await used(), undefined, "the first list is waited for");
  await clock.advance(2000);
  assert.deepEqual(await used(), { "count/configmaps": "1" });
  broken = false;
  await clock.advance(60_000);
  assert.deepEqual(await used(), { "count/configmaps": "1", "count/secrets": "1" });
});
