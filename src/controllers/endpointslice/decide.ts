// Which EndpointSlices a Service should have, and the fewest writes that lead there.
// Upstream: k8s.io/endpointslice reconciler (KEP-752); hints: KEP-2433, KEP-4444, KEP-3015.
import type { discovery_v1, Endpoint, EndpointSlice, Node, Pod, Service } from "../../api/index.ts";
import { canonicalIp, deepEqual } from "../../machinery/index.ts";
import { endpointHostname, hasEndpoint, isReady, sortSlicePorts, targetPortOf } from "../lib/index.ts";
import { type TopologyHints, topologyHints, wantsTopologyHints } from "./topology.ts";

export const serviceNameLabel = "kubernetes.io/service-name";
export const managedByLabel = "endpointslice.kubernetes.io/managed-by";
export const managerName = "endpointslice-controller.k8s.io";
const headlessLabel = "service.kubernetes.io/headless";
const zoneLabel = "topology.kubernetes.io/zone";

type EndpointPort = discovery_v1.EndpointPort;
export type AddressType = "IPv4" | "IPv6";

export interface SliceView {
  readonly service: Service;
  /** Pods that the selector chooses. */
  readonly pods: readonly Pod[];
  readonly nodeOf: (name: string) => Node | undefined;
  /** Slices of this service that this controller manages. */
  readonly existing: readonly EndpointSlice[];
  readonly maxEndpoints: number;
  /** Zones' shares of the nodes' CPU, asked for when the service wants topology hints. */
  readonly shares?: () => ReadonlyMap<string, number> | undefined;
}

/** A slice without what the server and the writer add. */
export interface SliceContent {
  readonly addressType: AddressType;
  readonly ports: readonly EndpointPort[];
  readonly endpoints: readonly Endpoint[];
}

export interface SlicePlan {
  readonly create: readonly SliceContent[];
  readonly update: readonly { readonly slice: EndpointSlice; readonly content: SliceContent }[];
  readonly remove: readonly EndpointSlice[];
}

export function planSlices(view: SliceView): SlicePlan {
  const types = addressTypesOf(view.service);
  const owned = view.existing.filter((slice) => isOwnedBy(slice, view.service));
  const plans = types.map((type) => planAddressType({ ...view, existing: owned }, type));
  return {
    create: plans.flatMap((plan) => plan.create),
    update: plans.flatMap((plan) => plan.update),
    remove: [
      ...view.existing.filter((slice) => !owned.includes(slice) || !types.includes(slice.addressType as AddressType)),
      ...plans.flatMap((plan) => plan.remove),
    ],
  };
}

/** Slices of an older service of the same name are the garbage collector's. */
const isOwnedBy = ({ metadata }: EndpointSlice, service: Service): boolean =>
  metadata.ownerReferences?.some(
    (owner) => owner.kind === "Service" && owner.apiVersion === "v1" && owner.uid === service.metadata.uid,
  ) ?? false;

/** What topology hints come to, for each address family; empty for services that do not ask for them. */
export function topologyOf(view: SliceView): readonly { addressType: AddressType; hints: TopologyHints }[] {
  if (!wantsTopologyHints(view.service)) return [];
  return addressTypesOf(view.service).map((addressType) => ({
    addressType,
    hints: hintsByTopology(view, [...groupByPorts(view, addressType).values()]),
  }));
}

function hintsByTopology(view: SliceView, groups: readonly Group[]): TopologyHints {
  const held = new Map<string, string>();
  for (const slice of view.existing)
    for (const endpoint of slice.endpoints ?? []) {
      const zone = endpoint.hints?.forZones?.[0]?.name;
      if (zone !== undefined) held.set(identityOf(endpoint), zone);
    }
  const endpoints = groups.flatMap((group) => group.endpoints);
  return topologyHints(endpoints, view.shares?.(), (endpoint) => held.get(identityOf(endpoint)));
}

/** Pods that are left out because their node is not known (yet): the service is to be looked at again. */
export const podsWithoutNode = ({ service, pods, nodeOf }: SliceView): readonly Pod[] =>
  service.spec.publishNotReadyAddresses === true
    ? []
    : pods.filter((pod) => hasEndpoint(pod) && nodeOf(pod.spec?.nodeName ?? "") === undefined);

function addressTypesOf(service: Service): AddressType[] {
  const families = service.spec.ipFamilies ?? [];
  if (families.length > 0) return families.map((family) => (family === "IPv6" ? "IPv6" : "IPv4"));
  return [service.spec.clusterIP?.includes(":") ? "IPv6" : "IPv4"];
}

