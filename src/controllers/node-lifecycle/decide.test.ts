import assert from "node:assert/strict";
import { test } from "node:test";
import type { Node, Taint } from "../../api/index.ts";
import { unknownConditions, wantedTaints } from "./decide.ts";
import { evictionRate, zoneState } from "./zones.ts";

const node = (conditions: Record<string, string>, over: Node["spec"] = {}): Node => ({
  apiVersion: "v1",
  kind: "Node",
  metadata: { name: "n", uid: "u", resourceVersion: "1", creationTimestamp: "2026-01-01T00:00:00Z" },
  spec: over,
  status: { conditions: Object.entries(conditions).map(([type, status]) => ({ type, status })) },
});
const show = (taints: Taint[]): string =>
  taints.map((taint) => `${taint.key.replace("node.kubernetes.io/", "")}:${taint.effect}`).join(" ");

test("conditions become taints", () => {
  const own: Taint = { key: "mine", effect: "NoSchedule" };
  const notReady: Taint = { key: "node.kubernetes.io/not-ready", effect: "NoSchedule" };
  const table: readonly (readonly [Node, boolean, string])[] = [
    [node({ Ready: "True" }), true, ""],
    [
      node({ Ready: "True" }, { taints: [own, notReady, { ...notReady, effect: "NoExecute" }] }),
      true,
      "mine:NoSchedule",
    ],
    [node({ Ready: "False" }), true, "not-ready:NoSchedule not-ready:NoExecute"],
    [node({ Ready: "False" }), false, "not-ready:NoSchedule"],
    [
      node({ Ready: "Unknown" }, { taints: [{ ...notReady, effect: "NoExecute" }] }),
      true,
      "unreachable:NoSchedule unreachable:NoExecute",
    ],
    [
      node({ Ready: "True", MemoryPressure: "True", DiskPressure: "False", PIDPressure: "True" }),
      true,
      "memory-pressure:NoSchedule pid-pressure:NoSchedule",
    ],
    [
      node({ Ready: "True", NetworkUnavailable: "True" }, { unschedulable: true }),
      true,
      "network-unavailable:NoSchedule unschedulable:NoSchedule",
    ],
    [node({}), true, "unreachable:NoExecute"],
  ];
  for (const [subject, evict, expected] of table)
    assert.equal(show(wantedTaints(subject, evict, "2026-01-01T00:00:01Z")), expected);
});

test("a silent node's conditions are unknown", () => {
  const conditions = unknownConditions(node({ Ready: "True", NetworkUnavailable: "False" }), "now");
  assert.deepEqual(
    conditions.map(({ type, status, reason }) => [type, status, reason]),
    [
      ["NetworkUnavailable", "False", undefined],
      ["Ready", "Unknown", "NodeStatusUnknown"],
      ["MemoryPressure", "Unknown", "NodeStatusNeverUpdated"],
      ["DiskPressure", "Unknown", "NodeStatusNeverUpdated"],
      ["PIDPressure", "Unknown", "NodeStatusNeverUpdated"],
    ],
  );
});

test("zones in trouble are evicted more slowly or not at all", () => {
  assert.deepEqual(
    [zoneState(3, 0), zoneState(0, 1), zoneState(2, 2), zoneState(2, 3), zoneState(0, 0)],
    ["normal", "full", "normal", "partial", "normal"],
  );
  assert.deepEqual(
    [
      evictionRate({ state: "normal", nodes: 10, allZonesDown: false }),
      evictionRate({ state: "full", nodes: 3, allZonesDown: true }),
      evictionRate({ state: "full", nodes: 3, allZonesDown: false }),
      evictionRate({ state: "partial", nodes: 10, allZonesDown: false }),
      evictionRate({ state: "partial", nodes: 60, allZonesDown: false }),
    ],
    [0.1, 0, 0.1, 0, 0.01],
  );
});
