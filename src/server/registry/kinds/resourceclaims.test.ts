import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Authorizer } from "../../contract.ts";
import { ask } from "../../request.fixture.ts";
import { type TestServer, testServer } from "../../testing.ts";

const claims = "/apis/resource.k8s.io/v1/namespaces/default/resourceclaims";
const driver = { username: "system:serviceaccount:default:driver", groups: ["system:authenticated"] };
const asked: string[] = [];

/** The driver's account may do what a driver needs, except bind claims. */
const authorizer: Authorizer = {
  async authorize({ user, verb, resource, subresource, namespace, name }) {
    if (user.username !== driver.username) return { decision: "allow", reason: "" };
    asked.push([verb, `${resource}/${subresource}`, namespace, name].join(" "));
    const allowed = subresource === "status" || (subresource === "driver" && name === "gpu.example.com");
    return { decision: allowed ? "allow" : "noOpinion", reason: "" };
  },
  rulesFor: async () => ({ resourceRules: [], nonResourceRules: [], incomplete: false }),
};

const claim = (name: string, adminAccess?: true) => ({
  apiVersion: "resource.k8s.io/v1",
  kind: "ResourceClaim",
  metadata: { name },
  spec: {
    devices: { requests: [{ name: "r", exactly: { deviceClassName: "c", ...(adminAccess ? { adminAccess } : {}) } }] },
  },
});
const result = { request: "r", driver: "gpu.example.com", pool: "p", device: "d" };

let server: TestServer;
before(async () => {
  server = await testServer({ authorizer: () => authorizer });
});
after(() => server.close());

test("admin access takes a label of the namespace", async () => {
  const refused = await ask(server, `POST ${claims}`, { body: claim("admin", true) });
  assert.match(
    String(refused.body["message"]),
    /spec\.devices\.requests\[0\]\.adminAccess: Forbidden: admin access to devices requires the `resource\.kubernetes\.io\/admin-access: true` label on the containing namespace$/,
  );
  await ask(server, "PATCH /api/v1/namespaces/default", {
    body: { metadata: { labels: { "resource.kubernetes.io/admin-access": "true" } } },
    headers: { "content-type": "application/merge-patch+json" },
  });
  assert.equal((await ask(server, `POST ${claims}`, { body: claim("admin", true) })).code, 201);
});

test("who allocates a claim may bind claims, who reports devices may speak for their driver", async () => {
  await ask(server, `POST ${claims}`, { body: claim("one") });
  const patch = (status: object, user?: typeof driver) =>
    ask(server, `PATCH ${claims}/one/status`, {
      body: { status },
      headers: { "content-type": "application/merge-patch+json" },
      ...(user === undefined ? {} : { user }),
    });
  const allocation = { devices: { results: [result] } };
  const refused = await patch({ allocation }, driver);
  assert.equal(refused.code, 422);
  assert.match(
    String(refused.body["message"]),
    /status\.allocation: Forbidden: changing status\.allocation or status\.reservedFor requires resource="resourceclaims\/binding", verb="patch" permission: resourceclaims\.resource\.k8s\.io is forbidden: User "system:serviceaccount:default:driver" cannot patch resource "resourceclaims\/binding" in API group "resource\.k8s\.io" at the cluster scope$/,
  );
  assert.equal((await patch({ allocation })).code, 200);
  asked.length = 0;
  const { request: _request, ...device } = result;
  assert.equal((await patch({ devices: [device] }, driver)).code, 200);
  assert.deepEqual(asked, [
    "patch resourceclaims/status default one",
    "arbitrary-node:patch resourceclaims/driver default gpu.example.com",
  ]);
  const immutable = await patch({ allocation: { devices: { results: [{ ...result, device: "e" }] } } });
  assert.match(
    String(immutable.body["message"]),
    /status\.allocation: Invalid value: \{"Devices":.*field is immutable/,
  );
  await patch({ allocation: null });
  assert.equal((await ask(server, `GET ${claims}/one`)).body["status"]!["devices"], undefined);
});

test("one claim in three versions", async () => {
  const versions = ["v1beta1", "v1beta2"];
  const runtimeConfig = Object.fromEntries(versions.map((version) => [`resource.k8s.io/${version}`, "true"]));
  const beta = await testServer({ runtimeConfig });
  try {
    const path = (version: string) => `/apis/resource.k8s.io/${version}/namespaces/default/resourceclaims`;
    const requests = [{ name: "r", deviceClassName: "c" }];
    const body = {
      apiVersion: "resource.k8s.io/v1beta1",
      kind: "ResourceClaim",
      metadata: { name: "b" },
      spec: { devices: { requests } },
    };
    const created = await ask(beta, `POST ${path("v1beta1")}`, { body });
    assert.deepEqual(created.body["spec"]!["devices"]!["requests"], [
      { name: "r", deviceClassName: "c", allocationMode: "ExactCount", count: 1 },
    ]);
    for (const version of ["v1", "v1beta2"]) {
      const read = await ask(beta, `GET ${path(version)}/b`);
      assert.equal(read.body["apiVersion"], `resource.k8s.io/${version}`);
      assert.deepEqual(read.body["spec"]!["devices"]!["requests"], [
        { name: "r", exactly: { deviceClassName: "c", allocationMode: "ExactCount", count: 1 } },
      ]);
    }
    const nameless = { ...body, metadata: { name: "n" }, spec: { devices: { requests: [{ name: "r" }] } } };
    assert.match(
      String((await ask(beta, `POST ${path("v1beta1")}`, { body: nameless })).body["message"]),
      /spec\.devices\.requests\[0\]: Required value: exactly one of `exactly` or `firstAvailable` is required$/,
    );
  } finally {
    await beta.close();
  }
});
