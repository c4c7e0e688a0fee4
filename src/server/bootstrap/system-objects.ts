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
import { deepEqual, formatApiVersion, isAlreadyExists, type KubeObject } from "../../machinery/index.ts";
import type { ObjectReader, ObjectWriter } from "../contract.ts";
import { readyStatus, statusManager } from "./service-cidr.ts";
import type { SettledObject, SettledWriter } from "./settled.ts";

/** Where this server is reached, and what extension servers need to trust its requests. */
export interface ServerIdentity {
  /** Address and port of the `kubernetes` Service's endpoint. */
  readonly advertise?: { readonly address: string; readonly port: number };
  /** Node port of that Service, which is a ClusterIP one without. */
  readonly kubernetesServiceNodePort?: number;
  /** For the ConfigMap kube-system/extension-apiserver-authentication. */
  readonly extensionAuthentication?: Readonly<Record<string, string>>;
}

interface Host {
  readonly reader: ObjectReader;
  readonly writer: ObjectWriter;
  /** Makes what a new cluster has. */
  readonly settled?: SettledWriter;
  readonly clock: Clock;
  readonly log: Logger;
}

const systemNamespaces = ["default", "kube-system", "kube-public", "kube-node-lease"];

const namespaceBodies: readonly SystemObject[] = systemNamespaces.map((name) => ({ metadata: { name } }));

const systemPriorities: readonly SystemObject[] = [
  {
    metadata: { name: "system-node-critical" },
    value: 2_000_001_000,
    description: "Used for system critical pods that must not be moved from their current node.",
  },
  {
    metadata: { name: "system-cluster-critical" },
    value: 2_000_000_000,
    description:
      "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.",
  },
];

/** What everything with a namespace needs first. */
export const bootstrapNamespaces = (host: Host): Promise<unknown> =>
  ensureAll(
    host,
    namespaces,
    namespaceBodies.map((body) => ({ body })),
  );

/** The namespaces must be there. All writes go out together, so that the store can commit them as one group. */
export const bootstrapObjects = (
  host: Host,
  options: ServerIdentity & { readonly serviceClusterIPRange: string },
): Promise<unknown> =>
  Promise.all([
    ensureAll(
      host,
      priorityClasses,
      systemPriorities.map((body) => ({ body })),
    ),
    ensureServiceCidr(host, options.serviceClusterIPRange),
    ensureTokenTracking(host),
    ...(options.extensionAuthentication === undefined
      ? []
      : [keepAuthentication(host, options.extensionAuthentication)]),
    ...(options.advertise === undefined ? [] : keepKubernetesService(host, options.advertise, options)),
  ]);

interface SystemObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

type Wanted = Omit<SettledObject, "body"> & { readonly body: SystemObject };

/** By body without kind and apiVersion: what is settled is told by the value itself. */
const wholeBodies = new WeakMap<SystemObject, KubeObject>();

/** Creates those that are not there; as settled objects where a new cluster has none of the kind. */
async function ensureAll<T extends KubeObject>(
  host: Host,
  kind: KindDefinition<T>,
  wanted: readonly Wanted[],
): Promise<void> {
  if (host.settled === undefined || host.reader.list(kind).length > 0) {
    await Promise.all(wanted.map(({ body }) => ensure(host, kind, body)));
    return;
  }
  const objects = wanted.map((each): SettledObject => {
    const body = wholeBodies.get(each.body) ?? wholeBody(kind, each.body);
    wholeBodies.set(each.body, body);
    return { ...each, body };
  });
  await host.settled.create(kind, objects);
}

const wholeBody = <T extends KubeObject>(kind: KindDefinition<T>, body: SystemObject): T =>
  ({ ...body, apiVersion: formatApiVersion(kind), kind: kind.kind }) as T;

/** Creates what is not there. `body` is a kind's content without kind and apiVersion. */
async function ensure<T extends KubeObject>(host: Host, kind: KindDefinition<T>, body: SystemObject): Promise<void> {
  const { name, namespace = "" } = body.metadata;
  if (host.reader.get(kind, namespace, name) === undefined) await createOnce(host, kind, body);
}

/** False when another server of the same store was faster. */
async function createOnce<T extends KubeObject>(
  host: Host,
  kind: KindDefinition<T>,
  body: SystemObject,
): Promise<boolean> {
  try {
    await host.writer.create(kind, wholeBody(kind, body));
    return true;
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    return false;
  }
}

