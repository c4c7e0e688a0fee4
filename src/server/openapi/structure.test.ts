// All that kube-apiserver 1.36.3 publishes with every version served and gates by default, but for the words.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import upstream from "../../../facts/openapi-structure.json" with { type: "json" };
import { type TestServer, testServer } from "../testing.ts";
import { structureOfV2, structureOfV3 } from "./structure.fixture.ts";

let server: TestServer;
before(async () => {
  server = await testServer({ runtimeConfig: { "api/all": "true" } });
});
after(() => server.close());

async function get<T>(path: string): Promise<T> {
  const { status, bytes = [] } = await server.handle(
    { method: "GET", path, headers: {} },
    { kind: "user", user: { username: "admin", groups: ["system:masters"] } },
  );
  assert.equal(status, 200, path);
  return JSON.parse(Buffer.concat(bytes).toString()) as T;
}

test("version 2 has upstream's structure", async () => {
  assert.deepEqual(structureOfV2(await get("/openapi/v2")), upstream.v2);
});

test("every document of version 3 has upstream's structure", async () => {
  const { paths } = await get<{ paths: Record<string, unknown> }>("/openapi/v3");
  const documents: Record<string, Record<string, unknown>> = {};
  for (const name of Object.keys(paths)) documents[name] = await get(`/openapi/v3/${name}`);
  assert.deepEqual(structureOfV3(documents), upstream.v3);
});

test("words alone make no difference, their presence does", () => {
  const of = (description?: string): object =>
    structureOfV3({ a: { paths: {}, ...(description === undefined ? {} : { description }) } });
  assert.deepEqual(of("one"), of("another"));
  assert.notDeepEqual(of("one"), of());
});
