import assert from "node:assert/strict";
import { test } from "node:test";
import type { autoscaling_v2 } from "../../api/index.ts";
import type { Client } from "../../client/index.ts";
import { parseLabelSelector } from "../../machinery/index.ts";
import { at, makePod } from "../lib/testing.ts";
import { evaluate, selectorText, type Target } from "./evaluate.ts";
import { createMetricsReader } from "./metrics.ts";

const target: Target = {
  namespace: "ns",
  selector: parseLabelSelector("app=a"),
  pods: ["a", "b"].map((name) => {
    const pod = makePod(name);
    const containers = [{ name: "c", image: "i", resources: { requests: { cpu: "1", memory: "1Gi" } } }];
    return { ...pod, spec: { ...pod.spec, containers }, status: { ...pod.status, startTime: "2026-01-01T00:00:00Z" } };
  }),
  ...{ specReplicas: 2, statusReplicas: 2, tolerances: { down: 0.1, up: 0.1 } },
  timing: { nowMs: at(3600), cpuInitializationMs: 300_000, initialReadinessDelayMs: 30_000 },
};

/** A server that knows these paths. */
const readerOf = (answers: Readonly<Record<string, unknown>>) => {
  const asked: string[] = [];
  const client = {
    raw: async (path: string, query?: URLSearchParams) => {
      asked.push(query?.size ? `${path}?${decodeURIComponent(query.toString())}` : path);
      const answer = answers[path];
      if (typeof answer === "number") return { status: answer, text: "service unavailable\n" };
      return answer === undefined
        ? { status: 404, text: "404 page not found\n" }
        : { status: 200, text: JSON.stringify(answer) };
    },
  } as Pick<Client, "raw"> as Client;
  return { asked, reader: createMetricsReader(client, async () => ({ group: "apps", resource: "deployments" })) };
};

const cpu = (target: autoscaling_v2.MetricTarget): autoscaling_v2.MetricSpec => ({
  type: "Resource",
  resource: { name: "cpu", target },
});
const utilization = cpu({ type: "Utilization", averageUtilization: 50 });
const usage = (name: string, value: string, memory = "100Mi") => ({
  metadata: { name },
  timestamp: "2026-01-01T01:00:00Z",
  window: "15s",
  containers: [{ name: "c", usage: { cpu: value, memory } }],
});
const resourcePath = "/apis/metrics.k8s.io/v1beta1/namespaces/ns/pods";

test("without resource metrics: upstream's words", async () => {
  const { error, best, failures, statuses } = await evaluate([utilization], target, readerOf({}).reader);
  const why =
    "failed to get cpu utilization: unable to get metrics for resource cpu: unable to fetch metrics from resource metrics API: the server could not find the requested resource (get pods.metrics.k8s.io)";
  assert.equal(best, undefined);
  assert.deepEqual(statuses, [{ type: "" }]);
  assert.deepEqual(
    failures.map(({ reason, why }) => [reason, why]),
    [["FailedGetResourceMetric", why]],
  );
  assert.equal(
    error,
    `invalid metrics (1 invalid out of 1), first error is: failed to get cpu resource metric value: ${why}`,
  );
});

test("a metrics server that is down", async () => {
  const { failures } = await evaluate([utilization], target, readerOf({ [resourcePath]: 503 }).reader);
  assert.match(
    failures[0]!.why,
    /the server is currently unable to handle the request \(get pods\.metrics\.k8s\.io\)$/,
  );
});

test("the highest proposal counts, each status tells its metric", async () => {
  const { reader, asked } = readerOf({ [resourcePath]: { items: [usage("a", "900m"), usage("b", "900m")] } });
  const memory: autoscaling_v2.MetricSpec = {
    type: "Resource",
    resource: { name: "memory", target: { type: "AverageValue", averageValue: "100Mi" } },
  };
  const { best, statuses, error } = await evaluate([memory, utilization], target, reader);
  assert.equal(best?.replicas, 4);
  assert.equal(best.metric, "cpu resource utilization (percentage of request)");
  assert.deepEqual(statuses, [
    { type: "Resource", resource: { name: "memory", current: { averageValue: "100Mi" } } },
    { type: "Resource", resource: { name: "cpu", current: { averageUtilization: 90, averageValue: "900m" } } },
  ]);
  assert.equal(error, undefined);
  assert.equal(asked[0], `${resourcePath}?labelSelector=app=a`);
});

