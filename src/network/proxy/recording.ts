import type { ProxyBackend } from "./backend.ts";
import type { HealthCheck, ProxyPlan, StaleFlow } from "./plan.ts";

/** Keeps what was applied: the proxy of a simulated node, which has no packets. */
export interface RecordingBackend extends ProxyBackend {
  readonly plans: readonly ProxyPlan[];
  readonly flows: readonly StaleFlow[];
  readonly checks: readonly HealthCheck[];
}

export function createRecordingBackend(): RecordingBackend {
  let plans: readonly ProxyPlan[] = [];
  let checks: readonly HealthCheck[] = [];
  const flows: StaleFlow[] = [];
  return {
    get plans() {
      return plans;
    },
    get checks() {
      return checks;
    },
    flows,
    apply: async (next) => {
      plans = next;
    },
    endFlows: async (more) => void flows.push(...more),
    serveHealthChecks: async (next) => {
      checks = next;
    },
    close: async () => {},
  };
}
