// What etcd does not take is refused with its words; the sizes are those at which etcd 3.6 behind kube-apiserver 1.36.3 does so.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { ApiRequest, Identity } from "../../machinery/index.ts";
import { type TestServer, testServer } from "../testing.ts";

const admin: Identity = { kind: "user", user: { username: "admin", groups: ["system:masters"] } };
const revisions = "/apis/apps/v1/namespaces/default/controllerrevisions";
const maps = "/api/v1/namespaces/default/configmaps";

let server: TestServer;
before(async () => {
  server = await testServer();
  await send("POST", "/api/v1/namespaces", { metadata: { name: "default" } });
});
after(() => server.close());

interface Shown {
  readonly message?: string;
  readonly metadata?: { readonly managedFields?: unknown };
}

async function send(method: ApiRequest["method"], path: string, object: object, type = "application/json") {
  const [bare = "", query = ""] = path.split("?");
  const { status, bytes } = await server.handle(
    {
      method,
      path: bare,
      query: new URLSearchParams(query),
      headers: { accept: "application/json", "content-type": type },
      body: new TextEncoder().encode(JSON.stringify(object)),
    },
    admin,
  );
  const text = (bytes ?? []).map((each) => new TextDecoder().decode(each)).join("");
  return { status, object: JSON.parse(text) as Shown };
}

const revision = (name: string, size: number): object => ({
  metadata: { name },
  revision: 1,
  data: { a: "x".repeat(size) },
});
const finalizers = (name: string, count: number): object => ({
  metadata: { name, finalizers: Array.from({ length: count }, (_, index) => `e/${index}`) },
});

const tooLarge = "etcdserver: request is too large";
const tooLong = (bytes: number): string =>
  `rpc error: code = ResourceExhausted desc = trying to send message larger than max (${bytes} vs. 2097152)`;

for (const [name, size, message] of [
  ["c", 1_572_616, undefined],
  ["d", 1_572_617, tooLarge],
  ["c2096952", 2_096_898, tooLarge],
  ["c2096952", 2_096_952, tooLong(2_097_204)],
  ["c2900000", 2_900_000, tooLong(2_900_258)],
] as const)
  test(`a revision of ${size} bytes`, async () => {
    const { status, object } = await send("POST", revisions, revision(name, size));
    assert.equal(status, message === undefined ? 201 : 500);
    assert.equal(object.message, message);
  });

test("validation and dry runs come before the store", async () => {
  assert.equal((await send("POST", revisions, revision("U_", 1_700_000))).status, 422);
  assert.equal((await send("POST", `${revisions}?dryRun=All`, revision("dry", 1_700_000))).status, 201);
  const large = { metadata: { name: "large" }, data: { a: "x".repeat(1_700_000) } };
  assert.match(
    String((await send("POST", maps, large)).object.message),
    /Too long: may not be more than 1048576 bytes/,
  );
});

test("managed fields that make an object too large are left out", async () => {
  const { status, object } = await send("POST", maps, finalizers("many", 60_000));
  assert.equal(status, 201);
  assert.ok(object.metadata !== undefined && !("managedFields" in object.metadata));
  const few = await send("POST", maps, finalizers("few", 4_000));
  assert.ok(few.object.metadata?.managedFields !== undefined);
});

test("very many values are measured before anything is done with them", async () => {
  const many = Array.from({ length: 100_000 }, (_, index) => `example.com/finalizer-${index}`);
  const { status, object } = await send("POST", maps, { metadata: { name: "wide", finalizers: many } });
  assert.equal(status, 500);
  assert.match(object.message ?? "", /^rpc error: code = ResourceExhausted/);
});