interface Group {
  readonly ports: readonly EndpointPort[];
  readonly endpoints: Endpoint[];
}

function planAddressType(view: SliceView, addressType: AddressType): SlicePlan {
  const groups = hinted(view, groupByPorts(view, addressType));
  const existing = view.existing.filter((slice) => slice.addressType === addressType);
  const create: SliceContent[] = [];
  const update: { slice: EndpointSlice; content: SliceContent }[] = [];
  const remove: EndpointSlice[] = [];
  const byPorts = Map.groupBy(existing, (slice) => portsKey(slice.ports ?? []));
  for (const [key, slices] of byPorts) if (!groups.has(key)) remove.push(...slices);
  for (const [key, group] of groups) {
    const placed = place(group, byPorts.get(key) ?? [], { addressType, maxEndpoints: view.maxEndpoints });
    create.push(...placed.create);
    update.push(...placed.update);
    remove.push(...placed.remove);
  }
  return recycle(keepPlaceholder({ create, update, remove }, existing, addressType));
}

function hinted(view: SliceView, groups: Map<string, Group>): Map<string, Group> {
  if (!wantsTopologyHints(view.service)) return groups;
  const hints = hintsByTopology(view, [...groups.values()]);
  if (!hints.enabled) return groups;
  const withHint = (endpoint: Endpoint): Endpoint => {
    const zone = hints.zones.get(endpoint);
    return zone === undefined ? endpoint : { ...endpoint, hints: { forZones: [{ name: zone }] } };
  };
  return new Map(
    [...groups].map(([key, { ports, endpoints }]) => [key, { ports, endpoints: endpoints.map(withHint) }]),
  );
}

/** What would be made takes the place of what would be deleted: names stay, watchers see one change. */
function recycle(plan: SlicePlan): SlicePlan {
  const create = [...plan.create];
  const remove = [...plan.remove];
  const update = [...plan.update];
  while (create.length > 0 && remove.length > 0) update.push({ slice: remove.shift()!, content: create.pop()! });
  return { create, update, remove };
}

/** A service without endpoints has one empty slice, so that consumers can tell it from one that nobody looked at yet. */
function keepPlaceholder(plan: SlicePlan, existing: readonly EndpointSlice[], addressType: AddressType): SlicePlan {
  if (plan.create.length > 0 || existing.length > plan.remove.length) return plan;
  const empty = plan.remove.find((slice) => (slice.endpoints ?? []).length === 0 && (slice.ports ?? []).length === 0);
  if (empty !== undefined) return { ...plan, remove: plan.remove.filter((slice) => slice !== empty) };
  return { ...plan, create: [{ addressType, ports: [], endpoints: [] }] };
}

const portsKey = (ports: readonly EndpointPort[]): string =>
  ports
    .map((port) => `${port.name ?? ""}/${port.protocol ?? "TCP"}/${port.port ?? ""}/${port.appProtocol ?? ""}`)
    .sort()
    .join(",");

function groupByPorts(view: SliceView, addressType: AddressType): Map<string, Group> {
  const groups = new Map<string, Group>();
  const skipped = new Set(podsWithoutNode(view));
  for (const pod of view.pods) {
    const addresses = addressesOf(pod, addressType);
    if (!hasEndpoint(pod) || addresses.length === 0 || skipped.has(pod)) continue;
    const ports = portsOf(view.service, pod);
    const key = portsKey(ports);
    const group = groups.get(key) ?? { ports, endpoints: [] };
    group.endpoints.push(endpointOf(view, pod, addresses));
    groups.set(key, group);
  }
  return groups;
}

const addressesOf = (pod: Pod, addressType: AddressType): string[] =>
  (pod.status?.podIPs ?? (pod.status?.podIP ? [{ ip: pod.status.podIP }] : []))
    .map((each) => canonicalIp(each.ip) ?? each.ip)
    .filter((ip) => ip.includes(":") === (addressType === "IPv6"));

/** The service's ports as this pod has them; a name that the pod does not know is left out. */
function portsOf(service: Service, pod: Pod): EndpointPort[] {
  const ports = (service.spec.ports ?? []).flatMap((port) => {
    const protocol = port.protocol ?? "TCP";
    const number = targetPortOf(pod, port.targetPort ?? port.port, protocol);
    if (number === undefined) return [];
    const appProtocol = port.appProtocol === undefined ? {} : { appProtocol: port.appProtocol };
    return [{ name: port.name ?? "", protocol, port: number, ...appProtocol }];
  });
  return sortSlicePorts(ports);
}

