// The proxy from objects to packets: Services and EndpointSlices in caches, the recorded backend at the other end.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { EndpointSlice, Node, Service } from "../../api/index.ts";
import { MetricRegistry, silentLogger } from "../../base/index.ts";
import { createCache } from "../../client/cache.ts";
import type { InformerFactory } from "../../client/index.ts";
import type { KubeObject } from "../../machinery/index.ts";
import type { ProxyBackend } from "./backend.ts";
import { createProxy } from "./proxy.ts";
import { recordedWorld } from "./recorded-world.fixture.ts";

const meta = (name: string, labels?: Record<string, string>) => ({
  name,
  namespace: "ns",
  uid: name,
  resourceVersion: "1",
  creationTimestamp: "",
  ...(labels === undefined ? {} : { labels }),
});

const service = (over: Partial<Service["spec"]> = {}): Service => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: meta("web"),
  spec: {
    type: "NodePort",
    clusterIP: "10.96.0.5",
    clusterIPs: ["10.96.0.5"],
    ports: [{ port: 80, protocol: "TCP", nodePort: 30_080 }],
    ...over,
  },
});

/** Pods by the last number of their address, each on the node that is named. */
const slice = (
  pods: Readonly<Record<number, string>>,
  over: { protocol?: "TCP" | "UDP"; port?: number } = {},
): EndpointSlice => ({
  apiVersion: "discovery.k8s.io/v1",
  kind: "EndpointSlice",
  metadata: meta("web-1", { "kubernetes.io/service-name": "web" }),
  addressType: "IPv4",
  endpoints: Object.entries(pods).map(([last, nodeName]) => ({ addresses: [`10.77.0.${last}`], nodeName })),
  ports: [{ name: "", port: over.port ?? 8080, protocol: over.protocol ?? "TCP" }],
});

/** Fails as often as it is told to before it takes what it is given. */
function start(failures = 0) {
  const world = recordedWorld(5);
  const recorded = world.backend() as ReturnType<typeof world.backend> & { readonly flows: readonly object[] };
  let left = failures;
  let applied = 0;
  let closed = false;
  const backend: ProxyBackend = {
    ...recorded,
    async apply(plans) {
      if (left-- > 0) throw new Error("nft refused the rules");
      applied++;
      await recorded.apply(plans);
    },
    async close() {
      closed = true;
    },
  };
  const caches = new Map<string, ReturnType<typeof createCache<KubeObject>>>();
  const cacheOf = (resource: string) => {
    const found = caches.get(resource) ?? createCache<KubeObject>((error) => assert.fail(String(error)));
    caches.set(resource, found);
    return found;
  };
  const informers = {
    informer: (kind: { resource: string }) => ({ ...cacheOf(kind.resource), whenSynced: async () => {} }),
  } as unknown as InformerFactory;
  const ended = new AbortController();
  const proxy = createProxy({
    informers,
    backend,
    nodeName: "here",
    nodeAddresses: ["10.78.0.1", "127.0.0.1"],
    clock: world.clock,
    log: silentLogger,
    metrics: new MetricRegistry(),
  });
  const running = proxy.run(ended.signal);
  return {
    world,
    proxy,
    recorded,
    services: cacheOf("services"),
    slices: cacheOf("endpointslices"),
    nodes: cacheOf("nodes"),
    applied: () => applied,
    closed: () => closed,
    async end() {
      ended.abort();
      await running;
    },
  };
}

test("a Service with endpoints is reached; what changes within a moment is applied at once", async () => {
  const { world, services, slices, proxy, applied, end, closed } = start();
  await world.clock.advance(100);
  assert.equal(proxy.healthy(), true);
  assert.equal(await world.ask("p2", "10.96.0.5", 80), "timeout", "nobody's address");
  const before = applied();
  services.upsert(service());
  slices.upsert(slice({ 2: "here" }));
  await world.clock.advance(100);
  assert.equal(applied() - before <= 2, true, `${applied() - before} transactions`);
  assert.equal(await world.ask("p2", "10.96.0.5", 80), "p1 10.77.0.3");
  assert.equal(await world.ask("outside", "10.78.0.1", 30_080), "p1 10.77.0.1");

  slices.upsert(slice({ 3: "here" }));
  await world.clock.advance(100);
  assert.equal(await world.ask("p1", "10.96.0.5", 80), "p2 10.77.0.2", "the endpoint moved");
  slices.remove(slice({}));
  await world.clock.advance(100);
  assert.equal(await world.ask("p1", "10.96.0.5", 80), "ECONNREFUSED");
  services.remove(service());
  await world.clock.advance(100);
  assert.equal(await world.ask("p1", "10.96.0.5", 80), "timeout");
  await end();
  assert.equal(closed(), true, "its servers end with it");
});