test("a metric that fails forbids scaling down, not up", async () => {
  const broken: autoscaling_v2.MetricSpec = {
    type: "External",
    external: { metric: { name: "qps" }, target: { type: "Value", value: "5" } },
  };
  const items = (each: string) => ({ [resourcePath]: { items: [usage("a", each), usage("b", each)] } });
  const up = await evaluate([broken, utilization], target, readerOf(items("900m")).reader);
  assert.equal(up.best?.replicas, 4);
  assert.match(
    up.error ?? "",
    /^invalid metrics \(1 invalid out of 2\), first error is: failed to get qps external metric value: /,
  );
  const down = await evaluate([broken, utilization], target, readerOf(items("100m")).reader);
  assert.equal(down.best, undefined);
});

test("custom and external metrics", async () => {
  const custom = "/apis/custom.metrics.k8s.io/v1beta2";
  const { reader, asked } = readerOf({
    [custom]: {},
    [`${custom}/namespaces/ns/pods/*/qps`]: {
      items: ["a", "b"].map((name) => ({ describedObject: { name }, timestamp: "2026-01-01T01:00:00Z", value: "20" })),
    },
    [`${custom}/namespaces/ns/deployments.apps/front/hits`]: { items: [{ timestamp: "", value: "9" }] },
    "/apis/external.metrics.k8s.io/v1beta1/namespaces/ns/queue": { items: [{ value: "3" }, { value: "4" }] },
  });
  const metrics: autoscaling_v2.MetricSpec[] = [
    { type: "Pods", pods: { metric: { name: "qps" }, target: { type: "AverageValue", averageValue: "10" } } },
    {
      type: "Object",
      object: {
        metric: { name: "hits" },
        describedObject: { apiVersion: "apps/v1", kind: "Deployment", name: "front" },
        target: { type: "Value", value: "3" },
      },
    },
    {
      type: "External",
      external: {
        metric: { name: "queue", selector: { matchLabels: { q: "x" } } },
        target: { type: "AverageValue", averageValue: "1" },
      },
    },
  ];
  const { best, statuses, failures } = await evaluate(metrics, target, reader);
  assert.deepEqual(failures, []);
  assert.equal(best?.replicas, 7);
  assert.equal(
    best.metric,
    "external metric queue(&LabelSelector{MatchLabels:map[string]string{q: x,},MatchExpressions:[]LabelSelectorRequirement{},})",
  );
  assert.deepEqual(statuses[1]?.object?.current, { value: "9" });
  assert.deepEqual(statuses[2]?.external?.current, { averageValue: "3500m" });
  assert.ok(asked.includes("/apis/external.metrics.k8s.io/v1beta1/namespaces/ns/queue?labelSelector=q=x"));
});

test("no custom metrics: upstream's words", async () => {
  const metric: autoscaling_v2.MetricSpec = {
    type: "Pods",
    pods: { metric: { name: "qps" }, target: { type: "AverageValue", averageValue: "10" } },
  };
  const { failures } = await evaluate([metric], target, readerOf({}).reader);
  assert.equal(
    failures[0]?.why,
    "unable to get metric qps: unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered",
  );
});

test("selectors as Go prints them", () => {
  assert.equal(selectorText(undefined), "nil");
  assert.equal(
    selectorText({ matchExpressions: [{ key: "a", operator: "In", values: ["b", "c"] }] }),
    "&LabelSelector{MatchLabels:map[string]string{},MatchExpressions:[]LabelSelectorRequirement{LabelSelectorRequirement{Key:a,Operator:In,Values:[b c],},},}",
  );
});
