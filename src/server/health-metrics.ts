// /metrics/slis: how the health checks went. They are run when somebody asks. Upstream: KEP-3466, component-base's metrics/prometheus/slis.
import { Counter, Gauge, MetricRegistry } from "../base/index.ts";
import { type DocumentRoute, textResponse } from "./documents/documents.ts";
import { type HealthChecks, run } from "./health.ts";

export function healthMetricsRoute(checks: HealthChecks): DocumentRoute {
  const registry = new MetricRegistry();
  const result = registry.register(
    new Gauge({
      name: "kubernetes_healthcheck",
      help: "This metric records the result of a single healthcheck.",
      labelNames: ["name", "type"],
      stability: "STABLE",
    }),
  );
  const total = registry.register(
    new Counter({
      name: "kubernetes_healthchecks_total",
      help: "This metric records the results of all healthcheck.",
      labelNames: ["name", "status", "type"],
      stability: "STABLE",
    }),
  );
  return {
    path: "/metrics/slis",
    handler: async () => {
      for (const type of ["healthz", "livez", "readyz"] as const)
        for (const { name, error } of await run(checks[type], new Set())) {
          result.set(error === undefined ? 1 : 0, { name, type });
          total.inc({ name, status: error === undefined ? "success" : "error", type });
        }
      return textResponse(200, registry.render(), "text/plain; version=0.0.4; charset=utf-8; escaping=underscores");
    },
  };
}
