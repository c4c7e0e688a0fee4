import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Node } from "../../api/index.ts";
import { VirtualClock } from "../../base/index.ts";
import { createEvictionLimits, evictionRate, zoneState } from "./zones.ts";

const node = (name: string, zone: string, ready: boolean): Node =>
  ({
    apiVersion: "v1",
    kind: "Node",
    metadata: { name, labels: { "topology.kubernetes.io/zone": zone } },
    status: { conditions: [{ type: "Ready", status: ready ? "True" : "False" }] },
  }) as unknown as Node;

const change = fc.record({
  name: fc.constantFrom("a", "b", "c", "d", "e", "f"),
  zone: fc.constantFrom("x", "y"),
  ready: fc.boolean(),
  gone: fc.boolean(),
});

test("after any changes a zone's turn comes as often as a count of all nodes says", () => {
  fc.assert(
    fc.property(fc.array(change), fc.constantFrom("x", "y"), (changes, asked) => {
      const limits = createEvictionLimits(new VirtualClock());
      const nodes = new Map<string, { zone: string; ready: boolean }>();
      for (const { name, zone, ready, gone } of changes) {
        if (gone) {
          nodes.delete(name);
          limits.forget(name);
        } else {
          nodes.set(name, { zone, ready });
          limits.observe(node(name, zone, ready));
        }
      }
      const stateOf = (zone: string) => {
        const members = [...nodes.values()].filter((each) => each.zone === zone);
        const ready = members.filter((each) => each.ready).length;
        return { count: members.length, state: zoneState(ready, members.length - ready) };
      };
      const there = ["x", "y"].map(stateOf).filter(({ count }) => count > 0);
      const { count, state } = stateOf(asked);
      const allZonesDown = there.every((each) => each.state === "full");
      const mayEver = count === 0 || evictionRate({ state, nodes: count, allZonesDown }) > 0;
      const asking = node("new", asked, false);
      assert.equal(limits.mayTaint(asking), mayEver);
      assert.equal(limits.mayTaint(asking), false, "the next turn comes later");
    }),
  );
});

test("rates and thresholds are settings", () => {
  const settings = { evictionsPerSecond: 1, reducedEvictionsPerSecond: 0.5, unhealthyShare: 0.9, largeZone: 2 };
  assert.equal(zoneState(3, 7, settings), "normal");
  assert.equal(evictionRate({ state: "normal", nodes: 10, allZonesDown: false }, settings), 1);
  assert.equal(evictionRate({ state: "partial", nodes: 3, allZonesDown: false }, settings), 0.5);
  assert.equal(evictionRate({ state: "partial", nodes: 2, allZonesDown: false }, settings), 0);
});
