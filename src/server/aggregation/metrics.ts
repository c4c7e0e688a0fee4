// How many APIServices can not be used. Upstream: kube-aggregator's controllers/status/metrics.
import type { APIService } from "../../api/index.ts";
import { Counter, Gauge, type MetricRegistry } from "../../base/index.ts";
import { isAvailable } from "./availability.ts";

export function availabilityMetrics(registry: MetricRegistry) {
  const gauge = registry.register(
    new Gauge({
      name: "aggregator_unavailable_apiservice",
      help: "Gauge of APIServices which are marked as unavailable broken down by APIService name.",
      labelNames: ["name"],
    }),
  );
  const counter = registry.register(
    new Counter({
      name: "aggregator_unavailable_apiservice_total",
      help: "Counter of APIServices which are marked as unavailable broken down by APIService name and reason.",
      labelNames: ["name", "reason"],
    }),
  );
  const available = new Set<string>();
  return {
    upsert(service: APIService): void {
      const { name } = service.metadata;
      const condition = service.status?.conditions?.find(({ type }) => type === "Available");
      if (condition === undefined) return;
      const is = isAvailable(service);
      gauge.set(is ? 0 : 1, { name });
      if (is) available.add(name);
      else if (available.delete(name)) counter.inc({ name, reason: condition.reason ?? "UnknownReason" });
    },
    remove({ metadata: { name } }: APIService): void {
      available.delete(name);
      gauge.remove({ name });
    },
  };
}
