import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { sha256Hex } from "../../base/index.ts";
import { type Asked, ask } from "../request.fixture.ts";
import { type TestServer, testServer } from "../testing.ts";

let server: TestServer;
const get = (path: string, headers: Asked["headers"] = {}) => ask(server, `GET ${path}`, { headers });

before(async () => {
  server = await testServer();
});
after(() => server.close());

test("sha256 of known messages", () => {
  assert.equal(sha256Hex(new Uint8Array(0)), "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855");
  assert.equal(
    sha256Hex(new TextEncoder().encode("abc")),
    "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD",
  );
  assert.equal(
    sha256Hex(new TextEncoder().encode("a".repeat(200))),
    "C2A908D98F5DF987ADE41B5FCE213067EFBCC21EF2240212A41E54B5E7C28AE5",
  );
});

test("discovery lists resources with subresources and storage hashes", async () => {
  const { body } = await get("/apis/apps/v1");
  const resources = body["resources"] as unknown as {
    name: string;
    storageVersionHash?: string;
    kind: string;
    group?: string;
  }[];
  assert.equal(resources.find((each) => each.name === "deployments")?.storageVersionHash, "8aSe+NMegvE=");
  assert.deepEqual(
    resources
      .filter((each) => each.name.startsWith("deployments"))
      .map((each) => [each.name, each.group ?? "", each.kind]),
    [
      ["deployments", "", "Deployment"],
      ["deployments/scale", "autoscaling", "Scale"],
      ["deployments/status", "", "Deployment"],
    ],
  );
});

test("aggregated discovery has an ETag that saves the body", async () => {
  const accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
  const first = await get("/apis", { accept });
  assert.equal(first.response.headers["content-type"], accept);
  const etag = String(first.response.headers["etag"]);
  const second = await get("/apis", { accept, "if-none-match": etag });
  assert.deepEqual([second.code, second.text], [304, ""]);
});

test("every OpenAPI document is there, complete and says that fields are validated", async () => {
  const index = JSON.parse((await get("/openapi/v3")).text) as { paths: Record<string, { serverRelativeURL: string }> };
  for (const { serverRelativeURL } of Object.values(index.paths)) {
    const { code, text } = await get(serverRelativeURL);
    assert.equal(code, 200, serverRelativeURL);
    const schemas = new Set(Object.keys(JSON.parse(text).components.schemas ?? {}));
    for (const [, name] of text.matchAll(/"#\/components\/schemas\/([^"]+)"/g))
      assert.ok(schemas.has(name!), `${serverRelativeURL}: ${name}`);
  }
  const core = JSON.parse((await get("/openapi/v3/api/v1")).text);
  const patch = core.paths["/api/v1/namespaces/{namespace}/configmaps/{name}"].patch;
  assert.ok(patch.parameters.some((each: { name: string }) => each.name === "fieldValidation"));
  assert.deepEqual(patch["x-kubernetes-group-version-kind"], { group: "", version: "v1", kind: "ConfigMap" });
  assert.deepEqual(core.components.schemas["io.k8s.api.core.v1.ConfigMap"]["x-kubernetes-group-version-kind"], [
    { group: "", version: "v1", kind: "ConfigMap" },
  ]);
  const v2 = JSON.parse((await get("/openapi/v2")).text);
  assert.equal(v2.swagger, "2.0");
  assert.ok(v2.definitions["io.k8s.api.core.v1.PodSpec"].properties.containers);
});

test("health says what is checked and what was left out", async () => {
  assert.equal((await get("/readyz")).text, "ok");
  const { text } = await get("/readyz?verbose&exclude=etcd");
  assert.match(text, /^\[\+\]ping ok\n\[\+\]log ok\n\[\+\]etcd excluded: ok\n/);
  assert.match(text, /readyz check passed\n$/);
  assert.equal((await get("/livez/nope")).text, "404 page not found\n");
});

test("metrics count requests", async () => {
  await get("/api/v1/namespaces/default");
  const { text } = await get("/metrics");
  assert.match(
    text,
    /apiserver_request_total\{code="200",component="apiserver",dry_run="",group="",resource="namespaces",scope="resource",subresource="",verb="GET",version="v1"\} \d+/,
  );
});

test("what every cluster has is there after start", async () => {
  for (const name of ["default", "kube-system", "kube-public", "kube-node-lease"])
    assert.equal((await get(`/api/v1/namespaces/${name}`)).code, 200);
  const service = await get("/api/v1/namespaces/default/services/kubernetes");
  assert.equal(service.body["spec"]!["clusterIP"], "10.96.0.1");
  const slice = await get("/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes");
  assert.deepEqual(slice.body["endpoints"]?.[0]?.["addresses"], ["192.0.2.1"]);
  assert.equal(
    (await get("/apis/scheduling.k8s.io/v1/priorityclasses/system-node-critical")).body["value"],
    2_000_001_000,
  );
});

test("a second server of the same store finds all and changes nothing", async () => {
  const revision = server.store.revision();
  const second = await testServer({ store: server.store });
  await second.close();
  assert.equal(server.store.revision(), revision);
});
