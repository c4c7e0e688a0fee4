// How the cluster's DNS shows in the API: the Service `kube-dns`, whose endpoint is the server in this process.
import {
  type ClusterRole,
  type ClusterRoleBinding,
  clusterRoleBindings,
  clusterRoles,
  type EndpointSlice,
  endpointSlices,
  type Service,
  services,
} from "../api/index.ts";
import type { Client } from "../client/index.ts";
import { ignoreAlreadyExists, isAlreadyExists, type NewObject } from "../machinery/index.ts";

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

/** Who the DNS server is to the API, and what it may read: names and rules as kubeadm gives them to CoreDNS. */
export const dnsUser = {
  username: `system:serviceaccount:${namespace}:coredns`,
  groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, "system:authenticated"],
};
const roleName = "system:coredns";

const role: NewObject<ClusterRole> = {
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "ClusterRole",
  metadata: { name: roleName },
  rules: [
    { apiGroups: [""], resources: ["endpoints", "services", "pods", "namespaces"], verbs: ["list", "watch"] },
    { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["list", "watch"] },
  ],
};

const binding: NewObject<ClusterRoleBinding> = {
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "ClusterRoleBinding",
  metadata: { name: roleName },
  roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: roleName },
  subjects: [{ kind: "ServiceAccount", name: "coredns", namespace }],
};

/** Lets the DNS server read what it answers from. What an operator changed stays as it is. */
export async function authorizeDns(client: Client): Promise<void> {
  await client.of(clusterRoles).create(role).catch(ignoreAlreadyExists);
  await client.of(clusterRoleBindings).create(binding).catch(ignoreAlreadyExists);
}

/** Makes the objects, or brings the endpoint of an earlier start up to date. */
export async function publishDns(client: Client, options: DnsObjectsOptions): Promise<void> {
  // Asked first: creating it once more is refused for its address, which is taken by itself, not for its name.
  if ((await client.of(services).find({ namespace, name })) === undefined)
    await client.of(services).create(service(options));
  const wanted = slice(options);
  try {
    await client.of(endpointSlices).create(wanted);
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    const { endpoints, ports } = wanted;
    await client.of(endpointSlices).patch({ namespace, name }, { endpoints, ports }, { type: "merge" });
  }
}
