// Objects that every cluster has: made when they are missing, kept in line where they describe this server.
// Upstream: pkg/controlplane (systemnamespaces, kubernetesservice, reconcilers), pkg/registry/scheduling/rest.

import type { KindDefinition } from "../../api/index.ts";
import {
  configMaps,
  type EndpointSlice,
  type Endpoints,
  endpointSlices,
  endpoints,
  formatIp,
  namespaces,
  parseCidr,
  priorityClasses,
  type Service,
  serviceCIDRs,
  services,
} from "../../api/index.ts";
import type { Clock, Logger } from "../../base/index.ts";
import { deepEqual, isAlreadyExists, type KubeObject } from "../../machinery/index.ts";
import type { ObjectReader, ObjectWriter } from "../contract.ts";

/** Where this server is reached, and what extension servers need to trust its requests. */
export interface ServerIdentity {
  /** Address and port of the `kubernetes` Service's endpoint. */
  readonly advertise?: { readonly address: string; readonly port: number };
  /** For the ConfigMap kube-system/extension-apiserver-authentication. */
  readonly extensionAuthentication?: Readonly<Record<string, string>>;
}

interface Host {
  readonly reader: ObjectReader;
  readonly writer: ObjectWriter;
  readonly clock: Clock;
  readonly log: Logger;
}

export const systemNamespaces = ["default", "kube-system", "kube-public", "kube-node-lease"];

const systemPriorities = [
  {
    name: "system-node-critical",
    value: 2_000_001_000,
    description: "Used for system critical pods that must not be moved from their current node.",
  },
  {
    name: "system-cluster-critical",
    value: 2_000_000_000,
    description:
      "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.",
  },
];

export async function bootstrapObjects(
  host: Host,
  options: ServerIdentity & { readonly serviceClusterIPRange: string },
): Promise<void> {
  await Promise.all(systemNamespaces.map((name) => ensure(host, namespaces, { metadata: { name } })));
  await Promise.all([
    ...systemPriorities.map(({ name, value, description }) =>
      ensure(host, priorityClasses, { metadata: { name }, value, description }),
    ),
    ensureServiceCidr(host, options.serviceClusterIPRange),
    ensureTokenTracking(host),
    ...(options.extensionAuthentication === undefined
      ? []
      : [keepAuthentication(host, options.extensionAuthentication)]),
    keepKubernetesService(host, options),
  ]);
}

interface SystemObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

/** Creates what is not there. `body` is a kind's content without kind and apiVersion. */
async function ensure<T extends KubeObject>(host: Host, kind: KindDefinition<T>, body: SystemObject): Promise<T> {
  const { name, namespace = "" } = body.metadata;
  const found = host.reader.get(kind, namespace, name);
  if (found !== undefined) return found;
  const apiVersion = kind.group === "" ? kind.version : `${kind.group}/${kind.version}`;
  try {
    return await host.writer.create(kind, { ...body, apiVersion, kind: kind.kind } as unknown as T);
  } catch (error) {
    // Another server of the same store was faster.
    if (!isAlreadyExists(error)) throw error;
    return (await host.reader.getFresh(kind, namespace, name)) as T;
  }
}

const ensureServiceCidr = (host: Host, range: string): Promise<unknown> =>
  ensure(host, serviceCIDRs, {
    metadata: { name: "kubernetes" },
    spec: { cidrs: range.split(",").map((each) => each.trim()) },
  });

/** Since when uses of long-lived tokens are noted; controllers that clean these up wait for it. Upstream: legacytokentracking. */
const ensureTokenTracking = (host: Host): Promise<unknown> =>
  ensure(host, configMaps, {
    metadata: { namespace: "kube-system", name: "kube-apiserver-legacy-service-account-token-tracking" },
    data: { since: new Date(host.clock.now()).toISOString().slice(0, 10) },
  });

async function keepAuthentication(host: Host, data: Readonly<Record<string, string>>): Promise<void> {
  const name = { namespace: "kube-system", name: "extension-apiserver-authentication" };
  await ensure(host, configMaps, { metadata: name, data: { ...data } });
  await host.writer.update(configMaps, name, (current) =>
    deepEqual(current.data, data) ? undefined : { ...current, data: { ...data } },
  );
}

/** The Service `kubernetes` with the first address of the range, and its endpoints in both forms. */
async function keepKubernetesService(
  host: Host,
  options: ServerIdentity & { readonly serviceClusterIPRange: string },
): Promise<void> {
  const { advertise } = options;
  if (advertise === undefined) return;
  const name = { namespace: "default", name: "kubernetes" };
  const labels = { component: "apiserver", provider: "kubernetes" };
  const clusterIP = firstAddress(options.serviceClusterIPRange);
  await ensure<Service>(host, services, {
    metadata: { ...name, labels },
    spec: {
      type: "ClusterIP",
      clusterIP,
      ports: [{ name: "https", port: 443, protocol: "TCP", targetPort: advertise.port }],
      sessionAffinity: "None",
      ipFamilyPolicy: "SingleStack",
    },
  });
  if (/^127\.|^::1$/.test(advertise.address)) {
    host.log.warn(
      "the advertised address is a loopback one; pods cannot reach the API server by the Service kubernetes",
      {
        address: advertise.address,
      },
    );
    return;
  }
  await keepEndpoints(host, name, advertise);
  await keepSlice(host, name, advertise);
}

const mirrorLabel = { "endpointslice.kubernetes.io/skip-mirror": "true" };

async function keepEndpoints(
  host: Host,
  name: { namespace: string; name: string },
  advertise: { address: string; port: number },
): Promise<void> {
  const subsets = [
    {
      addresses: [{ ip: advertise.address }],
      ports: [{ name: "https", port: advertise.port, protocol: "TCP" as const }],
    },
  ];
  await ensure<Endpoints>(host, endpoints, { metadata: { ...name, labels: mirrorLabel }, subsets });
  await host.writer.update<Endpoints>(endpoints, name, (current) =>
    deepEqual(current.subsets, subsets) ? undefined : { ...current, subsets },
  );
}

async function keepSlice(
  host: Host,
  name: { namespace: string; name: string },
  advertise: { address: string; port: number },
): Promise<void> {
  const content = {
    endpoints: [{ addresses: [advertise.address], conditions: { ready: true } }],
    ports: [{ name: "https", port: advertise.port, protocol: "TCP" as const }],
  };
  const addressType = advertise.address.includes(":") ? "IPv6" : "IPv4";
  await ensure<EndpointSlice>(host, endpointSlices, {
    metadata: { ...name, labels: { "kubernetes.io/service-name": "kubernetes" } },
    addressType,
    ...content,
  });
  await host.writer.update<EndpointSlice>(endpointSlices, name, (current) =>
    deepEqual(current.endpoints, content.endpoints) && deepEqual(current.ports, content.ports)
      ? undefined
      : { ...current, ...content },
  );
}

function firstAddress(ranges: string): string {
  const network = [...parseCidr(ranges.split(",")[0]!.trim())!.network];
  network[network.length - 1]! += 1;
  return formatIp(network);
}
