// EndpointSlices that say what hand-made Endpoints say: one for each subset and address family.
// Upstream: pkg/controller/endpointslicemirroring (KEP-752).
import type { core_v1, discovery_v1, Endpoint, EndpointSlice, Endpoints } from "../../api/index.ts";
import { deepEqual, formatIp, parseIp } from "../../machinery/index.ts";
import { controllerReference, repackSubsets, sortSlicePorts, triggerTimeAnnotation } from "../lib/index.ts";

export const serviceNameLabel = "kubernetes.io/service-name";
export const managedByLabel = "endpointslice.kubernetes.io/managed-by";
export const managerName = "endpointslicemirroring-controller.k8s.io";
const lastAppliedAnnotation = "kubectl.kubernetes.io/last-applied-configuration";

type Address = core_v1.EndpointAddress;

/** A slice as it is to be written; the name is the server's to make, or that of the slice it replaces. */
export type MirrorSlice = Pick<EndpointSlice, "addressType" | "endpoints" | "ports"> & {
  readonly labels: Record<string, string>;
  readonly annotations: Record<string, string>;
};

export interface MirrorPlan {
  readonly create: readonly MirrorSlice[];
  readonly update: readonly { readonly slice: EndpointSlice; readonly content: MirrorSlice }[];
  readonly remove: readonly EndpointSlice[];
  /** Warnings about the Endpoints. */
  readonly warnings: readonly { readonly reason: string; readonly message: string }[];
}

export interface MirrorView {
  readonly endpoints: Endpoints;
  /** Slices mirrored for this service so far. */
  readonly existing: readonly EndpointSlice[];
  readonly maxPerSubset: number;
}

interface Wanted {
  readonly addressType: "IPv4" | "IPv6";
  readonly ports: discovery_v1.EndpointPort[];
  readonly endpoints: Endpoint[];
}

export function planMirror(view: MirrorView): MirrorPlan {
  const { wanted, warnings } = collect(view);
  const byKey = Map.groupBy(view.existing, (slice) => keyOf(slice.addressType, slice.ports ?? []));
  const create: MirrorSlice[] = [];
  const update: { slice: EndpointSlice; content: MirrorSlice }[] = [];
  const remove: EndpointSlice[] = [];
  for (const [key, slices] of byKey) if (!wanted.has(key)) remove.push(...slices);
  for (const [key, each] of wanted) {
    const [first, ...others] = byKey.get(key) ?? [];
    remove.push(...others);
    const content = contentOf(view.endpoints, each);
    if (first === undefined) create.push(content);
    else if (!says(first, content, view.endpoints)) update.push({ slice: first, content });
  }
  return { ...recycle({ create, update, remove }), warnings };
}

/** What would be made takes the place of what would be deleted, as long as both are of one family. */
function recycle(plan: Omit<MirrorPlan, "warnings">): Omit<MirrorPlan, "warnings"> {
  const remove = [...plan.remove];
  const update = [...plan.update];
  const create = plan.create.filter((content) => {
    const index = remove.findIndex((slice) => slice.addressType === content.addressType);
    if (index < 0) return true;
    update.push({ slice: remove.splice(index, 1)[0]!, content });
    return false;
  });
  return { create, update, remove };
}

const keyOf = (addressType: string, ports: readonly discovery_v1.EndpointPort[]): string =>
  JSON.stringify([
    addressType,
    ...ports
      .map((port) => JSON.stringify([port.name ?? "", port.protocol ?? "TCP", port.port, port.appProtocol]))
      .sort(),
  ]);

