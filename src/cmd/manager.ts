// The frame of a component that is elected and has a health port: the controller manager's and the scheduler's.
import { hostname } from "node:os";
import { type MetricLimits, MetricRegistry, uuid } from "../base/index.ts";
import type { FlagDefinitions } from "../cli/index.ts";
import { type ServingValues, selfSigned, servingFiles } from "./apiserver/self-signed.ts";
import type { ComponentBase } from "./components.ts";
import { delegatedAccess, serveHealth } from "./health.ts";
import { registerComponentMetrics } from "./process-metrics.ts";
import { checkLeaderFlags, type LeaderValues, leading, type Remote } from "./remote.ts";

/** Flags of the health port, with upstream's port for the component. */
export const healthFlags = (port: number) =>
  ({
    "bind-address": { type: "string", help: "address of the health port", default: "0.0.0.0" },
    "secure-port": {
      type: "integer",
      help: "HTTPS port of /healthz and /metrics; 0 turns it off",
      default: String(port) as string,
    },
    "tls-cert-file": { type: "string", help: "certificate of the health port; self-made when not given" },
    "tls-private-key-file": { type: "string", help: "key of --tls-cert-file" },
  }) as const satisfies FlagDefinitions;

export interface ManagerValues extends LeaderValues, ServingValues {
  readonly "bind-address": string;
  readonly "secure-port": number;
}

/** Runs until the component is told to stop. Rejects when the health port cannot be opened or the work fails. */
export async function runManager(
  remote: Remote,
  component: string,
  {
    values,
    work,
    limits,
  }: {
    readonly values: ManagerValues;
    readonly work: (base: ComponentBase) => Promise<void>;
    /** Of the metrics that are shown. */
    readonly limits?: MetricLimits;
  },
): Promise<void> {
  const { clock, rng } = remote;
  // A term of leadership counts from zero, as a new process would.
  let metrics = remote.metrics;
  try {
    checkLeaderFlags(values);
    const host = hostname();
    const hosts = [host, "localhost", "127.0.0.1"];
    const stopHealth = await serveHealth({
      ...remote,
      metrics: { render: () => metrics.render() },
      address: values["bind-address"],
      port: values["secure-port"],
      healthy: () => true,
      tls: servingFiles(values) ?? selfSigned({ name: component, hosts, clock, rng }),
      access: delegatedAccess(remote),
    });
    try {
      await leading(remote, component, {
        values,
        identity: `${host}_${uuid(rng)}`,
        work: (base) => {
          metrics = new MetricRegistry(limits);
          registerComponentMetrics(metrics, clock);
          return work({ ...base, metrics });
        },
      });
    } finally {
      stopHealth();
    }
  } finally {
    remote.close();
  }
}
