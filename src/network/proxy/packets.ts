// What a plan means for one packet that opens a connection, read from the plan itself and from no backend's rules: the proxy
// contract of Services as a function. Source: kube-proxy's documentation of virtual IPs, proxy/nftables/proxier.go.
import { cidrContains, parseCidr, parseIp } from "../../machinery/index.ts";
import type { Protocol, ProxyPlan, ServicePortPlan, Target } from "./plan.ts";

export interface Packet {
  readonly source: string;
  readonly destination: string;
  readonly port: number;
  readonly protocol: Protocol;
}

/** Where connections come from, as the proxy knows it. */
export interface Surroundings {
  /** Every address of the node. */
  readonly ownAddresses: ReadonlySet<string>;
  /** Pods' range of the plan's family. Absent: sources are not told apart. */
  readonly clusterCidr?: string;
  readonly masqueradeAll?: boolean;
}

export type Fate =
  /** To one of the targets, which share the traffic; a target that is the source itself is masqueraded in any case. */
  | {
      readonly type: "forwarded";
      readonly port: ServicePortPlan;
      readonly targets: readonly Target[];
      readonly masqueraded: boolean;
    }
  /** Answered with a reset or an unreachable port. */
  | { readonly type: "refused" }
  | { readonly type: "dropped" }
  /** No service's: it goes where it says. */
  | { readonly type: "untouched" };

const refused: Fate = { type: "refused" };
const dropped: Fate = { type: "dropped" };

export function inAnyCidr(cidrs: readonly string[], address: string): boolean {
  const ip = parseIp(address);
  return (
    ip !== undefined &&
    cidrs.some((cidr) => {
      const block = parseCidr(cidr);
      return block !== undefined && cidrContains(block, ip);
    })
  );
}

export function fateOf(plan: ProxyPlan, packet: Packet, around: Surroundings): Fate {
  const { destination, port: number } = packet;
  for (const port of plan.ports) {
    if (port.protocol !== packet.protocol) continue;
    if (port.port === number && port.clusterIps.includes(destination)) return internal(port, packet, around);
    const balanced = port.port === number && port.loadBalancerIps.includes(destination);
    if (balanced && !mayEnter(plan, port, packet.source)) return dropped;
    const external = port.port === number && port.externalIps.includes(destination);
    const atNode = port.nodePort === number && plan.nodeAddresses.includes(destination);
    if (balanced || external || atNode) return fromOutside(port, packet, around);
  }
  // Nobody else has a cluster IP, so a port that no service has there is closed.
  return plan.ports.some((port) => port.clusterIps.includes(destination)) ? refused : { type: "untouched" };
}

/** Source ranges bind load balancer addresses alone. A node within them reaches itself through such an address too. */
function mayEnter(plan: ProxyPlan, port: ServicePortPlan, source: string): boolean {
  const { sourceRanges, loadBalancerIps } = port;
  if (sourceRanges.length === 0 || inAnyCidr(sourceRanges, source)) return true;
  return loadBalancerIps.includes(source) && plan.nodeAddresses.some((each) => inAnyCidr(sourceRanges, each));
}

const isPod = ({ clusterCidr }: Surroundings, source: string): boolean =>
  clusterCidr !== undefined && inAnyCidr([clusterCidr], source);

function internal(port: ServicePortPlan, { source }: Packet, around: Surroundings): Fate {
  const targets = port.internalLocal ? port.localTargets : port.clusterTargets;
  if (targets.length === 0) return port.internalLocal && port.anyEndpoint ? dropped : refused;
  const masqueraded = around.masqueradeAll === true || (around.clusterCidr !== undefined && !isPod(around, source));
  return { type: "forwarded", port, targets, masqueraded };
}

function fromOutside(port: ServicePortPlan, { source }: Packet, around: Surroundings): Fate {
  const { clusterTargets, localTargets } = port;
  if (!port.externalLocal)
    return clusterTargets.length === 0
      ? refused
      : { type: "forwarded", port, targets: clusterTargets, masqueraded: true };
  if (clusterTargets.length > 0) {
    // Pods and the node itself are inside already: the policy is not for them.
    if (isPod(around, source)) return { type: "forwarded", port, targets: clusterTargets, masqueraded: false };
    if (around.ownAddresses.has(source)) return { type: "forwarded", port, targets: clusterTargets, masqueraded: true };
  }
  if (localTargets.length > 0) return { type: "forwarded", port, targets: localTargets, masqueraded: false };
  return clusterTargets.length > 0 || port.anyEndpoint ? dropped : refused;
}
