// Where a plan takes effect. Backends: nftables (node/nft-backend.ts) and, for tests, one that records (recording.fixture.ts).
import type { HealthCheck, ProxyPlan, StaleFlow } from "./plan.ts";

export interface ProxyBackend {
  /** Makes the plans of all families the ones in force, each in one step. The first call replaces what an earlier process left. */
  apply(plans: readonly ProxyPlan[]): Promise<void>;
  /** Ends UDP flows that the new rules would not reach because the kernel remembers them. */
  endFlows(flows: readonly StaleFlow[]): Promise<void>;
  /**
   * Serves `{service, localEndpoints, serviceProxyHealthy}` on each port, for outside load balancers. A port that could not be had is tried
   * again by the next call. Upstream: pkg/proxy/healthcheck.
   */
  serveHealthChecks(checks: readonly HealthCheck[], healthy: () => boolean): Promise<void>;
  /** Ends servers; rules stay, so that connections go on while the proxy is replaced. */
  close(): Promise<void>;
}
