// What the Endpoints of a Service should be. Upstream: pkg/controller/endpoint/endpoints_controller.go.
import type { core_v1, Endpoints, Pod, Service } from "../../api/index.ts";
import { deepEqual, formatIp, parseIp } from "../../machinery/index.ts";
import {
  endpointHostname,
  hasEndpoint,
  isDeleting,
  isReady,
  repackSubsets,
  targetPortOf,
  triggerTimeAnnotation,
} from "../lib/index.ts";

type Subset = core_v1.EndpointSubset;
type Address = core_v1.EndpointAddress;
type Labels = Readonly<Record<string, string>>;

const managedByLabel = "endpoints.kubernetes.io/managed-by";
const managerName = "endpoint-controller";
const headlessLabel = "service.kubernetes.io/headless";
const overCapacityAnnotation = "endpoints.kubernetes.io/over-capacity";
const maxAddresses = 1000;

export interface EndpointsView {
  readonly service: Service;
  /** Pods that the selector chooses. */
  readonly pods: readonly Pod[];
  readonly current: Endpoints | undefined;
  /** When the change behind came about; undefined takes the annotation away. */
  readonly triggerTime: string | undefined;
}

export interface EndpointsPlan {
  readonly labels: Record<string, string>;
  readonly annotations: Record<string, string>;
  readonly subsets: Subset[];
}

/** Undefined when the current Endpoints say it all already. */
export function planEndpoints(view: EndpointsView): EndpointsPlan | undefined {
  const { service, current, triggerTime } = view;
  const subsets = repackSubsets(subsetsOf(service, view.pods));
  if (current !== undefined && isCurrent(current, service, subsets)) return undefined;
  const {
    [triggerTimeAnnotation]: _time,
    [overCapacityAnnotation]: _over,
    ...annotations
  } = current?.metadata.annotations ?? {};
  const { [headlessLabel]: _headless, ...labels } = service.metadata.labels ?? {};
  const headless = !service.spec.clusterIP || service.spec.clusterIP === "None";
  const truncated = truncate(subsets);
  return {
    labels: { ...labels, ...(headless ? { [headlessLabel]: "" } : {}), [managedByLabel]: managerName },
    annotations: {
      ...annotations,
      ...(triggerTime === undefined ? {} : { [triggerTimeAnnotation]: triggerTime }),
      ...(truncated === undefined ? {} : { [overCapacityAnnotation]: "truncated" }),
    },
    subsets: truncated ?? subsets,
  };
}

function subsetsOf(service: Service, pods: readonly Pod[]): Subset[] {
  const anyway = service.spec.publishNotReadyAddresses === true;
  const ports = service.spec.ports ?? [];
  const subsets: Subset[] = [];
  for (const pod of pods) {
    if (!hasEndpoint(pod) || (isDeleting(pod) && !anyway)) continue;
    const address = addressOf(service, pod);
    if (address === undefined) continue;
    const place = anyway || isReady(pod) ? { addresses: [address] } : { notReadyAddresses: [address] };
    // Only headless services need no ports.
    if (ports.length === 0 && service.spec.clusterIP === "None") subsets.push(place);
    for (const port of ports) {
      const protocol = port.protocol ?? "TCP";
      const number = targetPortOf(pod, port.targetPort ?? port.port, protocol);
      if (number === undefined) continue;
      const shown: core_v1.EndpointPort = {
        ...(port.name ? { name: port.name } : {}),
        port: number,
        protocol,
        ...(port.appProtocol === undefined ? {} : { appProtocol: port.appProtocol }),
      };
      subsets.push({ ...place, ports: [shown] });
    }
  }
  return subsets;
}

