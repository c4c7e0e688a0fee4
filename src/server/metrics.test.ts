import assert from "node:assert/strict";
import { test } from "node:test";
import { MetricRegistry } from "../base/index.ts";
import { dynamicMetrics } from "./admission/dynamic/metrics.ts";
import { stableMetrics } from "./stable-metrics.fixture.ts";
import { testServer } from "./testing.ts";

test("requests, objects, watches and admission are counted under upstream's names, and nothing that a client made up", async () => {
  const metrics = new MetricRegistry();
  const server = await testServer({ metrics });
  const transport = server.transport();
  const ask = (method: "GET" | "POST", path: string, more: object = {}) =>
    transport.request({ method, path, headers: {}, ...more });
  const metadata = { name: "c", namespace: "default" };
  await ask("POST", "/api/v1/namespaces/default/configmaps", {
    body: { apiVersion: "v1", kind: "ConfigMap", metadata },
    headers: { "content-type": "application/json" },
  });
  await ask("GET", "/api/v1/namespaces/default/endpoints");
  for (const path of ["/nonsense", "/api/v1/nonsense", "/apis/made-up.example/v1/things", "/livez"])
    await ask("GET", path);
  const query = new URLSearchParams({
    watch: "true",
    sendInitialEvents: "true",
    resourceVersionMatch: "NotOlderThan",
    allowWatchBookmarks: "true",
  });
  const { watch } = await ask("GET", "/api/v1/configmaps", { query });
  const during = metrics.render();
  await watch![Symbol.asyncIterator]().return!();
  const after = metrics.render();
  await server.close();
  const open =
    'apiserver_longrunning_requests{component="apiserver",group="",resource="configmaps",scope="cluster",subresource="",verb="WATCH",version="v1"}';
  assert.ok(during.includes(`${open} 1\n`));
  assert.ok(after.includes(`${open} 0\n`));
  for (const line of [
    'apiserver_request_total{code="201",component="apiserver",dry_run="",group="",resource="configmaps",scope="resource",subresource="",verb="POST",version="v1"} 1',
    'apiserver_request_total{code="200",component="",dry_run="",group="",resource="",scope="",subresource="/livez",verb="GET",version=""} 1',
    'apiserver_requested_deprecated_apis{group="",removed_release="",resource="endpoints",subresource="",version="v1"} 1',
    'apiserver_admission_step_admission_duration_seconds_count{operation="CREATE",rejected="false",type="admit"}',
    'apiserver_current_inflight_requests{request_kind="readOnly"} 0',
    'apiserver_storage_objects{resource="configmaps"}',
    'apiserver_storage_events_received_total{group="",resource="configmaps"} ',
    'apiserver_watch_list_duration_seconds_count{group="",resource="configmaps",scope="cluster",version="v1"} 1',
  ])
    assert.ok(after.includes(line), line);
  assert.ok(!/nonsense|made-up/.test(after));
});

/** Shown by who reads authentication or authorization from a file that it reloads; at /metrics/slis. */
const elsewhere = /_config_controller_|^kubernetes_healthcheck/;

test("what upstream promises to keep is there: name, type, stability and labels", async () => {
  const metrics = new MetricRegistry();
  const server = await testServer({ metrics, priorityAndFairness: true });
  await server.close();
  // Made when the first webhook or policy is met.
  dynamicMetrics({ metrics });
  const here = new Map(metrics.all.map((metric) => [metric.name, metric]));
  for (const [name, type, stability, labels] of stableMetrics) {
    if (elsewhere.test(name)) continue;
    const metric = here.get(name);
    assert.ok(metric !== undefined, name);
    assert.deepEqual(
      { name, type: metric.type, stability: metric.stability, labels: metric.labelNames.toSorted().join(" ") },
      { name, type: type === "custom" ? "gauge" : type, stability, labels },
    );
  }
  const text = metrics.render();
  const promised = metrics.all.filter((metric) => metric.stability === "STABLE").length;
  assert.ok(text.includes(`registered_metrics_total{deprecated_version="",stability_level="STABLE"} ${promised}\n`));
  assert.ok(text.includes("apiserver_cel_compilation_duration_seconds_count 0\n"));
});
