// Kinds that are served only when their version is on and, of some, their gate.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ask } from "../../request.fixture.ts";
import { type TestServer, testServer } from "../../testing.ts";

let server: TestServer;
before(async () => {
  server = await testServer({
    runtimeConfig: { "api/all": "true" },
    featureGates: {
      ClusterTrustBundle: true,
      StorageVersionMigrator: true,
      GenericWorkload: true,
    },
  });
});
after(() => server.close());

const table: readonly {
  readonly path: string;
  readonly kind: string;
  readonly spec: object;
  readonly found: RegExp;
}[] = [
  {
    path: "/apis/coordination.k8s.io/v1beta1/namespaces/default/leasecandidates",
    kind: "LeaseCandidate",
    spec: { leaseName: "l", binaryVersion: "1.2.3", emulationVersion: "1.3.0", strategy: "OldestEmulationVersion" },
    found: /spec\.binaryVersion: Invalid value: "1\.2\.3": must be greater than or equal to `emulationVersion`$/,
  },
  {
    path: "/apis/coordination.k8s.io/v1alpha2/namespaces/default/leasecandidates",
    kind: "LeaseCandidate",
    spec: { leaseName: "l", binaryVersion: "1.2", strategy: "Newest" },
    found:
      /\[spec\.binaryVersion: Invalid value: "1\.2": must be a valid semantic version, spec\.strategy\.strategy: Unsupported value: "Newest": supported values: "OldestEmulationVersion"\]$/,
  },
  {
    path: "/apis/resource.k8s.io/v1beta2/devicetaintrules",
    kind: "DeviceTaintRule",
    spec: { deviceSelector: { driver: "" }, taint: { key: "k", effect: "Often" } },
    found:
      /\[spec\.deviceSelector\.driver: Required value, spec\.taint\.effect: Unsupported value: "Often": supported values: "NoExecute", "NoSchedule", "None"\]$/,
  },
  {
    path: "/apis/storagemigration.k8s.io/v1beta1/storageversionmigrations",
    kind: "StorageVersionMigration",
    spec: {},
    found: /spec\.resource\.resource: Required value: resource is required to be set$/,
  },
  {
    path: "/apis/networking.k8s.io/v1beta1/servicecidrs",
    kind: "ServiceCIDR",
    spec: {},
    found: /spec\.cidrs: Required value: at least one CIDR required$/,
  },
  {
    path: "/apis/scheduling.k8s.io/v1alpha2/namespaces/default/workloads",
    kind: "Workload",
    spec: { podGroupTemplates: [{ name: "A", schedulingPolicy: { basic: {}, gang: { minCount: -1 } } }] },
    found:
      /schedulingPolicy: Invalid value: "\{basic, gang\}": must specify exactly one of: `basic`, `gang`, spec\.podGroupTemplates\[0\]\.schedulingPolicy\.gang\.minCount: Invalid value: -1: must be greater than or equal to 1\]$/,
  },
  {
    path: "/apis/scheduling.k8s.io/v1alpha2/namespaces/default/podgroups",
    kind: "PodGroup",
    spec: { podGroupTemplateRef: {}, schedulingPolicy: {} },
    found:
      /\[spec\.podGroupTemplateRef: Invalid value: "": must specify one of: `workload`, spec\.schedulingPolicy: Invalid value: "": must specify one of: `basic`, `gang`\]$/,
  },
  {
    path: "/apis/resource.k8s.io/v1alpha3/resourcepoolstatusrequests",
    kind: "ResourcePoolStatusRequest",
    spec: { driver: "d", poolName: "a//b", limit: 1001 },
    found:
      /\[spec\.poolName: Invalid value: "a\/\/b": segment 1: must not be empty, spec\.limit: Invalid value: 1001: must be less than or equal to 1000\]$/,
  },
  {
    path: "/apis/certificates.k8s.io/v1beta1/clustertrustbundles",
    kind: "ClusterTrustBundle",
    spec: { trustBundle: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" },
    found: /spec\.trustBundle: Invalid value: "<value omitted>": entry 0 does not parse as X\.509$/,
  },
];

for (const { path, kind, spec, found } of table)
  test(`${kind} at ${path} is judged`, async () => {
    const apiVersion = path.split("/").slice(2, 4).join("/");
    const { code, body } = await ask(server, `POST ${path}`, {
      body: { apiVersion, kind, metadata: { name: "x" }, spec },
    });
    assert.equal(code, 422);
    assert.match(String(body["message"]), found);
  });

test("the hash of a kind that upstream stores in its alpha is that of the alpha", async () => {
  for (const version of ["v1alpha3", "v1beta2"]) {
    const { body } = await ask(server, `GET /apis/resource.k8s.io/${version}`);
    const resources = body["resources"] as unknown as { name: string; storageVersionHash?: string }[];
    assert.equal(resources.find(({ name }) => name === "devicetaintrules")?.storageVersionHash, "DJ3UJ0fj8MI=");
  }
});

