// The part of the cluster that DNS answers are made of, kept by informers and indexed by what queries ask for.
import { type EndpointSlice, endpointSlices, namespaces, type Service, services } from "../../api/index.ts";
import type { InformerFactory } from "../../client/index.ts";
import { type DnsView, endpointLabel } from "./answer.ts";

const serviceNameLabel = "kubernetes.io/service-name";
const serviceKey = (namespace: string | undefined, name: string): string => `${namespace}/${name}`;

/** Endpoint names of a slice by address: `hostname.service.namespace`. */
function endpointNames(slice: EndpointSlice, ip: string): string[] {
  const service = slice.metadata.labels?.[serviceNameLabel];
  if (service === undefined) return [];
  return (slice.endpoints ?? [])
    .filter((endpoint) => endpoint.addresses.includes(ip) && endpoint.conditions?.ready !== false)
    .map((endpoint) => `${endpoint.hostname || endpointLabel(ip)}.${service}.${slice.metadata.namespace}`);
}

const ipsOf = (service: Service): readonly string[] =>
  (service.spec.clusterIPs ?? []).filter((ip) => ip !== "None" && ip !== "");

/** Ask before the factory starts. `ready`: the cluster's content is known, so that its answers are right. */
export function createDnsView(informers: InformerFactory): DnsView & { readonly ready: () => boolean } {
  const serviceInformer = informers.informer(services);
  const sliceInformer = informers.informer(endpointSlices);
  const namespaceInformer = informers.informer(namespaces);
  serviceInformer.addIndex("dns-ip", ipsOf);
  sliceInformer.addIndex("dns-service", (slice) => {
    const service = slice.metadata.labels?.[serviceNameLabel];
    return service === undefined ? [] : [serviceKey(slice.metadata.namespace, service)];
  });
  sliceInformer.addIndex("dns-ip", (slice) => (slice.endpoints ?? []).flatMap((endpoint) => endpoint.addresses));
  let serial = 1;
  const follow = (object: { metadata: { resourceVersion: string } }): void => {
    serial = Math.max(serial, Number(object.metadata.resourceVersion) % 2 ** 32);
  };
  for (const informer of [serviceInformer, sliceInformer])
    informer.addHandler({ add: follow, update: (_, after) => follow(after), delete: follow });
  return {
    namespaceExists: (namespace) => namespaceInformer.get("", namespace) !== undefined,
    service: (namespace, name) => serviceInformer.get(namespace, name),
    slices: (namespace, name) => sliceInformer.byIndex("dns-service", serviceKey(namespace, name)),
    serviceByIp: (ip) => serviceInformer.byIndex("dns-ip", ip)[0],
    endpointNamesByIp: (ip) => [
      ...new Set(sliceInformer.byIndex("dns-ip", ip).flatMap((slice) => endpointNames(slice, ip))),
    ],
    serial: () => serial,
    ready: () => serviceInformer.synced && sliceInformer.synced && namespaceInformer.synced,
  };
}