/** The pod's first address of the service's (first) family. */
function addressOf(service: Service, pod: Pod): Address | undefined {
  const { clusterIP = "", ipFamilies = [] } = service.spec;
  const inferred = clusterIP !== "" && clusterIP !== "None" ? clusterIP : (pod.status?.podIP ?? "");
  const family = ipFamilies[0] ?? (inferred.includes(":") ? "IPv6" : "IPv4");
  const ips = (pod.status?.podIPs ?? []).flatMap(({ ip }) => {
    const parsed = parseIp(ip);
    return parsed === undefined ? [] : formatIp(parsed);
  });
  const ip = ips.find((each) => each.includes(":") === (family === "IPv6"));
  if (ip === undefined) return undefined;
  const hostname = endpointHostname(pod, service);
  const { namespace, name, uid } = pod.metadata;
  return {
    ip,
    ...(hostname === undefined ? {} : { hostname }),
    ...(pod.spec?.nodeName === undefined ? {} : { nodeName: pod.spec.nodeName }),
    targetRef: { kind: "Pod", namespace, name, uid } as core_v1.ObjectReference,
  };
}

function isCurrent(current: Endpoints, service: Service, subsets: readonly Subset[]): boolean {
  const { annotations, labels = {} } = current.metadata;
  const before = (current.subsets ?? []).map(withoutVersions);
  if (!sameLabels(labels, service.metadata.labels ?? {})) return false;
  if (annotations?.[overCapacityAnnotation] !== undefined || countOf(before) > maxAddresses) return false;
  return deepEqual(before, subsets) || deepEqual(repackSubsets(before), subsets);
}

/** Upstream leaves the version of pods out of the comparison: older controllers wrote it. */
function withoutVersions(subset: Subset): Subset {
  const strip = (addresses: readonly Address[]): Address[] =>
    addresses.map((address) => {
      if (address.targetRef?.resourceVersion === undefined) return address;
      const { resourceVersion: _, ...targetRef } = address.targetRef;
      return { ...address, targetRef: targetRef as core_v1.ObjectReference };
    });
  return {
    ...subset,
    ...(subset.addresses ? { addresses: strip(subset.addresses) } : {}),
    ...(subset.notReadyAddresses ? { notReadyAddresses: strip(subset.notReadyAddresses) } : {}),
  };
}

function sameLabels(held: Labels, service: Labels): boolean {
  if (held[managedByLabel] !== managerName) return false;
  const own = Object.entries(held).filter(([key]) => key !== headlessLabel && key !== managedByLabel);
  const expected = Object.keys(service).filter((key) => key !== headlessLabel && key !== managedByLabel);
  return own.length === expected.length && own.every(([key, value]) => service[key] === value);
}

const countOf = (subsets: readonly Subset[]): number =>
  subsets.reduce((sum, each) => sum + (each.addresses?.length ?? 0) + (each.notReadyAddresses?.length ?? 0), 0);

/** At most 1000 addresses: each subset keeps its share, and those that are ready go first. Undefined when all fit. */
function truncate(subsets: readonly Subset[]): Subset[] | undefined {
  const ready = subsets.reduce((sum, each) => sum + (each.addresses?.length ?? 0), 0);
  const notReady = countOf(subsets) - ready;
  if (ready + notReady <= maxAddresses) return undefined;
  const cutReady = ready > maxAddresses;
  const room = cutReady ? maxAddresses : maxAddresses - ready;
  const total = cutReady ? ready : notReady;
  let left = room;
  const take = (addresses: readonly Address[] = []): Address[] => {
    const share = Math.min(Math.ceil((addresses.length / total) * room), left, addresses.length);
    left -= share;
    return addresses.slice(0, share);
  };
  return subsets.map(({ addresses, notReadyAddresses, ports }) => {
    const kept = cutReady ? take(addresses) : (addresses ?? []);
    const others = cutReady ? [] : take(notReadyAddresses);
    return {
      ...(kept.length > 0 ? { addresses: kept } : {}),
      ...(others.length > 0 ? { notReadyAddresses: others } : {}),
      ...(ports === undefined ? {} : { ports }),
    };
  });
}
