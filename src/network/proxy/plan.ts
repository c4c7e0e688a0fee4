// From Services and EndpointSlices to what the node's service proxy must do: a plain value that rules.ts turns into
// nftables. Source: the proxy contract of Services (kube-proxy's documentation of virtual IPs, KEP-1669 for terminating endpoints,
// KEP-2433 and KEP-4444 for traffic distribution, KEP-2086 for internal traffic policy).

import type { EndpointSlice, Service, Endpoint as SliceEndpoint } from "../../api/index.ts";

export type IpFamily = "ipv4" | "ipv6";
export type Protocol = "tcp" | "udp" | "sctp";

export interface ProxyNode {
  readonly name: string;
  readonly zone: string;
  /** Addresses under which node ports answer. */
  readonly addresses: readonly string[];
}

export interface PlanInput {
  readonly services: readonly Service[];
  /** Slices of one service, by `namespace/name`. */
  readonly slicesOf: (service: string) => readonly EndpointSlice[];
  readonly node: ProxyNode;
  readonly family: IpFamily;
}

export interface Target {
  readonly ip: string;
  readonly port: number;
}

/** One port of one service, in one address family. */
export interface ServicePortPlan {
  /** `namespace/name/protocol/port name`. */
  readonly id: string;
  readonly service: string;
  readonly protocol: Protocol;
  readonly port: number;
  readonly clusterIps: readonly string[];
  /** External IPs and load balancer addresses. */
  readonly externalIps: readonly string[];
  readonly loadBalancerIps: readonly string[];
  readonly nodePort: number;
  /** Where traffic for the whole cluster goes; already chosen by topology and readiness. */
  readonly clusterTargets: readonly Target[];
  /** Where traffic that must stay on the node goes. */
  readonly localTargets: readonly Target[];
  readonly internalLocal: boolean;
  readonly externalLocal: boolean;
  /** Seconds that a client sticks to its endpoint; 0: it does not. */
  readonly affinitySeconds: number;
  /** Who may use the load balancer's addresses; empty: everybody. */
  readonly sourceRanges: readonly string[];
  /** Some endpoint is there on some node: traffic that this node may not serve is dropped, not refused. */
  readonly anyEndpoint: boolean;
}

export interface HealthCheck {
  readonly service: string;
  readonly port: number;
  readonly localEndpoints: number;
}

export interface ProxyPlan {
  readonly family: IpFamily;
  readonly ports: readonly ServicePortPlan[];
  readonly nodeAddresses: readonly string[];
  readonly healthChecks: readonly HealthCheck[];
}

const proxyNameLabel = "service.kubernetes.io/service-proxy-name";
const headlessLabel = "service.kubernetes.io/headless";
export const familyOf = (ip: string): IpFamily => (ip.includes(":") ? "ipv6" : "ipv4");

export function planProxy(input: PlanInput): ProxyPlan {
  const ports: ServicePortPlan[] = [];
  const healthChecks: HealthCheck[] = [];
  for (const service of input.services) {
    if (!isProxied(service)) continue;
    const name = `${service.metadata.namespace}/${service.metadata.name}`;
    const slices = input.slicesOf(name).filter((slice) => isUsable(slice, input.family));
    for (const port of service.spec.ports ?? []) ports.push(planPort({ service, name, slices, port }, input));
    const check = service.spec.healthCheckNodePort ?? 0;
    if (check > 0) healthChecks.push({ service: name, port: check, localEndpoints: countLocal(slices, input.node) });
  }
  return {
    family: input.family,
    ports: ports.filter((port) => port.clusterIps.length > 0),
    nodeAddresses: input.node.addresses.filter((address) => familyOf(address) === input.family),
    healthChecks,
  };
}

/** Headless, external and foreign services are not this proxy's. */
const isProxied = (service: Service): boolean =>
  service.spec.type !== "ExternalName" &&
  service.spec.clusterIP !== undefined &&
  service.spec.clusterIP !== "" &&
  service.spec.clusterIP !== "None" &&
  service.metadata.labels?.[proxyNameLabel] === undefined;

