// When a node's status is worth a write.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { NodeStatus } from "../../api/index.ts";
import { nodeStatusChanged } from "./status.ts";

const condition = (type: string, status: string, lastHeartbeatTime: string) => ({
  ...{ type, status, reason: "Because", message: "", lastHeartbeatTime },
  lastTransitionTime: "2026-01-01T00:00:00Z",
});

const status = (over: Partial<NodeStatus> = {}): NodeStatus => ({
  capacity: { cpu: "8", memory: "33554432Ki" },
  allocatable: { cpu: "8", memory: "33452032Ki" },
  conditions: [
    condition("Ready", "True", "2026-01-01T00:00:10Z"),
    condition("DiskPressure", "False", "2026-01-01T00:00:10Z"),
  ],
  images: [],
  addresses: [{ type: "InternalIP", address: "192.0.2.1" }],
  ...over,
});

test("heartbeats alone are no change of a node's status, however the API writes it", () => {
  const { images: _, ...stored } = status();
  const table: readonly (readonly [string, NodeStatus | undefined, NodeStatus, boolean])[] = [
    ["nothing is there yet", undefined, status(), true],
    ["empty lists are left out", stored, status(), false],
    ["amounts in another unit", { ...stored, capacity: { cpu: "8000m", memory: "32Gi" } }, status(), false],
    ["less of something", { ...stored, capacity: { cpu: "8", memory: "31Gi" } }, status(), true],
    ["a resource more", { ...stored, capacity: { ...stored.capacity, "example.com/a": "1" } }, status(), true],
    ["a resource less", { ...stored, allocatable: { cpu: "8" } }, status(), true],
    [
      "another heartbeat, another order, a condition of somebody else",
      {
        ...stored,
        conditions: [
          condition("NetworkUnavailable", "False", "2026-01-01T00:00:00Z"),
          condition("DiskPressure", "False", "2026-01-01T00:00:00Z"),
          condition("Ready", "True", "2026-01-01T00:00:00Z"),
        ],
      },
      status(),
      false,
    ],
    ["a condition more", { ...stored, conditions: stored.conditions!.slice(1) }, status(), true],
    [
      "a condition's state",
      stored,
      status({ conditions: [condition("Ready", "False", "2026-01-01T00:00:10Z"), stored.conditions![1]!] }),
      true,
    ],
    ["an image", stored, status({ images: [{ names: ["a"], sizeBytes: 1 }] }), true],
    ["an address", stored, status({ addresses: [{ type: "InternalIP", address: "192.0.2.2" }] }), true],
  ];
  for (const [what, before, after, changed] of table) assert.equal(nodeStatusChanged(before, after), changed, what);
});
