// What single kinds make of a request beyond what all kinds do, through a whole server.
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

test("a namespace goes in steps", async () => {
  await at(`POST /api/v1/namespaces`, { body: { metadata: { name: "going" } } });
  const marked = await at(`DELETE /api/v1/namespaces/going`);
  assert.equal(marked.body["status"]!["phase"], "Terminating");
  const late = await at(`POST /api/v1/namespaces/going/configmaps`, { body: { metadata: { name: "late" } } });
  assert.equal(
    late.body["message"],
    'configmaps "late" is forbidden: unable to create new content in namespace going because it is being terminated',
  );
  assert.equal((await at(`DELETE /api/v1/namespaces/going`)).code, 200);
  const finalized = await at(`PUT /api/v1/namespaces/going/finalize`, {
    body: { metadata: { name: "going" }, spec: { finalizers: [] } },
  });
  assert.equal(finalized.code, 200);
  assert.equal((await at(`GET /api/v1/namespaces/going`)).code, 404);
});

test("services get addresses and ports, keep them, and give them back", async () => {
  const services = "/api/v1/namespaces/default/services";
  const spec = { type: "NodePort", ports: [{ port: 80 }], selector: { a: "b" } };
  const { body } = await at(`POST ${services}`, { body: { metadata: { name: "svc" }, spec } });
  const ip = String(body["spec"]!["clusterIP"]);
  const port = Number(body["spec"]!["ports"]?.[0]?.["nodePort"]);
  assert.match(ip, /^10\.96\./);
  assert.ok(port >= 30000 && port <= 32767);
  const kept = await at(`PUT ${services}/svc`, { body: { metadata: { name: "svc" }, spec } });
  assert.deepEqual([kept.body["spec"]!["clusterIP"], kept.body["spec"]!["ports"]?.[0]?.["nodePort"]], [ip, port]);
  const taken = await at(`POST ${services}`, {
    body: { metadata: { name: "twin" }, spec: { clusterIP: ip, ports: [{ port: 80 }] } },
  });
  assert.equal(taken.code, 422);
  assert.match(
    String(taken.body["message"]),
    new RegExp(`failed to allocate IP ${ip}: provided IP is already allocated`),
  );
  await at(`DELETE ${services}/svc`);
  const reused = await at(`POST ${services}`, {
    body: { metadata: { name: "twin" }, spec: { clusterIP: ip, ports: [{ port: 80 }] } },
  });
  assert.equal(reused.code, 201);
});

test("an event is one object under two names", async () => {
  const core = "/api/v1/namespaces/default/events";
  const newer = "/apis/events.k8s.io/v1/namespaces/default/events";
  const posted = await at(`POST ${newer}`, {
    body: {
      metadata: { name: "bound" },
      eventTime: "2026-01-01T00:00:00.000000Z",
      reportingController: "default-scheduler",
      reportingInstance: "s-1",
      action: "Binding",
      reason: "Scheduled",
      regarding: { apiVersion: "v1", kind: "Pod", name: "p", namespace: "default" },
      note: "Successfully assigned",
      type: "Normal",
    },
  });
  assert.equal(posted.code, 201);
  const { body } = await at(`GET ${core}/bound`);
  assert.deepEqual(
    [body["apiVersion"], body["message"], body["involvedObject"]?.["name"], body["reportingComponent"]],
    ["v1", "Successfully assigned", "p", "default-scheduler"],
  );
  const names = async (line: string): Promise<unknown> =>
    ((await at(line)).body["items"] as unknown as { metadata: { name: string } }[]).map(
      ({ metadata }) => metadata.name,
    );
  assert.deepEqual(await names(`GET ${newer}?fieldSelector=regarding.name=p`), ["bound"]);
  assert.deepEqual(await names(`GET ${newer}?fieldSelector=regarding.name=q`), []);
  assert.equal((await at(`GET ${newer}?fieldSelector=involvedObject.name=p`)).code, 400);
  const read = await at(`GET ${newer}/bound`);
  assert.equal(read.body["note"], "Successfully assigned");
});

test("a node keeps the status it is created with, a pod does not", async () => {
  const made = await at("POST /api/v1/nodes", {
    body: { metadata: { name: "n" }, status: { capacity: { cpu: "4" } } },
  });
  assert.deepEqual(made.body["status"]?.["capacity"], { cpu: "4" });
  const claimed = await at("POST /api/v1/namespaces/default/pods", {
    body: {
      metadata: { name: "claims" },
      spec: { containers: [{ name: "c", image: "i" }] },
      status: { phase: "Running" },
    },
  });
  assert.equal(claimed.body["status"]?.["phase"], "Pending");
});

test("an autoscaler is one object in two versions", async () => {
  const [v1, v2] = ["v1", "v2"].map(
    (version) => `/apis/autoscaling/${version}/namespaces/default/horizontalpodautoscalers`,
  );
  const posted = await at(`POST ${v1}`, {
    body: {
      metadata: { name: "web" },
      spec: { scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "web" }, maxReplicas: 3 },
    },
  });
  assert.equal(posted.body["spec"]?.["targetCPUUtilizationPercentage"], 80);
  const { body } = await at(`GET ${v2}/web`);
  assert.deepEqual(body["spec"]?.["metrics"], [
    { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 80 } } },
  ]);
  const patched = await at(`PATCH ${v2}/web`, {
    body: { spec: { minReplicas: 0 } },
    headers: { "content-type": "application/merge-patch+json" },
  });
  assert.equal(patched.code, 422);
});

test("deployments print how many pods are ready", async () => {
  const deployments = "/apis/apps/v1/namespaces/default/deployments";
  const labels = { app: "web" };
  const made = await at(`POST ${deployments}`, {
    body: {
      metadata: { name: "web" },
      spec: {
        replicas: 2,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [{ name: "c", image: "i" }] } },
      },
    },
  });
  assert.deepEqual(made.body["spec"]?.["strategy"], {
    type: "RollingUpdate",
    rollingUpdate: { maxUnavailable: "25%", maxSurge: "25%" },
  });
  const { body } = await at(`GET ${deployments}`, {
    headers: { accept: "application/json;as=Table;v=v1;g=meta.k8s.io" },
  });
  const table = body as unknown as { columnDefinitions: { name: string }[]; rows: { cells: unknown[] }[] };
  assert.deepEqual(table.columnDefinitions.map(({ name }) => name).slice(0, 5), [
    "Name",
    "Ready",
    "Up-to-date",
    "Available",
    "Age",
  ]);
  assert.deepEqual(table.rows[0]?.cells.slice(0, 4), ["web", "0/2", 0, 0]);
});
