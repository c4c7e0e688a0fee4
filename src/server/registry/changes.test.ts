// What single kinds make of a change, through a whole server.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Answered, type Asked, ask } from "../request.fixture.ts";
import { type TestServer, testServer } from "../testing.ts";

let server: TestServer;
const at = (line: string, asked?: Asked): Promise<Answered> => ask(server, line, asked);
before(async () => {
  server = await testServer({ admission: { disable: ["ServiceAccount"] } });
});
after(() => server.close());

test("a status that is put keeps a DaemonSet's count of templates", async () => {
  const sets = "/apis/apps/v1/namespaces/default/daemonsets";
  const labels = { app: "a" };
  const body = {
    metadata: { name: "d" },
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: "c", image: "i" }] } },
    },
  };
  assert.equal((await at(`POST ${sets}`, { body })).code, 201);
  const { code, body: put, text } = await at(`PUT ${sets}/d/status`, { body: { ...body, status: { numberReady: 1 } } });
  assert.equal(code, 200, text);
  const annotations = put["metadata"]?.["annotations"] as unknown as Record<string, string>;
  assert.equal(annotations["deprecated.daemonset.template.generation"], "1");
});

test("a claim that names a group of its source may come to name any", async () => {
  const claims = "/api/v1/namespaces/default/persistentvolumeclaims";
  const claim = (name: string, dataSource: object): object => ({
    metadata: { name },
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } }, dataSource },
  });
  const sources = {
    claim: { kind: "PersistentVolumeClaim", name: "s" },
    snapshot: { apiGroup: "snapshot.storage.k8s.io", kind: "VolumeSnapshot", name: "s" },
  };
  for (const [name, source] of Object.entries(sources)) {
    const made = await at(`POST ${claims}`, { body: claim(name, source) });
    assert.equal(made.code, 201);
    assert.equal((made.body["spec"] as unknown as Record<string, { kind: string }>)["dataSource"]?.kind, source.kind);
    const { text } = await at(`PUT ${claims}/${name}`, { body: claim(name, { ...source, apiGroup: "a/b" }) });
    assert.match(text, /spec is immutable after creation/);
    assert.equal(/spec.dataSource.apiGroup: Invalid value/.test(text), name === "claim");
  }
});

test("each of two drivers of one name is compared with the old one", async () => {
  const nodes = "/apis/storage.k8s.io/v1/csinodes";
  const node = (...drivers: object[]): object => ({ metadata: { name: "n" }, spec: { drivers } });
  const driver = { name: "d.example.com", nodeID: "n" };
  const made = await at(`POST ${nodes}`, { body: node(driver) });
  assert.equal(made.code, 201);
  const resourceVersion = made.body["metadata"]?.["resourceVersion"];
  const two = { ...node({ ...driver, nodeID: "x" }, driver), metadata: { name: "n", resourceVersion } };
  const { text } = await at(`PUT ${nodes}/n`, { body: two });
  assert.match(text, /spec.drivers\[1\].name: Duplicate value/);
  assert.match(text, /field is immutable/);
});

test("options of a delete: no preconditions but what is named, and dependents of a namespace", async () => {
  const maps = "/api/v1/namespaces/gone/configmaps";
  assert.equal((await at("POST /api/v1/namespaces", { body: { metadata: { name: "gone" } } })).code, 201);
  assert.equal((await at(`POST ${maps}`, { body: { metadata: { name: "a" } } })).code, 201);
  assert.equal((await at(`DELETE ${maps}?resourceVersion=&uid=`)).code, 200);
  assert.equal((await at(`GET ${maps}/a`)).code, 404);
  const { body } = await at("DELETE /api/v1/namespaces/gone", { body: { orphanDependents: false } });
  assert.deepEqual(body["metadata"]?.["finalizers"], ["foregroundDeletion"]);
});

test("rows of FlowSchemas stand in the order in which they are matched", async () => {
  const schemas = "/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas";
  for (const [name, matchingPrecedence] of Object.entries({ a: 9000, b: 3, c: 3 })) {
    const spec = { matchingPrecedence, priorityLevelConfiguration: { name: "exempt" } };
    const { code, text } = await at(`POST ${schemas}`, { body: { metadata: { name }, spec } });
    assert.equal(code, 201, text);
  }
  const { body } = await at(`GET ${schemas}`, {
    headers: { accept: "application/json;as=Table;v=v1;g=meta.k8s.io" },
  });
  const names = (body as unknown as { rows: { cells: string[] }[] }).rows.map(({ cells }) => cells[0]);
  assert.deepEqual(
    names.filter((name) => name!.length === 1),
    ["b", "c", "a"],
  );
});

test("events of a revision that is still to come are not waited for", async () => {
  const { code, body } = await at("GET /apis/events.k8s.io/v1/events?resourceVersion=999999999");
  assert.equal(code, 504);
  assert.equal(body["details"]?.["retryAfterSeconds"], undefined);
});

test("a group is told by every method", async () => {
  assert.equal((await at("DELETE /apis/batch")).body["name"], "batch");
  assert.equal((await at("DELETE /apis/batch/v1")).code, 405);
});

test("causes in a volume's metadata are counted as upstream counts them", async () => {
  const volumes = "/api/v1/persistentvolumes";
  const volume = (finalizers: string[]): object => ({
    metadata: { name: "v", finalizers },
    spec: { capacity: { storage: "1Gi" }, accessModes: ["ReadWriteOnce"], hostPath: { path: "/x" } },
  });
  assert.equal((await at(`POST ${volumes}`, { body: volume(["a.b/c"]) })).code, 201);
  const causes = ({ text }: Answered): number =>
    (JSON.parse(text) as { details: { causes: object[] } }).details.causes.length;
  const both = await at(`PUT ${volumes}/v`, { body: volume(["foregroundDeletion", "orphan"]) });
  assert.equal(causes(both), 3);
  assert.equal((await at(`DELETE ${volumes}/v`)).code, 200);
  const later = await at(`PUT ${volumes}/v`, { body: volume(["a.b/c", "x.y/z"]) });
  assert.equal(causes(later), 1);
});
