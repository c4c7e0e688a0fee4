// Metrics of configuration files that are read again while the server runs. Upstream: apiserver's server/options/
// {authentication,authorization}config/metrics, configmetrics.
import { type Clock, Counter, Gauge, type MetricRegistry, sha256Hex } from "../../base/index.ts";

export interface ReloadMetrics {
  /** This text is in force: at the start, and after each success. */
  inForce(text: string): void;
  succeeded(text: string): void;
  failed(): void;
}

export interface ReloadMetricsOptions {
  readonly registry: MetricRegistry;
  readonly clock: Clock;
  readonly of: "authentication" | "authorization";
}

export function reloadMetrics({ registry, clock, of }: ReloadMetricsOptions): ReloadMetrics {
  const prefix = `apiserver_${of}_config_controller`;
  const labelNames = ["apiserver_id_hash", "status"];
  const total = registry.register(
    new Counter({
      name: `${prefix}_automatic_reloads_total`,
      help: `Total number of automatic reloads of ${of} configuration split by status and apiserver identity.`,
      labelNames,
      stability: "BETA",
    }),
  );
  const last = registry.register(
    new Gauge({
      name: `${prefix}_automatic_reload_last_timestamp_seconds`,
      help: `Timestamp of the last automatic reload of ${of} configuration split by status and apiserver identity.`,
      labelNames,
      stability: "BETA",
    }),
  );
  const info = registry.register(
    new Gauge({
      name: `${prefix}_last_config_info`,
      help: `Information about the last applied ${of} configuration with hash as label, split by apiserver identity.`,
      labelNames: ["apiserver_id_hash", "hash"],
      stability: "ALPHA",
    }),
  );
  let hash: string | undefined;
  const inForce = (text: string): void => {
    if (hash !== undefined) info.remove({ hash });
    hash = `sha256:${sha256Hex(new TextEncoder().encode(text)).toLowerCase()}`;
    info.set(1, { hash });
  };
  const count = (status: "success" | "failure"): void => {
    total.inc({ status });
    last.set(clock.now() / 1000, { status });
  };
  return {
    inForce,
    succeeded(text) {
      count("success");
      inForce(text);
    },
    failed: () => count("failure"),
  };
}