const isUsable = (slice: EndpointSlice, family: IpFamily): boolean =>
  slice.addressType === (family === "ipv4" ? "IPv4" : "IPv6") &&
  slice.metadata.labels?.[headlessLabel] === undefined &&
  slice.metadata.labels?.[proxyNameLabel] === undefined;

interface PortContext {
  readonly service: Service;
  readonly name: string;
  readonly slices: readonly EndpointSlice[];
  readonly port: NonNullable<Service["spec"]["ports"]>[number];
}

function planPort({ service, name, slices, port }: PortContext, { node, family }: PlanInput): ServicePortPlan {
  const { spec } = service;
  const sameFamily = (ips: readonly string[]): string[] => ips.filter((ip) => ip !== "" && familyOf(ip) === family);
  const loadBalancerIps = (service.status?.loadBalancer?.ingress ?? [])
    .filter((each) => each.ip && each.ipMode !== "Proxy")
    .map((each) => each.ip!);
  const internalLocal = spec.internalTrafficPolicy === "Local";
  const externalLocal = spec.externalTrafficPolicy === "Local";
  const endpoints = endpointsOf(slices, port.name ?? "", (port.protocol ?? "TCP") as string);
  const local = endpoints.filter((each) => each.endpoint.nodeName === node.name);
  const protocol = (port.protocol ?? "TCP").toLowerCase() as Protocol;
  return {
    id: `${name}/${protocol}/${port.name ?? ""}`,
    service: name,
    protocol,
    port: port.port,
    clusterIps: sameFamily(spec.clusterIPs ?? [spec.clusterIP ?? ""]),
    externalIps: sameFamily(spec.externalIPs ?? []),
    loadBalancerIps: sameFamily(loadBalancerIps),
    nodePort: port.nodePort ?? 0,
    clusterTargets: serving(byTopology(endpoints, node)),
    localTargets: internalLocal || externalLocal ? serving(local) : [],
    internalLocal,
    externalLocal,
    affinitySeconds:
      spec.sessionAffinity === "ClientIP" ? (spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10_800) : 0,
    sourceRanges: sameFamily((spec.loadBalancerSourceRanges ?? []).map((range) => range.trim())),
    anyEndpoint: endpoints.some((each) => isServing(each.endpoint)),
  };
}

interface PlacedEndpoint {
  readonly endpoint: SliceEndpoint;
  readonly target: Target;
}

/** Endpoints of one port, each address once. Kube-proxy and we take the first address of an endpoint only. */
function endpointsOf(slices: readonly EndpointSlice[], portName: string, protocol: string): PlacedEndpoint[] {
  const found = new Map<string, PlacedEndpoint>();
  for (const slice of slices) {
    const port = slice.ports?.find((each) => (each.name ?? "") === portName && (each.protocol ?? "TCP") === protocol);
    if (port?.port === undefined) continue;
    for (const endpoint of slice.endpoints ?? []) {
      const ip = endpoint.addresses[0];
      if (ip === undefined) continue;
      const key = `${ip}:${port.port}`;
      const known = found.get(key);
      // An address may stand in two slices while it moves: the better state counts.
      if (known === undefined || (!isReady(known.endpoint) && isReady(endpoint)))
        found.set(key, { endpoint, target: { ip, port: port.port } });
    }
  }
  return [...found.values()];
}

const isReady = (endpoint: SliceEndpoint): boolean => endpoint.conditions?.ready !== false;
const isServing = (endpoint: SliceEndpoint): boolean => endpoint.conditions?.serving ?? isReady(endpoint);
const isTerminating = (endpoint: SliceEndpoint): boolean => endpoint.conditions?.terminating === true;