function endpointOf({ service, nodeOf }: SliceView, pod: Pod, addresses: string[]): Endpoint {
  const serving = isReady(pod);
  const terminating = pod.metadata.deletionTimestamp !== undefined;
  const ready = service.spec.publishNotReadyAddresses === true || (serving && !terminating);
  const nodeName = pod.spec?.nodeName;
  const hostname = endpointHostname(pod, service);
  const zone = nodeName ? nodeOf(nodeName)?.metadata.labels?.[zoneLabel] : undefined;
  const distributed = ready && !wantsTopologyHints(service);
  const hints = distributed ? hintsOf(service.spec.trafficDistribution, nodeName, zone) : undefined;
  return {
    addresses,
    conditions: { ready, serving, terminating },
    ...(hostname === undefined ? {} : { hostname }),
    ...(nodeName ? { nodeName } : {}),
    ...(zone ? { zone } : {}),
    targetRef: { kind: "Pod", namespace: pod.metadata.namespace ?? "", name: pod.metadata.name, uid: pod.metadata.uid },
    ...(hints === undefined ? {} : { hints }),
  };
}

/** spec.trafficDistribution: same node, then same zone. */
function hintsOf(
  distribution: string | undefined,
  nodeName: string | undefined,
  zone: string | undefined,
): Endpoint["hints"] {
  const sameNode = distribution === "PreferSameNode";
  if (!sameNode && distribution !== "PreferSameZone" && distribution !== "PreferClose") return undefined;
  const hints = {
    ...(zone === undefined ? {} : { forZones: [{ name: zone }] }),
    ...(sameNode && nodeName ? { forNodes: [{ name: nodeName }] } : {}),
  };
  return Object.keys(hints).length === 0 ? undefined : hints;
}

const identityOf = (endpoint: Endpoint): string => `${endpoint.targetRef?.uid ?? ""} ${endpoint.addresses.join(",")}`;

/** Puts a group's endpoints into its slices: what is there stays where it is, gaps of changed slices are filled first. */
function place(
  group: Group,
  slices: readonly EndpointSlice[],
  limits: { addressType: AddressType; maxEndpoints: number },
): SlicePlan {
  const wanted = new Map(group.endpoints.map((endpoint) => [identityOf(endpoint), endpoint]));
  const drafts = slices.map((slice) => {
    const before = slice.endpoints ?? [];
    const kept: Endpoint[] = [];
    for (const endpoint of before) {
      const now = wanted.get(identityOf(endpoint));
      if (now === undefined) continue;
      wanted.delete(identityOf(endpoint));
      kept.push(now);
    }
    const changed = kept.length !== before.length || !deepEqual(kept, before);
    return { slice, endpoints: kept, changed };
  });
  const left = [...wanted.values()];
  const fill = (draft: (typeof drafts)[number]): void => {
    const taken = left.splice(0, limits.maxEndpoints - draft.endpoints.length);
    if (taken.length > 0) draft.changed = true;
    draft.endpoints.push(...taken);
  };
  const fullestFirst = (a: (typeof drafts)[number], b: (typeof drafts)[number]): number =>
    b.endpoints.length - a.endpoints.length;
  for (const draft of drafts.filter((each) => each.changed && each.endpoints.length > 0).sort(fullestFirst))
    fill(draft);
  const roomy = drafts
    .filter((draft) => draft.endpoints.length + left.length <= limits.maxEndpoints)
    .sort(fullestFirst)[0];
  if (left.length > 0 && roomy !== undefined) fill(roomy);
  const create: SliceContent[] = [];
  while (left.length > 0)
    create.push({
      addressType: limits.addressType,
      ports: group.ports,
      endpoints: left.splice(0, limits.maxEndpoints),
    });
  const content = (endpoints: Endpoint[]): SliceContent => ({
    addressType: limits.addressType,
    ports: group.ports,
    endpoints,
  });
  return {
    create,
    update: drafts
      .filter((draft) => draft.changed && draft.endpoints.length > 0)
      .map(({ slice, endpoints }) => ({ slice, content: content(endpoints) })),
    remove: drafts.filter((draft) => draft.endpoints.length === 0).map(({ slice }) => slice),
  };
}

/** Labels that a slice takes from its service: the service's own, and those that say whose it is. */
export function sliceLabels(service: Service): Record<string, string> {
  const {
    [headlessLabel]: _headless,
    [serviceNameLabel]: _name,
    [managedByLabel]: _manager,
    ...own
  } = service.metadata.labels ?? {};
  return {
    ...own,
    ...(service.spec.clusterIP === "None" ? { [headlessLabel]: "" } : {}),
    [managedByLabel]: managerName,
    [serviceNameLabel]: service.metadata.name,
  };
}
