// How manifests of admission plugins are counted, under upstream's names. Upstream: apiserver's plugin/manifest/metrics.
import { Counter, Gauge, type MetricRegistry } from "../../../base/index.ts";
import type { AdmissionHost } from "../../contract.ts";

interface Metrics {
  readonly reloads: Counter;
  readonly lastReload: Gauge;
  readonly configuration: Gauge;
}

const made = new WeakMap<MetricRegistry, Metrics>();
const prefix = "apiserver_manifest_admission_config_controller";
const labelNames = ["apiserver_id_hash", "plugin", "status"];

function create(registry: MetricRegistry): Metrics {
  const metrics: Metrics = {
    reloads: new Counter({
      name: `${prefix}_automatic_reloads_total`,
      help: "Total number of automatic reloads of admission manifest configuration split by status, plugin, and apiserver identity.",
      labelNames,
      stability: "ALPHA",
    }),
    lastReload: new Gauge({
      name: `${prefix}_automatic_reload_last_timestamp_seconds`,
      help: "Timestamp of the last automatic reload of admission manifest configuration split by status, plugin, and apiserver identity.",
      labelNames,
      stability: "ALPHA",
    }),
    configuration: new Gauge({
      name: `${prefix}_last_config_info`,
      help: "Information about the last applied admission manifest configuration with hash as label, split by plugin and apiserver identity.",
      labelNames: ["apiserver_id_hash", "hash", "plugin"],
      stability: "ALPHA",
    }),
  };
  for (const metric of Object.values(metrics)) registry.register(metric);
  made.set(registry, metrics);
  return metrics;
}

/** Servers have no identity here: its label is empty. */
export function manifestMetrics(
  { metrics: registry, clock }: Pick<AdmissionHost, "metrics" | "clock">,
  plugin: string,
): { loaded(hash: string): void; failed(): void } {
  if (registry === undefined) return { loaded() {}, failed() {} };
  const { reloads, lastReload, configuration } = made.get(registry) ?? create(registry);
  let shown: string | undefined;
  const count = (status: "success" | "failure"): void => {
    reloads.inc({ plugin, status });
    lastReload.set(clock.now() / 1000, { plugin, status });
  };
  return {
    loaded(hash) {
      count("success");
      if (shown !== undefined) configuration.remove({ plugin, hash: shown });
      configuration.set(1, { plugin, hash });
      shown = hash;
    },
    failed: () => count("failure"),
  };
}