test("policies follow the node that this is", async () => {
  const { world, services, slices, end } = start();
  services.upsert(service({ internalTrafficPolicy: "Local", externalTrafficPolicy: "Local" }));
  slices.upsert(slice({ 2: "here", 3: "there" }));
  await world.clock.advance(100);
  for (let times = 0; times < 8; times++) {
    assert.equal(await world.ask("p2", "10.96.0.5", 80), "p1 10.77.0.3");
    assert.equal(await world.ask("outside", "10.78.0.1", 30_080), "p1 10.78.0.9");
  }
  slices.upsert(slice({ 3: "there" }));
  await world.clock.advance(100);
  assert.equal(await world.ask("p1", "10.96.0.5", 80), "timeout", "there are endpoints, elsewhere");
  assert.equal(await world.ask("outside", "10.78.0.1", 30_080), "timeout");
  await end();
});

test("a node that changes its zone plans anew, any other change of it does not", async () => {
  const { world, services, slices, nodes, applied, end } = start();
  const node = (zone: string, resourceVersion: string): Node => ({
    apiVersion: "v1",
    kind: "Node",
    metadata: { ...meta("here", { "topology.kubernetes.io/zone": zone }), namespace: "", resourceVersion },
    spec: {},
  });
  const hinted = slice({ 2: "a", 3: "b" });
  for (const [index, zone] of ["east", "west"].entries())
    (hinted.endpoints![index] as { hints?: object }).hints = { forZones: [{ name: zone }] };
  nodes.upsert(node("east", "1"));
  services.upsert(service());
  slices.upsert(hinted);
  await world.clock.advance(100);
  for (let times = 0; times < 8; times++) assert.equal(await world.ask("outside", "10.96.0.5", 80), "p1 10.77.0.1");
  const before = applied();
  nodes.upsert(node("east", "2"));
  await world.clock.advance(100);
  assert.equal(applied(), before);
  nodes.upsert(node("west", "3"));
  await world.clock.advance(100);
  assert.equal(applied(), before + 1);
  for (let times = 0; times < 8; times++) assert.equal(await world.ask("outside", "10.96.0.5", 80), "p2 10.77.0.1");
  await end();
});

test("rules that are refused are tried again, and it says so meanwhile", async () => {
  const { world, services, slices, proxy, end } = start(3);
  services.upsert(service());
  slices.upsert(slice({ 2: "here" }));
  await world.clock.advance(500);
  assert.equal(proxy.healthy(), false);
  await world.clock.advance(3_000);
  assert.equal(proxy.healthy(), true);
  assert.equal(await world.ask("node", "10.96.0.5", 80), "p1 10.77.0.1");
  await end();
});

test("UDP flows to an endpoint that went are ended", async () => {
  const { world, services, slices, recorded, end } = start();
  services.upsert(service({ ports: [{ port: 53, protocol: "UDP" }] }));
  slices.upsert(slice({ 2: "here", 3: "here" }, { protocol: "UDP", port: 5353 }));
  await world.clock.advance(100);
  const before = recorded.flows.length;
  slices.upsert(slice({ 3: "here" }, { protocol: "UDP", port: 5353 }));
  await world.clock.advance(100);
  assert.deepEqual(recorded.flows.slice(before), [
    { protocol: "udp", originalDestination: "10.96.0.5", endpoint: "10.77.0.2", endpointPort: 5353 },
  ]);
  assert.equal(await world.ask("p1", "10.96.0.5", 53, "udp"), "p2 10.77.0.2");
  await end();
});
