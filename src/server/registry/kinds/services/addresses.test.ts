import assert from "node:assert/strict";
import { test } from "node:test";
import { MetricRegistry } from "../../../../base/index.ts";
import { ask } from "../../../request.fixture.ts";
import { type TestServer, testServer } from "../../../testing.ts";

const services = "/api/v1/namespaces/default/services";
const addresses = "/apis/networking.k8s.io/v1/ipaddresses";
const ranges = "/apis/networking.k8s.io/v1/servicecidrs";
const port = [{ port: 80 }];

async function using(
  options: Parameters<typeof testServer>[0],
  body: (server: TestServer) => Promise<void>,
): Promise<void> {
  const server = await testServer(options);
  try {
    await body(server);
  } finally {
    await server.close();
  }
}

const make = (server: TestServer, name: string, spec: object, query = "") =>
  ask(server, `POST ${services}${query}`, { body: { metadata: { name }, spec: { ports: port, ...spec } } });
const names = async (server: TestServer): Promise<string[]> => {
  const { body } = await ask(server, `GET ${addresses}`);
  return (body["items"] as unknown as { metadata: { name: string } }[]).map(({ metadata }) => metadata.name).sort();
};
const addRange = (server: TestServer, name: string, ...cidrs: string[]) =>
  ask(server, `POST ${ranges}`, {
    body: { apiVersion: "networking.k8s.io/v1", kind: "ServiceCIDR", metadata: { name }, spec: { cidrs } },
  });

test("a service's address is an object that goes with it", () =>
  using({}, async (server) => {
    assert.deepEqual(await names(server), ["10.96.0.1"]);
    const made = await make(server, "a", { clusterIP: "10.96.1.7" });
    assert.equal(made.code, 201);
    const { body } = await ask(server, `GET ${addresses}/10.96.1.7`);
    assert.deepEqual(body["spec"], { parentRef: { resource: "services", namespace: "default", name: "a" } });
    assert.deepEqual(body["metadata"]!["labels"], {
      "ipaddress.kubernetes.io/ip-family": "IPv4",
      "ipaddress.kubernetes.io/managed-by": "ipallocator.k8s.io",
    });
    assert.equal(body["metadata"]!["managedFields"]![0]!["manager"], "kube-apiserver");
    await ask(server, `DELETE ${services}/a`);
    assert.deepEqual(await names(server), ["10.96.0.1"]);
  }));

test("nothing is left of a write that fails or is tried only", () =>
  using({}, async (server) => {
    assert.equal((await make(server, "a", {}, "?dryRun=All")).body["spec"]!["clusterIP"] as unknown, "10.96.0.0");
    assert.equal((await make(server, "kubernetes", {})).code, 409);
    assert.equal((await make(server, "a", { ports: [] })).code, 422);
    assert.deepEqual(await names(server), ["10.96.0.1"]);
  }));

test("a service that becomes an ExternalName gives its address back, and gets another afterwards", () =>
  using({}, async (server) => {
    await make(server, "a", { clusterIP: "10.96.1.7" });
    const change = (spec: object) =>
      ask(server, `PATCH ${services}/a`, {
        body: { spec },
        headers: { "content-type": "application/merge-patch+json" },
      });
    const outside = await change({ type: "ExternalName", externalName: "a.example", clusterIP: "", clusterIPs: null });
    assert.equal(outside.code, 200, outside.text);
    assert.deepEqual(await names(server), ["10.96.0.1"]);
    const inside = await change({ type: "ClusterIP", externalName: null });
    assert.equal(inside.code, 200, inside.text);
    assert.deepEqual(await names(server), ["10.96.0.1", String(inside.body["spec"]!["clusterIP"])].sort());
  }));

