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
