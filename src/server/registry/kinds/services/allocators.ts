// What services hold of the cluster's addresses and node ports. It follows the watch cache; what a request has taken but not
// stored yet is held beside it.
import { formatCidr, formatIp, parseCidr, parseIp, type Service, services } from "../../../../api/index.ts";
import type { Rng } from "../../../../base/index.ts";
import type { ObjectReader } from "../../../contract.ts";
import type { Reservation } from "../../../core.ts";
import { NumberAllocator } from "../allocator.ts";

export type Family = "IPv4" | "IPv6";
export type Spec = NonNullable<Service["spec"]>;

export interface AddressRange {
  readonly family: Family;
  readonly cidr: string;
  /** The network's own address: what a dry run shows. */
  readonly base: string;
  readonly allocator: NumberAllocator;
}

export interface ServiceAllocators {
  readonly ranges: readonly AddressRange[];
  readonly ports: NumberAllocator;
  readonly portRange: string;
  start(): void;
  close(): void;
}

export const serviceKind = { group: "", kind: "Service" };
export const none = "None";

export function createServiceAllocators(options: {
  readonly serviceClusterIPRange: string;
  readonly serviceNodePortRange?: string;
  readonly rng: Rng;
  readonly reader: ObjectReader;
}): ServiceAllocators {
  const ranges = options.serviceClusterIPRange.split(",").map((text) => addressRange(text.trim(), options.rng));
  const portRange = options.serviceNodePortRange ?? "30000-32767";
  const [low, high] = portRange.split("-").map(Number);
  if (low === undefined || high === undefined || !(low <= high))
    throw new Error(`the service node port range ${JSON.stringify(portRange)} is not of the form LOW-HIGH`);
  const ports = new NumberAllocator({ first: BigInt(low), size: BigInt(high - low + 1) }, options.rng);
  let stop = (): void => {};
  const count = (service: Service, change: "use" | "release"): void => {
    for (const ip of usedAddresses(service)) rangeOf(ranges, familyOf(ip))?.allocator[change](numberOf(ip));
    for (const port of usedPorts(service)) ports[change](BigInt(port));
  };
  return {
    ranges,
    ports,
    portRange,
    start() {
      stop = options.reader.subscribe<Service>(services, {
        upsert(object, before) {
          if (before !== undefined) count(before, "release");
          count(object, "use");
        },
        remove: (object) => count(object, "release"),
      });
    },
    close: () => stop(),
  };
}

function addressRange(text: string, rng: Rng): AddressRange {
  const cidr = parseCidr(text);
  if (cidr === undefined) throw new Error(`the service cluster IP range ${JSON.stringify(text)} is not a CIDR`);
  const family = cidr.network.length === 4 ? "IPv4" : "IPv6";
  const bits = cidr.network.length * 8 - cidr.prefixLength;
  // The network's own address is nobody's, and the last of IPv4 is for broadcast.
  const size = (1n << BigInt(Math.min(bits, 64))) - (family === "IPv4" ? 2n : 1n);
  if (size < 1n) throw new Error(`the service cluster IP range ${text} holds no address that can be given out`);
  return {
    family,
    cidr: formatCidr(cidr),
    base: formatIp(cidr.network),
    allocator: new NumberAllocator({ first: asNumber(cidr.network) + 1n, size }, rng),
  };
}

const asNumber = (bytes: readonly number[]): bigint => bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
export const numberOf = (ip: string): bigint => asNumber(parseIp(ip)?.bytes ?? []);

export function addressOf(number: bigint, family: Family): string {
  const bytes: number[] = [];
  for (let index = family === "IPv4" ? 4 : 16; index > 0; index--)
    bytes.push(Number((number >> BigInt((index - 1) * 8)) & 0xffn));
  return formatIp(bytes);
}

export const familyOf = (ip: string): Family => (parseIp(ip)?.bytes.length === 4 ? "IPv4" : "IPv6");

export const rangeOf = (ranges: readonly AddressRange[], family: Family): AddressRange | undefined =>
  ranges.find((range) => range.family === family);

/** Addresses that a stored service holds. */
function usedAddresses({ spec }: Service): readonly string[] {
  if (spec === undefined || spec.type === "ExternalName" || spec.clusterIP === none) return [];
  return spec.clusterIPs ?? (spec.clusterIP ? [spec.clusterIP] : []);
}

export const nodePortsOf = (spec: Spec): readonly number[] =>
  (spec.ports ?? []).map((port) => port.nodePort ?? 0).filter((port) => port > 0);

function usedPorts({ spec }: Service): readonly number[] {
  if (spec === undefined) return [];
  const ports = new Set(nodePortsOf(spec));
  if (spec.healthCheckNodePort) ports.add(spec.healthCheckNodePort);
  return [...ports];
}

/** What one request has taken: given back together. */
export class Taken implements Reservation {
  readonly #undo: (() => void)[] = [];
  take(allocator: NumberAllocator, number: bigint): void {
    allocator.hold(number);
    this.#undo.push(() => allocator.drop(number));
  }
  /** The write is in the store; the watch cache has it or will in a moment, and counts it from then on. */
  commit(): void {
    this.rollback();
  }
  rollback(): void {
    for (const undo of this.#undo.splice(0)) undo();
  }
}

/** One write of a service. */
export interface Allocation {
  readonly service: Service;
  readonly spec: Spec;
  readonly before: Spec | undefined;
  readonly allocators: ServiceAllocators;
  readonly taken: Taken;
  readonly dryRun: boolean;
}
