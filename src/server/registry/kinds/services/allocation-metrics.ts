// What is given to services, counted under upstream's names: pkg/registry/core/service/ipallocator/metrics.go, portallocator/metrics.go.
import { type Clock, Counter, Gauge, Histogram, type MetricRegistry } from "../../../../base/index.ts";

export type AllocationScope = "static" | "dynamic";

export interface AllocationMetrics {
  /** Milliseconds of a monotonic clock, for `observe`. */
  now(): number;
  observe(cidr: string, tookMs: number): void;
  given(cidr: string, scope: AllocationScope): void;
  failed(cidr: string, scope: AllocationScope): void;
  portGiven(scope: AllocationScope): void;
  portFailed(scope: AllocationScope): void;
}

export interface Holdings {
  readonly ranges: readonly { readonly cidr: string; readonly allocated: number; readonly size: bigint }[];
  readonly ports: { readonly allocated: number; readonly size: bigint };
}

const usualSeconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export function createAllocationMetrics(
  registry: MetricRegistry,
  clock: Clock,
  holdings: () => Holdings,
): AllocationMetrics {
  const counter = (name: string, help: string, labelNames: readonly string[]): Counter =>
    registry.register(new Counter({ name: `kube_apiserver_${name}`, help, labelNames, stability: "ALPHA" }));
  const gauge = (name: string, help: string, labelNames: readonly string[] = []): Gauge =>
    registry.register(new Gauge({ name: `kube_apiserver_${name}`, help, labelNames, stability: "ALPHA" }));
  const ofCidr = ["cidr"];
  const ofScope = ["cidr", "scope"];
  const ips = "clusterip_allocator";
  const ports = "nodeport_allocator";
  const allocated = gauge(`${ips}_allocated_ips`, "Gauge measuring the number of allocated IPs for Services", ofCidr);
  const available = gauge(`${ips}_available_ips`, "Gauge measuring the number of available IPs for Services", ofCidr);
  const given = counter(`${ips}_allocation_total`, "Number of Cluster IPs allocations", ofScope);
  const failed = counter(`${ips}_allocation_errors_total`, "Number of errors trying to allocate Cluster IPs", ofScope);
  const seconds = registry.register(
    new Histogram(
      {
        name: `kube_apiserver_${ips}_allocation_duration_seconds`,
        help: "Duration in seconds to allocate a Cluster IP by ServiceCIDR",
        labelNames: ofCidr,
        stability: "ALPHA",
      },
      usualSeconds,
    ),
  );
  const usedPorts = gauge(`${ports}_allocated_ports`, "Gauge measuring the number of allocated NodePorts for Services");
  const freePorts = gauge(`${ports}_available_ports`, "Gauge measuring the number of available NodePorts for Services");
  const portGiven = counter(`${ports}_allocation_total`, "Number of NodePort allocations", ["scope"]);
  const portFailed = counter(`${ports}_allocation_errors_total`, "Number of errors trying to allocate NodePort", [
    "scope",
  ]);
  registry.beforeRender(() => {
    const held = holdings();
    for (const { cidr, allocated: used, size } of held.ranges) {
      allocated.set(used, { cidr });
      available.set(Number(size) - used, { cidr });
    }
    usedPorts.set(held.ports.allocated);
    freePorts.set(Number(held.ports.size) - held.ports.allocated);
  });
  return {
    now: () => clock.monotonic(),
    observe: (cidr, tookMs) => seconds.observe(tookMs / 1000, { cidr }),
    given: (cidr, scope) => given.inc({ cidr, scope }),
    failed: (cidr, scope) => failed.inc({ cidr, scope }),
    portGiven: (scope) => portGiven.inc({ scope }),
    portFailed: (scope) => portFailed.inc({ scope }),
  };
}
