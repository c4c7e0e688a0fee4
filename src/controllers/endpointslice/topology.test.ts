import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Endpoint, Node } from "../../api/index.ts";
import { topologyHints, zoneShares } from "./topology.ts";

const node = (zone: string | undefined, cpu: string, over: { ready?: string; labels?: object } = {}): Node =>
  ({
    apiVersion: "v1",
    kind: "Node",
    metadata: { name: "n", labels: { ...(zone ? { "topology.kubernetes.io/zone": zone } : {}), ...over.labels } },
    status: { allocatable: { cpu }, conditions: [{ type: "Ready", status: over.ready ?? "True" }] },
  }) as unknown as Node;
const endpoint = (zone: string | undefined, ready = true): Endpoint =>
  ({ addresses: ["10.0.0.1"], conditions: { ready }, ...(zone ? { zone } : {}) }) as Endpoint;
const counts = (zones: ReadonlyMap<Endpoint, string>): Record<string, number> => {
  const found: Record<string, number> = {};
  for (const zone of zones.values()) found[zone] = (found[zone] ?? 0) + 1;
  return found;
};
const none = (): undefined => undefined;

test("shares are of the CPU of ready worker nodes", () => {
  const master = node("c", "8", { labels: { "node-role.kubernetes.io/control-plane": "" } });
  const table: readonly [readonly Node[], Record<string, number> | undefined][] = [
    [[node("a", "3"), node("b", "500m"), node("b", "500m"), master], { a: 0.75, b: 0.25 }],
    [[node("a", "3"), node("b", "1", { ready: "False" })], undefined],
    [[node("a", "3"), node("b", "1"), node(undefined, "1")], undefined],
    [[node("a", "3"), node("b", "0")], undefined],
    [[], undefined],
  ];
  for (const [nodes, expected] of table) {
    const shares = zoneShares(nodes);
    assert.deepEqual(shares && Object.fromEntries(shares), expected);
  }
});

const half = new Map([
  ["a", 0.5],
  ["b", 0.5],
]);
test("why there are no hints", () => {
  const why = (endpoints: readonly Endpoint[], shares: ReadonlyMap<string, number> | undefined): string => {
    const found = topologyHints(endpoints, shares, none);
    return found.enabled ? "" : found.why;
  };
  assert.match(why([], undefined), /^Insufficient Node information/);
  assert.equal(why([endpoint("a")], half), "Insufficient number of endpoints (1 endpoints, 2 zones)");
  assert.equal(why([endpoint("a"), endpoint(undefined)], half), "One or more endpoints do not have a zone specified");
  const uneven = new Map([
    ["a", 0.9],
    ["b", 0.1],
  ]);
  assert.match(why([endpoint("a"), endpoint("b")], uneven), /^Unable to allocate .* \(2 endpoints, 2 zones\)$/);
});

test("zones lend endpoints to those that have too few", () => {
  const endpoints = [...Array.from({ length: 6 }, () => endpoint("a")), endpoint("b", false)];
  const found = topologyHints(endpoints, half, none);
  assert.deepEqual(found.enabled && counts(found.zones), { a: 3, b: 3 });
});

test("every zone gets its least, and a second look changes nothing", () => {
  const zones = fc.array(fc.constantFrom("a", "b", "c"), { minLength: 3, maxLength: 40 });
  const cpus = fc.tuple(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 8 }));
  fc.assert(
    fc.property(zones, cpus, (places, [a, b, c]) => {
      const shares = zoneShares([node("a", `${a}`), node("b", `${b}`), node("c", `${c}`)])!;
      const endpoints = places.map((zone) => endpoint(zone));
      const found = topologyHints(endpoints, shares, none);
      if (!found.enabled) return;
      for (const [zone, share] of shares)
        assert.ok((counts(found.zones)[zone] ?? 0) >= Math.ceil((endpoints.length * share) / 1.2) - 1, zone);
      const again = topologyHints(endpoints, shares, (each) => found.zones.get(each));
      assert.deepEqual(again.enabled && [...again.zones.values()], [...found.zones.values()]);
    }),
  );
});
