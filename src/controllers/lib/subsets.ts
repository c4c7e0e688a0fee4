// Subsets of Endpoints in canonical form: each address once a subset, ports with the same addresses together, sorted.
// Upstream: pkg/api/v1/endpoints/util.go.
import type { core_v1, discovery_v1 } from "../../api/index.ts";
import { dumpPointer, sortByHash } from "./deep-hash.ts";

type Subset = core_v1.EndpointSubset;
type Address = core_v1.EndpointAddress;
type Port = core_v1.EndpointPort;

interface PortAddresses {
  /** Undefined for addresses without any port. */
  readonly port: Port | undefined;
  /** By address: whether it is ready. */
  readonly ready: Map<string, boolean>;
}

const addressKey = (address: Address): string => `${address.ip} ${address.targetRef?.uid ?? ""}`;
const portKey = (port: Port | undefined): string =>
  port === undefined ? "" : JSON.stringify([port.name ?? "", port.port, port.protocol ?? "", port.appProtocol]);

/** A new list; an address that is ready in one place and not in another, for one port, is not. */
export function repackSubsets(subsets: readonly Subset[]): Subset[] {
  const addresses = new Map<string, Address>();
  const byPort = new Map<string, PortAddresses>();
  const entryOf = (port: Port | undefined): PortAddresses => {
    const key = portKey(port);
    const entry = byPort.get(key) ?? { port, ready: new Map<string, boolean>() };
    byPort.set(key, entry);
    return entry;
  };
  const keyOf = (address: Address): string => {
    const key = addressKey(address);
    if (!addresses.has(key)) addresses.set(key, address);
    return key;
  };
  for (const subset of subsets)
    for (const port of subset.ports?.length ? subset.ports : [undefined]) {
      const keys = (subset.addresses ?? []).map(keyOf);
      const notReadyKeys = (subset.notReadyAddresses ?? []).map(keyOf);
      if (keys.length + notReadyKeys.length === 0) continue;
      const { ready } = entryOf(port);
      for (const key of keys) if (!ready.has(key)) ready.set(key, true);
      for (const key of notReadyKeys) ready.set(key, false);
    }
  const byAddresses = Map.groupBy(byPort.values(), ({ ready }) =>
    JSON.stringify([...ready].sort(([a], [b]) => (a < b ? -1 : 1))),
  );
  const packed = [...byAddresses.values()].map((group): Subset => {
    const list = (wanted: boolean): Address[] =>
      [...group[0]!.ready]
        .filter(([, ready]) => ready === wanted)
        .map(([key]) => addresses.get(key)!)
        .sort(compareAddresses);
    const [ready, notReady] = [list(true), list(false)];
    const ports = sortByHash(
      group.flatMap(({ port }) => port ?? []),
      dumpPort,
    );
    return {
      ...(ready.length > 0 ? { addresses: ready } : {}),
      ...(notReady.length > 0 ? { notReadyAddresses: notReady } : {}),
      ...(ports.length > 0 ? { ports } : {}),
    };
  });
  return sortByHash(packed, dumpSubset);
}

function compareAddresses(a: Address, b: Address): number {
  if (a.ip !== b.ip) return a.ip < b.ip ? -1 : 1;
  const [left, right] = [a.targetRef?.uid ?? "", b.targetRef?.uid ?? ""];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Ports of an EndpointSlice in upstream's order. */
export const sortSlicePorts = (ports: readonly discovery_v1.EndpointPort[]): discovery_v1.EndpointPort[] =>
  sortByHash(
    ports,
    ({ name, protocol, port, appProtocol }) =>
      `(v1.EndpointPort){Name:${dumpPointer("string", name)} Protocol:${dumpPointer("v1.Protocol", protocol)} Port:${dumpPointer("int32", port)} AppProtocol:${dumpPointer("string", appProtocol)}}`,
  );

const fieldsOfPort = ({ name = "", port, protocol, appProtocol }: Port): string =>
  `{Name:(string)${name} Port:(int32)${port} Protocol:(v1.Protocol)${protocol ?? ""} AppProtocol:${dumpPointer("string", appProtocol)}}`;
const dumpPort = (port: Port): string => `(v1.EndpointPort)${fieldsOfPort(port)}`;

function dumpAddress({ ip, hostname = "", nodeName, targetRef }: Address): string {
  const reference = targetRef as Partial<core_v1.ObjectReference> | undefined;
  const target =
    reference === undefined
      ? "<nil>"
      : `{Kind:(string)${reference.kind ?? ""} Namespace:(string)${reference.namespace ?? ""} Name:(string)${reference.name ?? ""} UID:(types.UID)${reference.uid ?? ""} APIVersion:(string)${reference.apiVersion ?? ""} ResourceVersion:(string)${reference.resourceVersion ?? ""} FieldPath:(string)${reference.fieldPath ?? ""}}`;
  return `{IP:(string)${ip} Hostname:(string)${hostname} NodeName:${dumpPointer("string", nodeName)} TargetRef:(*v1.ObjectReference)${target}}`;
}

function dumpSubset({ addresses, notReadyAddresses, ports }: Subset): string {
  const list = <T>(type: string, items: readonly T[] | undefined, dump: (item: T) => string): string =>
    `([]v1.${type})${items === undefined ? "<nil>" : `[${items.map(dump).join(" ")}]`}`;
  return `(v1.EndpointSubset){Addresses:${list("EndpointAddress", addresses, dumpAddress)} NotReadyAddresses:${list("EndpointAddress", notReadyAddresses, dumpAddress)} Ports:${list("EndpointPort", ports, fieldsOfPort)}}`;
}
