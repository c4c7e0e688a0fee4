// Where a Service is reached from the API server: its cluster IP, or its endpoints with --enable-aggregator-routing.
// Upstream: k8s.io/apiserver/pkg/util/proxy, kube-aggregator's pkg/apiserver/resolvers.go.
import { type EndpointSlice, endpointSlices, type Service, services } from "../api/index.ts";
import type { Rng } from "../base/index.ts";
import { serviceUnavailable } from "../machinery/index.ts";
import type { Address, ObjectReader, ServicePort } from "./contract.ts";

export interface ResolveOptions {
  readonly reader: ObjectReader;
  readonly rng: Rng;
  /** To the endpoints themselves; otherwise to the cluster IP, which the node's service proxy leads on. */
  readonly toEndpoints: boolean;
  /** Where this server itself is reached: what the Service `kubernetes` means. */
  readonly self?: Address;
}

/** Throws an error whose message says why there is no way. */
export function addressOf(service: ServicePort, options: ResolveOptions): Address {
  const { namespace, name, port } = service;
  if (namespace === "default" && name === "kubernetes" && port === 443 && options.self !== undefined)
    return options.self;
  if (!options.toEndpoints) return clusterAddress(options.reader, service);
  const found = options.reader.get(services, namespace, name);
  if (found === undefined) throw new Error(`service ${JSON.stringify(name)} not found`);
  return endpointOf(found, port, options);
}

type Port = NonNullable<NonNullable<Service["spec"]>["ports"]>[number];

function servicePort({ spec, metadata }: Service, port: number): Port {
  const found = spec?.ports?.find((each) => each.port === port);
  if (found !== undefined) return found;
  throw serviceUnavailable(`no service port ${port} found for service ${JSON.stringify(metadata.name)}`);
}

/** All slices of a Service. */
export const slicesOf = (reader: ObjectReader, { namespace, name }: Omit<ServicePort, "port">): EndpointSlice[] =>
  reader
    .list(endpointSlices, namespace)
    .filter(({ metadata }) => metadata.labels?.["kubernetes.io/service-name"] === name);

/** Any ready endpoint, first of the Service's first family. */
function endpointOf(service: Service, port: number, { reader, rng }: ResolveOptions): Address {
  const { spec, metadata } = service;
  const type = spec?.type ?? "ClusterIP";
  if (type === "ExternalName") throw new Error(`unsupported service type "${type}"`);
  const portName = servicePort(service, port).name ?? "";
  const family = spec?.ipFamilies?.[0];
  const slices = shuffled(slicesOf(reader, { namespace: metadata.namespace ?? "", name: metadata.name }), rng).sort(
    (a, b) => Number(b.addressType === family) - Number(a.addressType === family),
  );
  for (const { ports, endpoints = [] } of slices) {
    const target = ports?.find((each) => (each.name ?? "") === portName && each.port !== undefined)?.port;
    const ready = shuffled(endpoints, rng).find(({ conditions }) => conditions?.ready !== false);
    const host = ready?.addresses[0];
    if (target !== undefined && host !== undefined) return { host, port: target };
  }
  throw serviceUnavailable(`no endpoints available for service ${JSON.stringify(metadata.name)}`);
}

/** The same list, begun anywhere. */
function shuffled<T>(list: readonly T[], rng: Rng): T[] {
  const start = list.length > 1 ? rng.below(list.length) : 0;
  return [...list.slice(start), ...list.slice(0, start)];
}

function clusterAddress(reader: ObjectReader, { namespace, name, port }: ServicePort): Address {
  const service = reader.get(services, namespace, name);
  if (service === undefined) throw new Error(`service ${JSON.stringify(name)} not found`);
  const { type = "ClusterIP", clusterIP = "", externalName = "", ports = [] } = service.spec;
  if (type === "ExternalName") return { host: externalName, port };
  if (!["ClusterIP", "LoadBalancer", "NodePort"].includes(type))
    throw new Error(`unsupported service type ${JSON.stringify(type)}`);
  if (clusterIP === "None" && type === "ClusterIP") throw new Error('cannot route to service with ClusterIP "None"');
  if (!ports.some((each) => each.port === port))
    throw new Error(`no service port ${port} found for service ${JSON.stringify(name)}`);
  return { host: clusterIP, port };
}
