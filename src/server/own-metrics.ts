// Metrics of the rules of custom resources, of validation, and of metrics themselves. Upstream: apiserver's cel/metrics and
// validation/metrics.go, component-base's metrics/registry.go.
import { type Clock, Counter, Histogram, type MetricRegistry } from "../base/index.ts";
import type { ServerCore } from "./context.ts";

/** Prometheus' own, which upstream leaves as they are. */
const usualSeconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Times of the rules of custom resources. */
export function celTimes(registry: MetricRegistry, clock: Clock): ServerCore["timed"] {
  const histogram = (what: "compilation" | "evaluation"): { observe(seconds: number): void } =>
    registry
      .register(
        new Histogram(
          { name: `apiserver_cel_${what}_duration_seconds`, help: `CEL ${what} time in seconds.`, stability: "BETA" },
          usualSeconds,
        ),
      )
      .child({});
  const times = { compilation: histogram("compilation"), evaluation: histogram("evaluation") };
  return (what, work) => {
    const beganMs = clock.monotonic();
    try {
      return work();
    } finally {
      times[what].observe((clock.monotonic() - beganMs) / 1000);
    }
  };
}

const never = (name: string, help: string): Counter => {
  const counter = new Counter({ name, help, stability: "BETA" });
  counter.inc({}, 0);
  return counter;
};

/**
 * How many metrics there are, by stability. Validation is written once here: there is nothing that it could differ from, and
 * nothing is hidden or disabled.
 */
export function countMetrics(registry: MetricRegistry): void {
  for (const [name, help] of [
    [
      "apiserver_validation_declarative_validation_mismatch_total",
      "Number of times declarative validation results differed from handwritten validation results for core types.",
    ],
    [
      "apiserver_validation_declarative_validation_panic_total",
      "Number of times declarative validation has panicked during validation.",
    ],
    ["disabled_metrics_total", "The count of disabled metrics."],
    ["hidden_metrics_total", "The count of hidden metrics."],
  ] as const)
    registry.register(never(name, help));
  const registered = registry.register(
    new Counter({
      name: "registered_metrics_total",
      help: "The count of registered metrics broken by stability level and deprecation version.",
      labelNames: ["deprecated_version", "stability_level"],
      stability: "BETA",
    }),
  );
  registry.beforeRender(() => {
    for (const [level, all] of Map.groupBy(registry.all, ({ stability }) => stability)) {
      if (level === undefined) continue;
      const labels = { deprecated_version: "", stability_level: level };
      registered.inc(labels, all.length - registered.get(labels));
    }
  });
}