test("addresses come from every ServiceCIDR that is ready, and from no other", () =>
  using({ serviceClusterIPRange: "10.96.0.0/30" }, async (server) => {
    assert.equal((await make(server, "a", {})).body["spec"]!["clusterIP"] as unknown, "10.96.0.2");
    const full = await make(server, "b", {});
    assert.equal(full.code, 500);
    assert.match(String(full.body["message"]), /failed to allocate a serviceIP for Service "b": range is full/);
    const outside = await make(server, "b", { clusterIP: "10.97.0.9" });
    assert.match(
      String(outside.body["message"]),
      /failed to allocate IP 10.97.0.9: the provided network does not match the current range/,
    );
    await addRange(server, "more", "10.97.0.0/28");
    assert.match(String((await make(server, "b", {})).body["spec"]!["clusterIP"]), /^10\.97\.0\./);
    const asked = await make(server, "c", { clusterIP: "10.97.0.0" });
    assert.match(
      String(asked.body["message"]),
      /failed to allocate IP 10.97.0.0: the provided network does not match the current range/,
    );
    const status = {
      conditions: [
        { type: "Ready", status: "False", reason: "", message: "", lastTransitionTime: "2026-01-01T00:00:00Z" },
      ],
    };
    const told = await ask(server, `PATCH ${ranges}/more/status`, {
      body: { status },
      headers: { "content-type": "application/merge-patch+json" },
    });
    assert.equal(told.code, 200, told.text);
    assert.equal((await make(server, "d", {})).code, 500);
  }));

test("an address that somebody has as an object is nobody else's", () =>
  using({ serviceClusterIPRange: "10.96.0.0/29" }, async (server) => {
    const body = {
      apiVersion: "networking.k8s.io/v1",
      kind: "IPAddress",
      metadata: { name: "10.96.0.3" },
      spec: {
        parentRef: { group: "gateway.networking.k8s.io", resource: "gateways", name: "g", namespace: "default" },
      },
    };
    assert.equal((await ask(server, `POST ${addresses}`, { body })).code, 201);
    const asked = await make(server, "a", { clusterIP: "10.96.0.3" });
    assert.equal(asked.code, 422);
    assert.match(String(asked.body["message"]), /failed to allocate IP 10.96.0.3: provided IP is already allocated/);
    const given: unknown[] = [];
    for (const name of ["a", "b", "c", "d"]) given.push((await make(server, name, {})).body["spec"]!["clusterIP"]);
    assert.deepEqual(given.sort(), ["10.96.0.2", "10.96.0.4", "10.96.0.5", "10.96.0.6"]);
    assert.equal((await make(server, "e", {})).code, 500);
  }));

test("the object decides: without it the address is free, whatever a service says", () =>
  using({}, async (server) => {
    await make(server, "a", { clusterIP: "10.96.1.7" });
    await ask(server, `DELETE ${addresses}/10.96.1.7`);
    assert.equal((await make(server, "b", { clusterIP: "10.96.1.7" })).code, 201);
  }));

test("two families, two objects; the second goes with its family", () =>
  using({ serviceClusterIPRange: "10.96.0.0/24,fd00::/108" }, async (server) => {
    const made = await make(server, "a", {
      ipFamilyPolicy: "PreferDualStack",
      clusterIP: "10.96.0.9",
      clusterIPs: ["10.96.0.9", "fd00::0:9"],
    });
    assert.equal(made.code, 201, made.text);
    assert.deepEqual(await names(server), ["10.96.0.1", "10.96.0.9", "fd00::9"]);
    const single = await ask(server, `PATCH ${services}/a`, {
      body: { spec: { ipFamilyPolicy: "SingleStack" } },
      headers: { "content-type": "application/merge-patch+json" },
    });
    assert.equal(single.code, 200, single.text);
    assert.deepEqual(await names(server), ["10.96.0.1", "10.96.0.9"]);
  }));

test("what was given is counted under upstream's names", async () => {
  const metrics = new MetricRegistry();
  await using({ metrics }, async (server) => {
    await make(server, "a", {});
    await make(server, "b", { clusterIP: "10.96.0.1" });
    const text = metrics.render();
    for (const line of [
      'kube_apiserver_clusterip_allocator_allocated_ips{cidr="10.96.0.0/16"} 2',
      'kube_apiserver_clusterip_allocator_available_ips{cidr="10.96.0.0/16"} 65532',
      'kube_apiserver_clusterip_allocator_allocation_total{cidr="10.96.0.0/16",scope="dynamic"} 1',
      'kube_apiserver_clusterip_allocator_allocation_errors_total{cidr="10.96.0.0/16",scope="static"} 1',
    ])
      assert.ok(text.includes(`${line}\n`), line);
  });
});