test("the time of a device taint is that of its effect", async () => {
  const path = "/apis/resource.k8s.io/v1alpha3/devicetaintrules";
  const timeAdded = "2020-01-01T00:00:00Z";
  const body = (effect: string) => ({
    apiVersion: "resource.k8s.io/v1alpha3",
    kind: "DeviceTaintRule",
    metadata: { name: "t" },
    spec: { taint: { key: "k", effect, timeAdded } },
  });
  const created = await ask(server, `POST ${path}`, { body: body("NoSchedule") });
  assert.equal(created.body["spec"]!["taint"]!["timeAdded"], timeAdded);
  const kept = await ask(server, `PUT ${path}/t`, { body: body("NoSchedule") });
  assert.equal(kept.body["spec"]!["taint"]!["timeAdded"], timeAdded);
  const changed = await ask(server, `PUT ${path}/t`, { body: body("NoExecute") });
  assert.notEqual(changed.body["spec"]!["taint"]!["timeAdded"], timeAdded);
  assert.equal(changed.body["metadata"]!["generation"], 2);
});

test("a migration's outcome is final", async () => {
  const path = "/apis/storagemigration.k8s.io/v1beta1/storageversionmigrations";
  const spec = { resource: { group: "apps", resource: "deployments" } };
  const body = {
    apiVersion: "storagemigration.k8s.io/v1beta1",
    kind: "StorageVersionMigration",
    metadata: { name: "m" },
    spec,
  };
  await ask(server, `POST ${path}`, { body });
  const condition = (status: string) => ({
    status: {
      conditions: [
        { type: "Succeeded", status, reason: "Done", message: "", lastTransitionTime: "2026-01-01T00:00:00Z" },
      ],
    },
  });
  const headers = { "content-type": "application/merge-patch+json" };
  assert.equal((await ask(server, `PATCH ${path}/m/status`, { body: condition("True"), headers })).code, 200);
  const refused = await ask(server, `PATCH ${path}/m/status`, { body: condition("False"), headers });
  assert.match(String(refused.body["message"]), /Success condition cannot be set to false once it is true$/);
  const accept = "application/json;as=Table;g=meta.k8s.io;v=v1";
  const shown = JSON.parse((await ask(server, `GET ${path}/m`, { headers: { accept } })).text) as {
    rows: { cells: string[] }[];
  };
  assert.deepEqual(shown.rows[0]?.cells, ["m", "deployments.apps", "Succeeded"]);
});

test("a storage version says what its servers have in common", async () => {
  const path = "/apis/internal.apiserver.k8s.io/v1alpha1/storageversions";
  const body = (name: string) => ({
    apiVersion: "internal.apiserver.k8s.io/v1alpha1",
    kind: "StorageVersion",
    metadata: { name },
    spec: {},
  });
  const unnamed = await ask(server, `POST ${path}`, { body: body("pods") });
  assert.match(
    String(unnamed.body["message"]),
    /metadata\.name: Invalid value: "pods": name must be in the form of <group>\.<resource>$/,
  );
  assert.equal((await ask(server, `POST ${path}`, { body: body("apps.deployments") })).code, 201);
  const servers = [{ apiServerID: "a", encodingVersion: "apps/v1", decodableVersions: ["apps/v1"] }];
  const refused = await ask(server, `PATCH ${path}/apps.deployments/status`, {
    body: { status: { storageVersions: servers } },
    headers: { "content-type": "application/merge-patch+json" },
  });
  assert.match(
    String(refused.body["message"]),
    /status\.commonEncodingVersion: Invalid value: null: the common encoding version is apps\/v1$/,
  );
});

test("a pod group needs the workload and the template that it names, and is protected", async () => {
  const namespace = "/apis/scheduling.k8s.io/v1alpha2/namespaces/default";
  const create = (kind: string, spec: object) =>
    ask(server, `POST ${namespace}/${kind.toLowerCase()}s`, {
      body: { apiVersion: "scheduling.k8s.io/v1alpha2", kind, metadata: { name: "g" }, spec },
    });
  const group = (podGroupTemplateName: string) =>
    create("PodGroup", {
      schedulingPolicy: { basic: {} },
      podGroupTemplateRef: { workload: { workloadName: "g", podGroupTemplateName } },
    });
  assert.match(String((await group("t")).body["message"]), /PodGroup rejected: Workload "g" not found$/);
  await create("Workload", { podGroupTemplates: [{ name: "t", schedulingPolicy: { gang: { minCount: 2 } } }] });
  assert.match(
    String((await group("u")).body["message"]),
    /PodGroup rejected: PodGroupTemplate "u" not found in Workload "g"$/,
  );
  const made = await group("t");
  assert.deepEqual(made.body["metadata"]!["finalizers"], ["scheduling.k8s.io/podgroup-protection"]);
});

test("what passes away is told with every use", async () => {
  const warning = async (path: string) => (await ask(server, `GET /apis/${path}`, {})).warnings;
  assert.match(
    (await warning("storage.k8s.io/v1beta1/volumeattributesclasses")).join(),
    /is deprecated in v1\.34\+, unavailable in v1\.37\+; use storage\.k8s\.io\/v1 VolumeAttributesClass/,
  );
  assert.deepEqual(await warning("scheduling.k8s.io/v1alpha2/podgroups"), []);
});
