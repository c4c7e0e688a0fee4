// How often each authorizer has decided. Upstream: apiserver/pkg/authorization/metrics.
import { Counter, type MetricRegistry } from "../../base/index.ts";
import type { AuthorizerMeans } from "./create.ts";

export function decisionMetrics(registry: MetricRegistry): NonNullable<AuthorizerMeans["instrument"]> {
  const total = registry.register(
    new Counter({
      name: "apiserver_authorization_decisions_total",
      help: "Total number of terminal decisions made by an authorizer split by authorizer type, name, and decision.",
      labelNames: ["decision", "name", "type"],
      stability: "ALPHA",
    }),
  );
  return (authorizer, { type, name }) => {
    const allowed = { decision: "allowed", name, type };
    const denied = { decision: "denied", name, type };
    return {
      async authorize(attributes) {
        const answer = await authorizer.authorize(attributes);
        if (answer.decision !== "noOpinion") total.inc(answer.decision === "allow" ? allowed : denied);
        return answer;
      },
      rulesFor: (user, namespace) => authorizer.rulesFor(user, namespace),
    };
  };
}