function collect({ endpoints, maxPerSubset }: MirrorView): {
  wanted: Map<string, Wanted>;
  warnings: MirrorPlan["warnings"];
} {
  const wanted = new Map<string, Wanted>();
  let invalid = 0;
  let skipped = 0;
  for (const subset of repackSubsets(endpoints.subsets ?? [])) {
    const ports = sortSlicePorts((subset.ports ?? []).map(slicePort));
    const addresses = [
      ...(subset.addresses ?? []).map((address) => ({ address, ready: true })),
      ...(subset.notReadyAddresses ?? []).map((address) => ({ address, ready: false })),
    ];
    let added = 0;
    for (const { address, ready } of addresses) {
      if (added >= maxPerSubset) break;
      const ip = parseIp(address.ip);
      if (ip === undefined) {
        invalid++;
        continue;
      }
      const text = formatIp(ip);
      const addressType = text.includes(":") ? "IPv6" : "IPv4";
      const key = keyOf(addressType, ports);
      const entry = wanted.get(key) ?? { addressType, ports, endpoints: [] };
      wanted.set(key, entry);
      entry.endpoints.push(endpointOf({ ...address, ip: text }, ready ? "ready" : "not ready"));
      added++;
    }
    skipped += addresses.length - added;
  }
  const warnings: { reason: string; message: string }[] = [];
  if (invalid > 0)
    warnings.push({
      reason: "InvalidIPAddress",
      message: `Skipped ${invalid} invalid IP addresses when mirroring to EndpointSlices`,
    });
  if (skipped > invalid)
    warnings.push({
      reason: "TooManyAddressesToMirror",
      message: `A max of ${maxPerSubset} addresses can be mirrored to EndpointSlices per Endpoints subset. ${skipped} addresses were skipped`,
    });
  return { wanted, warnings };
}

const slicePort = ({
  name = "",
  port,
  protocol = "TCP",
  appProtocol,
}: core_v1.EndpointPort): discovery_v1.EndpointPort => ({
  name,
  port,
  protocol,
  ...(appProtocol === undefined ? {} : { appProtocol }),
});

const endpointOf = ({ ip, hostname, nodeName, targetRef }: Address, state: "ready" | "not ready"): Endpoint => ({
  addresses: [ip],
  conditions: { ready: state === "ready" },
  ...(hostname ? { hostname } : {}),
  ...(nodeName === undefined ? {} : { nodeName }),
  ...(targetRef === undefined ? {} : { targetRef }),
});

function contentOf(endpoints: Endpoints, wanted: Wanted): MirrorSlice {
  const {
    [triggerTimeAnnotation]: _time,
    [lastAppliedAnnotation]: _applied,
    ...annotations
  } = endpoints.metadata.annotations ?? {};
  const labels = {
    ...endpoints.metadata.labels,
    [serviceNameLabel]: endpoints.metadata.name,
    [managedByLabel]: managerName,
  };
  return { ...wanted, labels, annotations };
}

function says(slice: EndpointSlice, content: MirrorSlice, endpoints: Endpoints): boolean {
  const { labels = {}, annotations = {}, ownerReferences = [] } = slice.metadata;
  const replaced = ownerReferences.some(
    (owner) =>
      owner.kind === "Endpoints" && owner.name === endpoints.metadata.name && owner.uid !== endpoints.metadata.uid,
  );
  const byAddress = (list: readonly Endpoint[] | undefined): readonly Endpoint[] =>
    [...(list ?? [])].sort((a, b) => (identity(a) < identity(b) ? -1 : 1));
  return (
    !replaced &&
    deepEqual(labels, content.labels) &&
    deepEqual(annotations, content.annotations) &&
    deepEqual(byAddress(slice.endpoints), byAddress(content.endpoints))
  );
}

const identity = (endpoint: Endpoint): string => `${endpoint.addresses[0]} ${endpoint.targetRef?.uid ?? ""}`;

/** The slice's metadata beside its name. */
export const mirrorMetadata = (endpoints: Endpoints, { labels, annotations }: MirrorSlice) => ({
  namespace: endpoints.metadata.namespace ?? "",
  labels,
  annotations,
  ownerReferences: [controllerReference({ ...endpoints, apiVersion: "v1", kind: "Endpoints" })],
});
