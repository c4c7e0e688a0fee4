// Node ports and health check ports of a service. Upstream: initNodePorts, updateNodePorts, allocHealthCheckNodePort in
// registry/core/service/storage/alloc.go; portallocator/operation.go for what a dry run sees.
import { field, internalError, invalid, plainError } from "../../../../machinery/index.ts";
import { RangeFull } from "../allocator.ts";
import { type Allocation, nodePortsOf, type Spec, serviceKind } from "./allocators.ts";

/** A dry run shows ports that can not be anybody's, counted from here. */
const beforeFirstDummy = 32768;

interface Ports {
  /** What is wrong with the port; undefined when it is taken, or could be. */
  take(port: number): string | undefined;
  next(): number;
}

/** Ports of one request. */
function portsOf({ allocators, taken, dryRun }: Allocation): Ports {
  const { ports, portRange, metrics } = allocators;
  const mine: number[] = [];
  const inUse = "provided port is already allocated";
  if (dryRun)
    return {
      take(port) {
        if (mine.includes(port) || (ports.contains(BigInt(port)) && !ports.use.isFree(BigInt(port)))) return inUse;
        mine.push(port);
        return undefined;
      },
      next() {
        const port = Math.max(0, ...mine) + 1;
        mine.push(mine.length === 0 ? beforeFirstDummy + 1 : port);
        return mine.at(-1)!;
      },
    };
  return {
    take(port) {
      const isInside = ports.contains(BigInt(port));
      if (!isInside || !ports.use.isFree(BigInt(port))) {
        metrics.portFailed("static");
        return isInside ? inUse : `provided port is not in the valid range. The range of valid ports is ${portRange}`;
      }
      taken.take(ports.use, BigInt(port));
      metrics.portGiven("static");
      return undefined;
    },
    next() {
      try {
        const number = ports.next();
        taken.take(ports.use, number);
        metrics.portGiven("dynamic");
        return Number(number);
      } catch (error) {
        metrics.portFailed("dynamic");
        throw error;
      }
    },
  };
}

const mayHaveNodePorts = ({ type }: Spec): boolean => type === "NodePort" || type === "LoadBalancer";
const getsNodePorts = (spec: Spec): boolean =>
  spec.type === "NodePort" || (spec.type === "LoadBalancer" && spec.allocateLoadBalancerNodePorts !== false);
const needsHealthPort = (spec: Spec): boolean => spec.type === "LoadBalancer" && spec.externalTrafficPolicy === "Local";

export function allocatePorts(allocation: Allocation): void {
  const { spec, before } = allocation;
  const ports = portsOf(allocation);
  try {
    if (mayHaveNodePorts(spec)) {
      if (before === undefined) initNodePorts(allocation, ports);
      else updateNodePorts(allocation, ports);
    }
    if (needsHealthPort(spec) && (before === undefined || !needsHealthPort(before))) allocateHealthPort(spec, ports);
  } catch (error) {
    if (error instanceof RangeFull) throw internalError(`failed to allocate a nodePort: ${error.message}`);
    throw error;
  }
}

const taker =
  ({ service }: Allocation, ports: Ports) =>
  (port: number, index: number): void => {
    const problem = ports.take(port);
    if (problem !== undefined)
      throw invalid(serviceKind, service.metadata.name ?? "", [
        field.invalid(`spec.ports[${index}].nodePort`, port, problem),
      ]);
  };

/** One service port in two protocols gets one node port, unless they ask for different ones. */
function initNodePorts(allocation: Allocation, ports: Ports): void {
  const { spec } = allocation;
  const take = taker(allocation, ports);
  const given = new Map<number, number>();
  const list = spec.ports ?? [];
  for (const [index, each] of list.entries()) {
    if (!each.nodePort && !getsNodePorts(spec)) continue;
    const known = given.get(each.port) ?? 0;
    if (known === 0) {
      const asked = list.find((other) => other.port === each.port && other.nodePort)?.nodePort;
      if (asked === undefined) each.nodePort = ports.next();
      else {
        take(asked, index);
        each.nodePort = asked;
      }
      given.set(each.port, each.nodePort);
    } else if (!each.nodePort) each.nodePort = known;
    else if (each.nodePort !== known) take(each.nodePort, index);
  }
}

function updateNodePorts(allocation: Allocation, ports: Ports): void {
  const { spec, before } = allocation;
  const take = taker(allocation, ports);
  const had = new Set(nodePortsOf(before!));
  const taken = new Set<number>();
  const seen = new Set<string>();
  for (const [index, each] of (spec.ports ?? []).entries()) {
    if (!each.nodePort && !getsNodePorts(spec)) continue;
    if (!each.nodePort) each.nodePort = ports.next();
    else if (!had.has(each.nodePort) && !taken.has(each.nodePort)) {
      take(each.nodePort, index);
      taken.add(each.nodePort);
    }
    const key = `${each.protocol} ${each.nodePort}`;
    if (seen.has(key)) throw plainError(`duplicate nodePort: {${key}}`);
    seen.add(key);
  }
}

function allocateHealthPort(spec: Spec, ports: Ports): void {
  const asked = spec.healthCheckNodePort;
  if (!asked) {
    spec.healthCheckNodePort = ports.next();
    return;
  }
  const problem = ports.take(asked);
  if (problem !== undefined)
    throw internalError(`failed to allocate requested HealthCheck NodePort ${asked}: ${problem}`);
}
