// The published documents against what upstream publishes, beyond the recorded answers.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type TestServer, testServer } from "../testing.ts";
import { encodeV2 } from "./v2-protobuf.ts";
import { versionDocument, versionProtobuf } from "./v3.fixture.ts";
import { encodeV3 } from "./v3-protobuf.ts";

let server: TestServer;
before(async () => {
  server = await testServer();
});
after(() => server.close());

async function get(path: string, headers: Record<string, string> = {}) {
  const mark = path.indexOf("?");
  const response = await server.handle(
    {
      method: "GET",
      path: mark < 0 ? path : path.slice(0, mark),
      ...(mark < 0 ? {} : { query: new URLSearchParams(path.slice(mark + 1)) }),
      headers,
    },
    { kind: "user", user: { username: "admin", groups: ["system:masters"] } },
  );
  const bytes = Buffer.concat(response.bytes ?? []);
  return { ...response, bytes, json: <T>(): T => JSON.parse(bytes.toString()) as T };
}

interface Document {
  readonly paths: Record<string, Record<string, { operationId: string } & Record<string, unknown>>>;
  readonly components: { readonly schemas: Record<string, { properties: Record<string, unknown> }> };
  readonly definitions: Record<string, { properties: Record<string, unknown> }>;
}

const operations: readonly (readonly [document: string, path: string, method: string, id: string])[] = [
  ["api/v1", "/api/v1/", "get", "getCoreV1APIResources"],
  ["apis/apps", "/apis/apps/", "get", "getAppsAPIGroup"],
  ["api/v1", "/api/v1/pods", "get", "listCoreV1PodForAllNamespaces"],
  ["api/v1", "/api/v1/watch/pods", "get", "watchCoreV1PodListForAllNamespaces"],
  ["api/v1", "/api/v1/watch/namespaces/{namespace}/pods/{name}", "get", "watchCoreV1NamespacedPod"],
  ["api/v1", "/api/v1/namespaces/{namespace}/pods", "delete", "deleteCoreV1CollectionNamespacedPod"],
  ["api/v1", "/api/v1/namespaces/{namespace}/pods/{name}/log", "get", "readCoreV1NamespacedPodLog"],
  ["api/v1", "/api/v1/namespaces/{namespace}/pods/{name}/exec", "post", "connectCoreV1PostNamespacedPodExec"],
  ["api/v1", "/api/v1/nodes/{name}/proxy/{path}", "head", "connectCoreV1HeadNodeProxyWithPath"],
  ["api/v1", "/api/v1/namespaces/{name}/finalize", "put", "replaceCoreV1NamespaceFinalize"],
  [
    "apis/rbac.authorization.k8s.io/v1",
    "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    "post",
    "createRbacAuthorizationV1ClusterRole",
  ],
  ["version", "/version/", "get", "getCodeVersion"],
];
for (const [document, path, method, id] of operations)
  test(`${id} in both documents`, async () => {
    const v3 = (await get(`/openapi/v3/${document}`)).json<Document>();
    assert.equal(v3.paths[path]?.[method]?.operationId, id);
    const v2 = (await get("/openapi/v2")).json<Document>();
    assert.equal(v2.paths[path]?.[method]?.operationId, id);
  });

test("what kubectl before 1.27 looks for stands with every operation of version 2", async () => {
  const { paths } = (await get("/openapi/v2")).json<Document>();
  const patched = Object.entries(paths).flatMap(([path, { patch }]) =>
    patch?.operationId.startsWith("patch") ? [[path, patch] as const] : [],
  );
  assert.ok(patched.length > 50);
  for (const [path, { parameters }] of patched)
    for (const name of ["dryRun", "fieldValidation"])
      assert.ok(
        (parameters as { name?: string; in: string }[]).some((each) => each.name === name && each.in === "query"),
        `${name} of ${path}`,
      );
});

test("defaults of Go's zero values are in version 3 alone", async () => {
  const v3 = (await get("/openapi/v3/apis/apps/v1")).json<Document>().components.schemas;
  const ref = (name: string): object => ({ allOf: [{ $ref: `#/components/schemas/io.k8s.api.${name}` }] });
  const spec = v3["io.k8s.api.apps.v1.DeploymentSpec"]!.properties;
  assert.deepEqual(unworded(spec["template"]), { default: {}, ...ref("core.v1.PodTemplateSpec") });
  const container = v3["io.k8s.api.core.v1.Container"]!.properties;
  assert.deepEqual(unworded(container["name"]), { type: "string", default: "" });
  assert.deepEqual(unworded(container["args"]), {
    type: "array",
    items: { type: "string", default: "" },
    "x-kubernetes-list-type": "atomic",
  });
  assert.deepEqual(unworded(container["lifecycle"]), ref("core.v1.Lifecycle"));
  const v2 = (await get("/openapi/v2")).json<Document>().definitions;
  assert.deepEqual(unworded(v2["io.k8s.api.core.v1.Container"]!.properties["name"]), { type: "string" });
});

/** A field's schema without its description, which it must have. */
const unworded = (field: unknown): unknown => {
  const { description, ...rest } = field as Record<string, unknown>;
  assert.equal(typeof description, "string");
  return rest;
};

test("documents are kept by clients: hash URLs, ETags, 304", async () => {
  const index = (await get("/openapi/v3")).json<{ paths: Record<string, { serverRelativeURL: string }> }>();
  const url = index.paths["apis/apps/v1"]!.serverRelativeURL;
  const whole = await get(url);
  assert.equal(whole.headers["cache-control"], "public, immutable");
  const etag = whole.headers["etag"] as string;
  assert.equal((await get(url, { "if-none-match": etag })).status, 304);
  const stale = await get("/openapi/v3/apis/apps/v1?hash=0");
  assert.deepEqual([stale.status, stale.headers["location"]], [301, url]);
  assert.equal((await get("/openapi/v2", { accept: "text/html" })).status, 406);
});

test("version 2 as protobuf", async () => {
  const type = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
  const answer = await get("/openapi/v2", { accept: "application/com.github.proto-openapi.spec.v2@v1.0+protobuf" });
  assert.equal(answer.headers["content-type"], type);
  assert.equal(answer.bytes.subarray(0, 5).toString("hex"), "0a03322e30");
  const bytes = encodeV2({
    swagger: "2.0",
    info: { title: "T", version: "1" },
    paths: {},
    definitions: { a: { type: "object", required: ["b"], "x-k": "v" } },
  });
  const document = ["0a03322e30", "12060a0154120131", "4200"]; // swagger, info, paths
  const oneType = "b201080a066f626a656374"; // a list of one type
  const hex = Buffer.from(bytes).toString("hex");
  assert.ok(hex.startsWith(document.join("")), hex);
  assert.ok(hex.includes(`9a010162${oneType}`), hex);
});

test("version 3 as protobuf", async () => {
  assert.equal(Buffer.from(encodeV3(versionDocument)).toString("base64"), versionProtobuf);
  const type = "application/com.github.proto-openapi.spec.v3.v1.0+protobuf";
  for (const path of ["/openapi/v3/version", "/openapi/v3/api/v1"]) {
    const answer = await get(path, { accept: "application/com.github.proto-openapi.spec.v3@v1.0+protobuf" });
    assert.deepEqual([answer.status, answer.headers["content-type"]], [200, type]);
    assert.equal(answer.bytes.subarray(0, 7).toString(), "\n\u00053.0.0");
    assert.ok(answer.bytes.includes("Bearer Token authentication"));
    assert.equal((await get(path)).headers["content-type"], "application/json");
  }
});
