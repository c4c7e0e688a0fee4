// Metrics of authorization webhooks and their match conditions. Upstream: apiserver/plugin/pkg/authorizer/webhook/metrics,
// pkg/authorization/cel/metrics.go.
import { Counter, Histogram, type MetricRegistry } from "../../../base/index.ts";

export type CallResult = "success" | "timeout" | "error";

/** Of one webhook. */
export interface AuthorizerWebhookMetrics {
  called(result: CallResult, seconds: number): void;
  /** No opinion, for want of an answer. */
  failedOpen(result: CallResult): void;
  conditionsEvaluated(seconds: number): void;
  conditionsFailed(): void;
  excluded(): void;
}

/** Registers them once; the function is asked for each webhook. */
export function authorizerWebhookMetrics(registry: MetricRegistry): (name: string) => AuthorizerWebhookMetrics {
  const prefix = "apiserver_authorization";
  const evaluations = registry.register(
    new Counter({
      name: `${prefix}_webhook_evaluations_total`,
      help: "Round-trips to authorization webhooks.",
      labelNames: ["name", "result"],
      stability: "ALPHA",
    }),
  );
  const durations = registry.register(
    new Histogram(
      {
        name: `${prefix}_webhook_duration_seconds`,
        help: "Request latency in seconds.",
        labelNames: ["name", "result"],
        stability: "ALPHA",
      },
      [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    ),
  );
  const failOpen = registry.register(
    new Counter({
      name: `${prefix}_webhook_evaluations_fail_open_total`,
      help: "NoOpinion results due to webhook timeout or error.",
      labelNames: ["name", "result"],
      stability: "ALPHA",
    }),
  );
  const conditions = conditionMetrics(registry, prefix);
  return (name) => {
    const matcher = { name, type: "Webhook" };
    return {
      called(result, seconds) {
        evaluations.inc({ name, result });
        durations.observe(seconds, { name, result });
      },
      failedOpen: (result) => failOpen.inc({ name, result }),
      conditionsEvaluated: (seconds) => conditions.seconds.observe(seconds, matcher),
      conditionsFailed: () => conditions.errors.inc(matcher),
      excluded: () => conditions.exclusions.inc(matcher),
    };
  };
}

function conditionMetrics(registry: MetricRegistry, prefix: string) {
  const labelNames = ["name", "type"];
  return {
    errors: registry.register(
      new Counter({
        name: `${prefix}_match_condition_evaluation_errors_total`,
        help: "Total number of errors when an authorization webhook encounters a match condition error split by authorizer type and name.",
        labelNames,
        stability: "ALPHA",
      }),
    ),
    exclusions: registry.register(
      new Counter({
        name: `${prefix}_match_condition_exclusions_total`,
        help: "Total number of exclusions when an authorization webhook is skipped because match conditions exclude it.",
        labelNames,
        stability: "ALPHA",
      }),
    ),
    seconds: registry.register(
      new Histogram(
        {
          name: `${prefix}_match_condition_evaluation_seconds`,
          help: "Authorization match condition evaluation time in seconds, split by authorizer type and name.",
          labelNames,
          stability: "ALPHA",
        },
        [0.001, 0.005, 0.01, 0.025, 0.1, 0.2, 0.25],
      ),
    ),
  };
}