/** Creates what is not there, and writes the fields of `content` where they differ; the rest of what is there stays. */
async function keep<T extends KubeObject>(
  host: Host,
  kind: KindDefinition<T>,
  wanted: { readonly body: SystemObject; readonly content: Partial<T> },
): Promise<void> {
  const { body, content } = wanted;
  const { name, namespace = "" } = body.metadata;
  const differs = (current: T): boolean =>
    Object.entries(content).some(([field, value]) => !deepEqual((current as Record<string, unknown>)[field], value));
  const found = host.reader.get(kind, namespace, name);
  if (found === undefined && (await createOnce(host, kind, { ...body, ...content }))) return;
  if (found !== undefined && !differs(found)) return;
  await host.writer.update(kind, { namespace, name }, (current) =>
    differs(current) ? { ...current, ...content } : undefined,
  );
}

/** By range, which is the same in most clusters of a process. */
const serviceCidrBodies = new Map<string, SystemObject>();

function ensureServiceCidr(host: Host, range: string): Promise<unknown> {
  const body: SystemObject = serviceCidrBodies.get(range) ?? {
    metadata: { name: "kubernetes" },
    spec: { cidrs: range.split(",").map((each) => each.trim()) },
  };
  if (serviceCidrBodies.size < mostRanges) serviceCidrBodies.set(range, body);
  return ensureAll(host, serviceCIDRs, [
    { body, variant: range, status: { manager: statusManager, applied: readyStatus(0) } },
  ]);
}
const mostRanges = 16;

/** Since when uses of long-lived tokens are noted; controllers that clean these up wait for it. Upstream: legacytokentracking. */
const ensureTokenTracking = (host: Host): Promise<unknown> =>
  ensure(host, configMaps, {
    metadata: { namespace: "kube-system", name: "kube-apiserver-legacy-service-account-token-tracking" },
    data: { since: new Date(host.clock.now()).toISOString().slice(0, 10) },
  });

const keepAuthentication = (host: Host, data: Readonly<Record<string, string>>): Promise<void> =>
  keep(host, configMaps, {
    body: { metadata: { namespace: "kube-system", name: "extension-apiserver-authentication" } },
    content: { data: { ...data } },
  });

interface Advertised {
  readonly address: string;
  readonly port: number;
}

/** The Service `kubernetes` with the first address of the range, and its endpoints in both forms. */
function keepKubernetesService(
  host: Host,
  advertise: Advertised,
  options: { readonly serviceClusterIPRange: string; readonly kubernetesServiceNodePort?: number },
): Promise<void>[] {
  const name = { namespace: "default", name: "kubernetes" };
  const nodePort = options.kubernetesServiceNodePort ?? 0;
  const service = ensure<Service>(host, services, {
    metadata: { ...name, labels: { component: "apiserver", provider: "kubernetes" } },
    spec: {
      type: nodePort > 0 ? "NodePort" : "ClusterIP",
      clusterIP: firstAddress(options.serviceClusterIPRange),
      ports: [
        {
          name: "https",
          port: 443,
          protocol: "TCP",
          targetPort: advertise.port,
          ...(nodePort > 0 ? { nodePort } : {}),
        },
      ],
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
    return [service];
  }
  return [service, keepEndpoints(host, name, advertise), keepSlice(host, name, advertise)];
}

const portsOf = ({ port }: Advertised) => [{ name: "https", port, protocol: "TCP" as const }];

const keepEndpoints = (host: Host, name: { namespace: string; name: string }, advertise: Advertised): Promise<void> =>
  keep<Endpoints>(host, endpoints, {
    body: { metadata: { ...name, labels: { "endpointslice.kubernetes.io/skip-mirror": "true" } } },
    content: { subsets: [{ addresses: [{ ip: advertise.address }], ports: portsOf(advertise) }] },
  });

const keepSlice = (host: Host, name: { namespace: string; name: string }, advertise: Advertised): Promise<void> =>
  keep<EndpointSlice>(host, endpointSlices, {
    body: {
      metadata: { ...name, labels: { "kubernetes.io/service-name": "kubernetes" } },
      addressType: advertise.address.includes(":") ? "IPv6" : "IPv4",
    },
    content: {
      endpoints: [{ addresses: [advertise.address], conditions: { ready: true } }],
      ports: portsOf(advertise),
    },
  });

function firstAddress(ranges: string): string {
  const network = [...parseCidr(ranges.split(",")[0]!.trim())!.network];
  network[network.length - 1]! += 1;
  return formatIp(network);
}
