import assert from "node:assert/strict";
import { test } from "node:test";
import type { HorizontalPodAutoscaler } from "../../../../facts/types/autoscaling.v2.ts";
import { fromV2, toV2 } from "./convert.ts";

const rich = {
  kind: "HorizontalPodAutoscaler",
  apiVersion: "autoscaling/v2",
  metadata: { name: "web", namespace: "default", uid: "u", resourceVersion: "1", creationTimestamp: "" },
  spec: {
    scaleTargetRef: { kind: "Deployment", name: "web", apiVersion: "apps/v1" },
    minReplicas: 1,
    maxReplicas: 5,
    metrics: [
      { type: "Pods", pods: { metric: { name: "m" }, target: { type: "AverageValue", averageValue: "1" } } },
      {
        type: "Object",
        object: {
          describedObject: { kind: "Service", name: "s", apiVersion: "v1" },
          target: { type: "Value", value: "10" },
          metric: { name: "r" },
        },
      },
      { type: "External", external: { metric: { name: "q" }, target: { type: "AverageValue", averageValue: "30" } } },
      {
        type: "ContainerResource",
        containerResource: {
          name: "memory",
          target: { type: "Utilization", averageUtilization: 60 },
          container: "c",
        },
      },
      { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 50 } } },
    ],
    behavior: {
      scaleUp: {
        stabilizationWindowSeconds: 0,
        selectPolicy: "Max",
        policies: [{ type: "Pods", value: 4, periodSeconds: 60 }],
        tolerance: "100m",
      },
    },
  },
  status: {
    currentReplicas: 2,
    desiredReplicas: 3,
    currentMetrics: [
      { type: "Resource", resource: { name: "cpu", current: { averageValue: "5m", averageUtilization: 40 } } },
      {
        type: "Object",
        object: {
          metric: { name: "o" },
          current: { value: "3", averageValue: "1" },
          describedObject: { kind: "Service", name: "s", apiVersion: "v1" },
        },
      },
      { type: "Pods", pods: { metric: { name: "m" }, current: { averageValue: "7" } } },
      { type: "ContainerResource", containerResource: { name: "cpu", current: { averageValue: "2" }, container: "c" } },
      {
        type: "External",
        external: { metric: { name: "e", selector: { matchLabels: { a: "b" } } }, current: { value: "9" } },
      },
    ],
    conditions: [{ type: "AbleToScale", status: "True" }],
  },
} as HorizontalPodAutoscaler;

test("what autoscaling/v1 has no fields for comes back from its annotations", () => {
  const v1 = fromV2(rich);
  assert.equal(v1.spec.targetCPUUtilizationPercentage, 50);
  assert.equal(v1.status?.currentCPUUtilizationPercentage, 40);
  assert.deepEqual(Object.keys(v1.metadata.annotations ?? {}).sort(), [
    "autoscaling.alpha.kubernetes.io/behavior",
    "autoscaling.alpha.kubernetes.io/conditions",
    "autoscaling.alpha.kubernetes.io/current-metrics",
    "autoscaling.alpha.kubernetes.io/metrics",
  ]);
  const back = toV2(v1);
  assert.deepEqual(back, rich);
  // Fields are stored in this order.
  assert.equal(JSON.stringify(back.status?.currentMetrics), JSON.stringify(rich.status?.currentMetrics));
});

test("without any metric autoscaling/v1 means 80 % of the CPU", () => {
  const { metrics: _, behavior: __, ...spec } = rich.spec;
  const v1 = fromV2({ ...rich, spec });
  assert.equal(toV2(v1).spec.metrics?.[0]?.resource?.target.averageUtilization, 80);
});
