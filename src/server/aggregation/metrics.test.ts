// Which APIServices can not be used, as kube-aggregator counts it.
import assert from "node:assert/strict";
import { it } from "node:test";
import type { APIService } from "../../api/index.ts";
import { MetricRegistry } from "../../base/index.ts";
import { availabilityMetrics } from "./metrics.ts";

const service = (status?: "True" | "False", reason = "Passed"): APIService =>
  ({
    metadata: { name: "v1.example.com" },
    spec: {},
    ...(status === undefined ? {} : { status: { conditions: [{ type: "Available", status, reason }] } }),
  }) as APIService;

it("counts what was available and is not any more", () => {
  const registry = new MetricRegistry();
  const { upsert, remove } = availabilityMetrics(registry);
  const lines = (): string[] =>
    registry
      .render()
      .split("\n")
      .filter((line) => line.startsWith("aggregator_"));
  upsert(service());
  assert.deepEqual(lines(), []);
  upsert(service("False", "MissingEndpoints"));
  assert.deepEqual(lines(), ['aggregator_unavailable_apiservice{name="v1.example.com"} 1']);
  upsert(service("True"));
  upsert(service("False", "FailedDiscoveryCheck"));
  upsert(service("False", "FailedDiscoveryCheck"));
  assert.deepEqual(lines(), [
    'aggregator_unavailable_apiservice{name="v1.example.com"} 1',
    'aggregator_unavailable_apiservice_total{name="v1.example.com",reason="FailedDiscoveryCheck"} 1',
  ]);
  remove(service("False"));
  assert.deepEqual(lines(), [
    'aggregator_unavailable_apiservice_total{name="v1.example.com",reason="FailedDiscoveryCheck"} 1',
  ]);
});
