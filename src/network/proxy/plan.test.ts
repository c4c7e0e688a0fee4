import assert from "node:assert/strict";
import { test } from "node:test";
import type { Endpoint, EndpointSlice, Service } from "../../api/index.ts";
import { type ProxyPlan, planProxy, staleFlows } from "./plan.ts";

const meta = (name: string, labels?: Record<string, string>) => ({
  name,
  namespace: "ns",
  uid: "u",
  resourceVersion: "1",
  creationTimestamp: "",
  ...(labels ? { labels } : {}),
});
const service = (spec: Service["spec"], over: Partial<Service> = {}): Service => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: meta("web"),
  spec: { clusterIP: "10.96.0.5", clusterIPs: ["10.96.0.5"], ports: [{ port: 80, protocol: "TCP" }], ...spec },
  ...over,
});
const slice = (endpoints: Endpoint[], over: Partial<EndpointSlice> = {}): EndpointSlice => ({
  apiVersion: "discovery.k8s.io/v1",
  kind: "EndpointSlice",
  metadata: meta("web-1", { "kubernetes.io/service-name": "web" }),
  addressType: "IPv4",
  endpoints,
  ports: [{ name: "", port: 8080, protocol: "TCP" }],
  ...over,
});
const endpoint = (last: number, over: Partial<Endpoint> = {}): Endpoint => ({
  addresses: [`10.244.0.${last}`],
  nodeName: "here",
  conditions: { ready: true },
  ...over,
});

const plan = (one: Service, slices: EndpointSlice[], zone = "z1"): ProxyPlan =>
  planProxy({
    services: [one],
    slicesOf: () => slices,
    node: { name: "here", zone, addresses: ["192.0.2.1"] },
    family: "ipv4",
  });
const targets = (result: ProxyPlan, which: "clusterTargets" | "localTargets" = "clusterTargets"): string =>
  (result.ports[0]?.[which] ?? []).map((target) => target.ip.split(".").at(-1)).join(",");

const ending = { ready: false, serving: true, terminating: true };
const zoneHint = (zone: string) => ({ hints: { forZones: [{ name: zone }] } });
const nodeHint = (node: string) => ({ hints: { forNodes: [{ name: node }] } });

test("endpoints of the whole cluster", () => {
  const table: readonly (readonly [string, Endpoint[], string])[] = [
    ["ready ones, in order", [endpoint(3), endpoint(2)], "2,3"],
    ["not the unready", [endpoint(2), endpoint(3, { conditions: { ready: false } })], "2"],
    ["absent conditions mean ready", [endpoint(2, { conditions: undefined })], "2"],
    [
      "serving while they end, when nothing is ready",
      [endpoint(2, { conditions: ending }), endpoint(3, { conditions: { ready: false } })],
      "2",
    ],
    ["not the ending ones beside a ready one", [endpoint(2, { conditions: ending }), endpoint(3)], "3"],
    ["hints for this zone", [endpoint(2, zoneHint("z1")), endpoint(3, zoneHint("z2"))], "2"],
    ["no hints followed when one lacks them", [endpoint(2, zoneHint("z1")), endpoint(3)], "2,3"],
    ["no hints followed when none is for this zone", [endpoint(2, zoneHint("z8")), endpoint(3, zoneHint("z9"))], "2,3"],
    ["hints for this node", [endpoint(2, nodeHint("there")), endpoint(3, nodeHint("here"))], "3"],
  ];
  for (const [name, endpoints, expected] of table)
    assert.equal(targets(plan(service({}), [slice(endpoints)])), expected, name);
});

test("an address in two slices counts once, in its better state", () => {
  const slices = [
    slice([endpoint(2, { conditions: ending })]),
    slice([endpoint(2)]),
    slice([endpoint(9)], { addressType: "IPv6" }),
  ];
  assert.equal(targets(plan(service({}), slices)), "2");
});

test("local policies choose among the node's own endpoints", () => {
  const slices = [slice([endpoint(2), endpoint(3, { nodeName: "there" })])];
  const external = plan(
    service({
      type: "NodePort",
      externalTrafficPolicy: "Local",
      healthCheckNodePort: 32000,
      ports: [{ port: 80, nodePort: 30080 }],
    }),
    slices,
  );
  assert.equal(targets(external, "localTargets"), "2");
  assert.equal(targets(external), "2,3");
  assert.deepEqual(external.healthChecks, [{ service: "ns/web", port: 32000, localEndpoints: 1 }]);
  assert.equal(
    targets(
      plan(service({ internalTrafficPolicy: "Local" }), [slice([endpoint(3, { nodeName: "there" })])]),
      "localTargets",
    ),
    "",
  );
});

test("services that are not this proxy's", () => {
  const slices = [slice([endpoint(2)])];
  const headless = service({ clusterIP: "None", clusterIPs: ["None"] });
  const labelled = service({}, { metadata: meta("web", { "service.kubernetes.io/service-proxy-name": "other" }) });
  for (const one of [headless, labelled, service({ type: "ExternalName" }), service({ clusterIPs: ["fd00::5"] })])
    assert.deepEqual(plan(one, slices).ports, []);
});

test("UDP flows end when their endpoint goes or the first one comes", () => {
  const udp = service({ ports: [{ port: 53, protocol: "UDP", nodePort: 30053 }] });
  const ports: EndpointSlice["ports"] = [{ name: "", port: 53, protocol: "UDP" }];
  const two = plan(udp, [slice([endpoint(2), endpoint(3)], { ports })]);
  const one = plan(udp, [slice([endpoint(3)], { ports })]);
  const none = plan(udp, []);
  const all = [
    { protocol: "udp", originalDestination: "10.96.0.5" },
    { protocol: "udp", nodePort: 30053 },
  ];
  assert.deepEqual(
    staleFlows(two, one),
    all.map((flow) => ({ ...flow, endpoint: "10.244.0.2", endpointPort: 53 })),
  );
  const moved = plan(udp, [slice([endpoint(3)], { ports: [{ name: "", port: 5353, protocol: "UDP" }] })]);
  assert.deepEqual(
    staleFlows(one, moved),
    all.map((flow) => ({ ...flow, endpoint: "10.244.0.3", endpointPort: 53 })),
  );
  assert.deepEqual(staleFlows(none, one), all);
  assert.deepEqual(staleFlows(one, one), []);
  assert.deepEqual(staleFlows(one, { ...one, ports: [] }), all);
  assert.deepEqual(staleFlows(undefined, plan(service({}), [slice([endpoint(2)])])), []);
});
