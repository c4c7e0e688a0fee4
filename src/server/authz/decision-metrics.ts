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
    // Every request passes here: a series is looked up once, when there is something to count.
    const counting = (decision: string): (() => void) => {
      let series: ReturnType<typeof total.child> | undefined;
      return () => (series ??= total.child({ decision, name, type })).inc();
    };
    const [allowed, denied] = [counting("allowed"), counting("denied")];
    return {
      async authorize(attributes) {
        const answer = await authorizer.authorize(attributes);
        if (answer.decision === "allow") allowed();
        else if (answer.decision === "deny") denied();
        return answer;
      },
      rulesFor: (user, namespace) => authorizer.rulesFor(user, namespace),
    };
  };
}
