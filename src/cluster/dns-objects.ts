// How the cluster's DNS shows in the API: the Service `kube-dns`, whose endpoint is the server in this process.
import { type EndpointSlice, endpointSlices, type Service, services } from "../api/index.ts";
import type { Client } from "../client/index.ts";
import { isAlreadyExists, type NewObject } from "../machinery/index.ts";

export interface DnsObjectsOptions {
  readonly dnsIp: string;
  /** Where the server listens. */
  readonly address: string;
  readonly port: number;
}

const namespace = "kube-system";
const name = "kube-dns";

const service = ({ dnsIp }: DnsObjectsOptions): NewObject<Service> => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: {
    name,
    namespace,
    labels: { "k8s-app": "kube-dns", "kubernetes.io/cluster-service": "true", "kubernetes.io/name": "CoreDNS" },
  },
  spec: {
    clusterIP: dnsIp,
    ports: [
      { name: "dns", port: 53, protocol: "UDP" },
      { name: "dns-tcp", port: 53, protocol: "TCP" },
    ],
  },
});

const slice = ({ address, port }: DnsObjectsOptions): NewObject<EndpointSlice> => ({
  apiVersion: "discovery.k8s.io/v1",
  kind: "EndpointSlice",
  metadata: {
    name,
    namespace,
    labels: { "kubernetes.io/service-name": name, "endpointslice.kubernetes.io/managed-by": "typernetes" },
  },
  addressType: address.includes(":") ? "IPv6" : "IPv4",
  endpoints: [{ addresses: [address], conditions: { ready: true } }],
  ports: [
    { name: "dns", port, protocol: "UDP" },
    { name: "dns-tcp", port, protocol: "TCP" },
  ],
});

/** Makes the objects, or brings the endpoint of an earlier start up to date. */
export async function publishDns(client: Client, options: DnsObjectsOptions): Promise<void> {
  try {
    await client.of(services).create(service(options));
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
  const wanted = slice(options);
  try {
    await client.of(endpointSlices).create(wanted);
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    const { endpoints, ports } = wanted;
    await client.of(endpointSlices).patch({ namespace, name }, { endpoints, ports }, { type: "merge" });
  }
}
