// What server-side apply and strategic merge patches say of values that a Go type does not take, and what a PUT creates.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Answered, type Asked, ask } from "../request.fixture.ts";
import { type TestServer, testServer } from "../testing.ts";

let server: TestServer;
const at = (line: string, asked?: Asked): Promise<Answered> => ask(server, line, asked);
const apply = (path: string, body: object): Promise<Answered> =>
  at(`PATCH ${path}`, { body, headers: { "content-type": "application/apply-patch+yaml" } });

before(async () => {
  server = await testServer({ admission: { disable: ["ServiceAccount"] } });
});
after(() => server.close());

const secrets = "/api/v1/namespaces/default/secrets";

test("apply tells of a value that does not fit as upstream's converter does", async () => {
  const { code, body } = await apply(`${secrets}/s?fieldManager=a`, {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "s" },
    data: { a: "!" },
  });
  assert.equal(code, 500);
  assert.equal(
    body["message"],
    "failed to convert new object (/s; /v1, Kind=Secret) to proper version: unable to convert unstructured object to /v1, Kind=Secret: error decoding from json: illegal base64 data at input byte 0",
  );
});

test("an applied integer that its field is too small for loses its upper bits", async () => {
  const { code, body } = await apply("/apis/batch/v1/namespaces/default/jobs/j?fieldManager=a", {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name: "j" },
    spec: {
      ttlSecondsAfterFinished: 2147483648,
      template: { spec: { restartPolicy: "Never", containers: [{ name: "c", image: "i" }] } },
    },
  });
  assert.equal(code, 422);
  assert.match(String(body["message"]), /ttlSecondsAfterFinished: Invalid value: -2147483648/);
});

test("quantities may be applied as numbers", async () => {
  const { code, body } = await apply("/api/v1/namespaces/default/limitranges/l?fieldManager=a&dryRun=All", {
    apiVersion: "v1",
    kind: "LimitRange",
    metadata: { name: "l" },
    spec: { limits: [{ type: "Container", max: { cpu: 2 } }] },
  });
  assert.equal(code, 201);
  const { limits } = body["spec"] as unknown as { limits: readonly { max: { cpu: unknown } }[] };
  assert.equal(limits[0]?.max.cpu, "2");
});

test("a faulty strategic patch is shown without the directives that were followed", async () => {
  await at(`POST ${secrets}`, { body: { metadata: { name: "p" } } });
  const { body } = await at(`PATCH ${secrets}/p`, {
    body: { metadata: { $patch: "replace", name: "p", creationTimestamp: "x" } },
    headers: { "content-type": "application/strategic-merge-patch+json" },
  });
  assert.match(String(body["message"]), /Invalid value: "map\[metadata:map\[creationTimestamp:x name:p\]\]"/);
});

test("PUT creates roles, their bindings and runtime classes; of most kinds it does not", async () => {
  const rbac = "/apis/rbac.authorization.k8s.io/v1";
  const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "view" };
  const node = "/apis/node.k8s.io/v1/runtimeclasses/put";
  const made: readonly (readonly [path: string, rest: object])[] = [
    [`${rbac}/clusterroles/put`, { rules: [] }],
    [`${rbac}/namespaces/default/roles/put`, { rules: [] }],
    [`${rbac}/clusterrolebindings/put`, { roleRef }],
    [`${rbac}/namespaces/default/rolebindings/put`, { roleRef }],
    [node, { handler: "h" }],
  ];
  for (const [path, rest] of made) {
    const { code } = await at(`PUT ${path}`, { body: { metadata: { name: "put" }, ...rest } });
    assert.equal(code, 201, path);
  }
  const { code } = await at(`PUT ${secrets}/put`, { body: { metadata: { name: "put" } } });
  assert.equal(code, 404);
});

test("cluster-scoped kinds with fields of their own know no namespace to select by", async () => {
  const { body } = await at("GET /api/v1/namespaces?fieldSelector=metadata.namespace%3Dx");
  assert.equal(body["message"], "field label not supported: metadata.namespace");
  assert.equal((await at("GET /api/v1/persistentvolumes?fieldSelector=metadata.namespace%3Dx")).code, 200);
});

test("deleting events leaves no finalizers, deleting many jobs warns like deleting one", async () => {
  const events = "/api/v1/namespaces/default/events";
  await at(`POST ${events}`, {
    body: { metadata: { name: "e" }, involvedObject: { kind: "Pod", namespace: "default", name: "p" } },
  });
  await at(`DELETE ${events}/e?propagationPolicy=Foreground`);
  assert.equal((await at(`GET ${events}/e`)).code, 404);
  const { warnings } = await at("DELETE /apis/batch/v1/namespaces/default/jobs");
  assert.match(String(warnings), /child pods are preserved by default/);
});
