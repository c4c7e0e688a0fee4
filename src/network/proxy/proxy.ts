// The service proxy of one node: follows Services and EndpointSlices and keeps a backend's rules equal to the plan.
import { endpointSlices, nodes, services } from "../../api/index.ts";
import { type Clock, Counter, Histogram, type Logger, type MetricRegistry } from "../../base/index.ts";
import type { InformerFactory } from "../../client/index.ts";
import { createSyncLoop } from "../lib/sync-loop.ts";
import type { ProxyBackend } from "./backend.ts";
import { type IpFamily, type ProxyPlan, planProxy, staleFlows } from "./plan.ts";

export interface ProxyOptions {
  readonly informers: InformerFactory;
  readonly backend: ProxyBackend;
  readonly nodeName: string;
  /** Addresses under which node ports answer. */
  readonly nodeAddresses: readonly string[];
  readonly families?: readonly IpFamily[];
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: MetricRegistry;
  /** Changes that come within this time are applied together. */
  readonly minSyncPeriodMs?: number;
}

export interface ServiceProxy {
  /** Resolves after the signal aborted. */
  run(signal: AbortSignal): Promise<void>;
  /** True once the rules were in force a first time and while the last attempt succeeded. */
  healthy(): boolean;
  /** Wall time in ms of the last success, for /healthz. */
  lastSync(): number;
}

const serviceNameLabel = "kubernetes.io/service-name";
const zoneLabel = "topology.kubernetes.io/zone";

export function createProxy(options: ProxyOptions): ServiceProxy {
  const { informers, backend, clock, log, metrics } = options;
  const serviceInformer = informers.informer(services);
  const sliceInformer = informers.informer(endpointSlices);
  const nodeInformer = informers.informer(nodes, { fieldSelector: `metadata.name=${options.nodeName}` });
  sliceInformer.addIndex("proxy-service", (slice) => {
    const service = slice.metadata.labels?.[serviceNameLabel];
    return service === undefined ? [] : [`${slice.metadata.namespace}/${service}`];
  });
  const duration = metrics.register(
    new Histogram(
      {
        name: "kubeproxy_sync_proxy_rules_duration_seconds",
        help: "SyncProxyRules latency in seconds",
        stability: "ALPHA",
      },
      [0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512, 1.024, 2.048, 4.096, 8.192, 16.384],
    ),
  );
  const failures = metrics.register(
    new Counter({
      name: "kubeproxy_sync_proxy_rules_failures_total",
      help: "Failed attempts to bring the rules in force",
      stability: "ALPHA",
    }),
  );

  const zoneOf = (): string => nodeInformer.get("", options.nodeName)?.metadata.labels?.[zoneLabel] ?? "";
  let zone = "";
  const zoneChange = (): void => {
    if (zoneOf() !== zone) loop.change();
  };
  let applied: readonly ProxyPlan[] | undefined;
  let healthy = false;
  let lastSyncMs = 0;

  async function sync(): Promise<void> {
    const start = clock.monotonic();
    zone = zoneOf();
    const plans = (options.families ?? ["ipv4"]).map((family) =>
      planProxy({
        services: serviceInformer.list(),
        slicesOf: (service) => sliceInformer.byIndex("proxy-service", service),
        node: { name: options.nodeName, zone, addresses: options.nodeAddresses },
        family,
      }),
    );
    await backend.apply(plans);
    const flows = plans.flatMap((plan, index) => staleFlows(applied?.[index], plan));
    if (flows.length > 0) await backend.endFlows(flows);
    await backend.serveHealthChecks(plans[0]?.healthChecks ?? [], () => healthy);
    applied = plans;
    healthy = true;
    lastSyncMs = clock.now();
    duration.observe((clock.monotonic() - start) / 1000);
  }

  const loop = createSyncLoop({
    clock,
    periodMs: options.minSyncPeriodMs ?? 10,
    sync,
    failed(error) {
      healthy = false;
      failures.inc();
      log.error("service rules could not be brought in force; trying again", { error });
    },
  });

  return {
    healthy: () => healthy,
    lastSync: () => lastSyncMs,
    async run(signal) {
      const handler = { add: loop.change, update: loop.change, delete: loop.change };
      const detach = [
        serviceInformer.addHandler(handler),
        sliceInformer.addHandler(handler),
        nodeInformer.addHandler({ add: zoneChange, update: zoneChange }),
      ];
      try {
        await Promise.all([
          serviceInformer.whenSynced(signal),
          sliceInformer.whenSynced(signal),
          nodeInformer.whenSynced(signal),
        ]);
        await loop.run(signal);
      } catch (error) {
        if (!signal.aborted) throw error;
      } finally {
        for (const each of detach) each();
        await backend.close();
      }
    },
  };
}
