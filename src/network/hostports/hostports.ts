// Host ports of one node: follows the node's pods and keeps a backend equal to the plan. With the node's own identity: the service
// proxy's may not read pods.
import { pods } from "../../api/index.ts";
import type { Clock, Logger } from "../../base/index.ts";
import type { InformerFactory } from "../../client/index.ts";
import { createSyncLoop } from "../lib/sync-loop.ts";
import type { IpFamily, StaleFlow } from "../proxy/plan.ts";
import { type HostPort, keyOf, planHostPorts } from "./plan.ts";

export interface HostPortBackend {
  /** Makes the host ports of a family the ones in force, in one step. The first call replaces what an earlier process left. */
  apply(family: IpFamily, ports: readonly HostPort[]): Promise<void>;
  /** Ends UDP flows that the new rules would not reach because the kernel remembers them. */
  endFlows(flows: readonly StaleFlow[]): Promise<void>;
}

export interface HostPortsOptions {
  readonly informers: InformerFactory;
  readonly backend: HostPortBackend;
  readonly nodeName: string;
  readonly families?: readonly IpFamily[];
  readonly clock: Clock;
  readonly log: Logger;
}

export interface HostPorts {
  /** Resolves after the signal aborted. Rules stay, so that connections go on while the process is replaced. */
  run(signal: AbortSignal): Promise<void>;
}

export function createHostPorts(options: HostPortsOptions): HostPorts {
  const { informers, backend, clock, log } = options;
  const families = options.families ?? ["ipv4"];
  const informer = informers.informer(pods, { fieldSelector: `spec.nodeName=${options.nodeName}` });
  const inForce = new Map<IpFamily, readonly HostPort[]>();
  const loop = createSyncLoop({
    clock,
    periodMs: 10,
    async sync() {
      for (const family of families) {
        const ports = planHostPorts(informer.list(), family);
        const before = inForce.get(family);
        if (before !== undefined && JSON.stringify(before) === JSON.stringify(ports)) continue;
        await backend.apply(family, ports);
        inForce.set(family, ports);
        const flows = staleHostPortFlows(before ?? [], ports);
        if (flows.length > 0) await backend.endFlows(flows);
      }
    },
    failed: (error) => log.error("host ports could not be brought in force; trying again", { error }),
  });
  return {
    async run(signal) {
      const detach = informer.addHandler({ add: loop.change, update: loop.change, delete: loop.change });
      try {
        await informer.whenSynced(signal);
        await loop.run(signal);
      } catch (error) {
        if (!signal.aborted) throw error;
      } finally {
        detach();
      }
    },
  };
}

/** UDP host ports that led elsewhere, or nowhere, before. */
export function staleHostPortFlows(before: readonly HostPort[], after: readonly HostPort[]): StaleFlow[] {
  const places = (ports: readonly HostPort[]): Map<string, HostPort> =>
    new Map(ports.filter((port) => port.protocol === "udp").map((port) => [keyOf(port), port]));
  const [old, now] = [places(before), places(after)];
  const changed = new Set<number>();
  for (const [key, port] of [...old, ...now])
    if (old.get(key)?.podIp !== now.get(key)?.podIp || old.get(key)?.podPort !== now.get(key)?.podPort)
      changed.add(port.hostPort);
  return [...changed].map((nodePort) => ({ protocol: "udp", nodePort }));
}