/** The ready ones; when there are none, those that still serve while they end. */
function serving(endpoints: readonly PlacedEndpoint[]): Target[] {
  const ready = endpoints.filter((each) => isReady(each.endpoint));
  const chosen =
    ready.length > 0 ? ready : endpoints.filter((each) => isServing(each.endpoint) && isTerminating(each.endpoint));
  return chosen.map((each) => each.target).sort(byAddress);
}

const byAddress = (a: Target, b: Target): number => (a.ip === b.ip ? a.port - b.port : a.ip < b.ip ? -1 : 1);

/** Hints are followed only when every ready endpoint has them and some are for this node or zone. */
function byTopology(endpoints: readonly PlacedEndpoint[], node: ProxyNode): readonly PlacedEndpoint[] {
  const ready = endpoints.filter((each) => isReady(each.endpoint));
  const hinted = (key: "forNodes" | "forZones", wanted: string): PlacedEndpoint[] | undefined => {
    if (wanted === "" || ready.length === 0 || !ready.every((each) => (each.endpoint.hints?.[key]?.length ?? 0) > 0))
      return undefined;
    const mine = ready.filter((each) => each.endpoint.hints?.[key]?.some((hint) => hint.name === wanted));
    return mine.length > 0 ? mine : undefined;
  };
  return hinted("forNodes", node.name) ?? hinted("forZones", node.zone) ?? endpoints;
}

function countLocal(slices: readonly EndpointSlice[], node: ProxyNode): number {
  const addresses = new Set<string>();
  for (const slice of slices)
    for (const endpoint of slice.endpoints ?? [])
      if (endpoint.nodeName === node.name && isReady(endpoint)) addresses.add(endpoint.addresses[0] ?? "");
  return addresses.size;
}

/** UDP flows that would go on to where they may no longer go: for conntrack. */
export interface StaleFlow {
  readonly protocol: Protocol;
  readonly originalDestination?: string;
  readonly nodePort?: number;
  /** Only flows to this endpoint; absent: all of the destination. */
  readonly endpoint?: string;
  /** Only flows to this port of the endpoint. */
  readonly endpointPort?: number;
}

/** What changed for UDP between two plans: endpoints that went, and services that had none and now have some. */
export function staleFlows(before: ProxyPlan | undefined, after: ProxyPlan): StaleFlow[] {
  const flows: StaleFlow[] = [];
  const old = new Map((before?.ports ?? []).map((port) => [port.id, port]));
  for (const port of after.ports) {
    if (port.protocol !== "udp") continue;
    const earlier = old.get(port.id);
    const now = new Set([...port.clusterTargets, ...port.localTargets].map(keyOf));
    const went = new Map(
      [...(earlier?.clusterTargets ?? []), ...(earlier?.localTargets ?? [])]
        .filter((target) => !now.has(keyOf(target)))
        .map((target) => [keyOf(target), target]),
    );
    const wasEmpty = earlier === undefined || earlier.clusterTargets.length + earlier.localTargets.length === 0;
    const cut = wasEmpty && now.size > 0 ? [undefined] : [...went.values()];
    flows.push(...cut.flatMap((target) => flowsOf(port, target)));
  }
  const kept = new Set(after.ports.map((port) => port.id));
  for (const port of before?.ports ?? [])
    if (port.protocol === "udp" && !kept.has(port.id)) flows.push(...flowsOf(port, undefined));
  return flows;
}

const keyOf = ({ ip, port }: Target): string => `${ip} ${port}`;

function flowsOf(port: ServicePortPlan, target: Target | undefined): StaleFlow[] {
  const to = target === undefined ? {} : { endpoint: target.ip, endpointPort: target.port };
  const addresses = [...port.clusterIps, ...port.externalIps, ...port.loadBalancerIps];
  return [
    ...addresses.map((originalDestination) => ({ protocol: port.protocol, originalDestination, ...to })),
    ...(port.nodePort > 0 ? [{ protocol: port.protocol, nodePort: port.nodePort, ...to }] : []),
  ];
}
