// Services: cluster addresses, node ports and health-check ports are given out on create and update and taken back when
// the write fails. Upstream: registry/core/service/storage/alloc.go.
import { formatCidr, formatIp, parseCidr, parseIp, type Service, services } from "../../../api/index.ts";
import type { Rng } from "../../../base/index.ts";
import {
  deepEqual,
  type FieldError,
  field,
  internalError,
  invalid,
  type KubeObject,
} from "../../../machinery/index.ts";
import type { ObjectReader } from "../../contract.ts";
import type { KindHooks, Reservation } from "../hooks.ts";
import { NumberAllocator, RangeFull } from "./allocator.ts";

type Family = "IPv4" | "IPv6";
type Spec = NonNullable<Service["spec"]>;

interface AddressRange {
  readonly family: Family;
  readonly cidr: string;
  readonly allocator: NumberAllocator;
}

export interface ServiceAllocators {
  readonly ranges: readonly AddressRange[];
  readonly ports: NumberAllocator;
  readonly portRange: string;
  start(): void;
  close(): void;
}

const gk = { group: "", kind: "Service" };
const none = "None";
/** A dry run shows ports that can not be anybody's. */
const firstDummyPort = 32769n;
const noRandom: Rng = { next: () => 0, uint32: () => 0, below: () => 0, bytes: (length) => new Uint8Array(length) };

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
    for (const ip of usedAddresses(service)) rangeOf(ranges, ip)?.allocator[change](numberOf(ip));
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
    allocator: new NumberAllocator({ first: asNumber(cidr.network) + 1n, size }, rng),
  };
}

const asNumber = (bytes: readonly number[]): bigint => bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
const numberOf = (ip: string): bigint => asNumber(parseIp(ip)?.bytes ?? []);

function addressOf(number: bigint, family: Family): string {
  const bytes: number[] = [];
  for (let index = family === "IPv4" ? 4 : 16; index > 0; index--)
    bytes.push(Number((number >> BigInt((index - 1) * 8)) & 0xffn));
  return formatIp(bytes);
}

const familyOf = (ip: string): Family => (parseIp(ip)?.bytes.length === 4 ? "IPv4" : "IPv6");

function rangeOf(ranges: readonly AddressRange[], ip: string): AddressRange | undefined {
  const family = familyOf(ip);
  return ranges.find((range) => range.family === family);
}

const needsAddress = (spec: Spec): boolean => spec.type !== "ExternalName" && spec.clusterIP !== none;
const usedAddresses = (service: Service): readonly string[] => {
  const spec = service.spec ?? {};
  if (!needsAddress(spec)) return [];
  return spec.clusterIPs ?? (spec.clusterIP ? [spec.clusterIP] : []);
};
const usesNodePorts = (spec: Spec): boolean => spec.type === "NodePort" || spec.type === "LoadBalancer";
const wantsNodePorts = (spec: Spec): boolean =>
  spec.type === "NodePort" || (spec.type === "LoadBalancer" && spec.allocateLoadBalancerNodePorts !== false);
const wantsHealthPort = (spec: Spec): boolean => spec.type === "LoadBalancer" && spec.externalTrafficPolicy === "Local";

function usedPorts(service: Service): readonly number[] {
  const spec = service.spec ?? {};
  const ports = new Set((spec.ports ?? []).map((port) => port.nodePort ?? 0).filter((port) => port > 0));
  if (spec.healthCheckNodePort) ports.add(spec.healthCheckNodePort);
  return [...ports];
}

/** What one request has taken: given back together. */
class Taken implements Reservation {
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

export function serviceHooks(allocators: ServiceAllocators): KindHooks {
  const allocate = (draft: KubeObject, old: KubeObject | undefined, dryRun: boolean): Reservation => {
    const service = draft as unknown as Service;
    const before = old as unknown as Service | undefined;
    const spec = (service.spec ??= {} as Spec);
    normalize(spec, before?.spec);
    if (before?.spec !== undefined) keepAllocated(spec, before.spec);
    const taken = new Taken();
    try {
      initFamilies(service, before, allocators);
      allocateAddresses({ service, before, allocators, taken, dryRun });
      allocatePorts({ service, before, allocators, taken, dryRun });
    } catch (error) {
      taken.rollback();
      throw error;
    }
    return taken;
  };
  return {
    returnsDeleted: true,
    beginCreate: (draft, _context, dryRun) => allocate(draft, undefined, dryRun),
    beginUpdate: (draft, old, context, dryRun) =>
      context.info.subresource === "" ? allocate(draft, old, dryRun) : new Taken(),
  };
}

/** clusterIP and clusterIPs[0] are one thing under two names. Upstream: normalizeClusterIPs. */
function normalize(spec: Spec, old: Spec | undefined): void {
  if (old === undefined) {
    if (spec.clusterIP && (spec.clusterIPs?.length ?? 0) === 0) spec.clusterIPs = [spec.clusterIP];
    return;
  }
  const sameOne = (spec.clusterIP ?? "") === (old.clusterIP ?? "");
  const sameAll = deepEqual(spec.clusterIPs, old.clusterIPs);
  if (!sameOne && sameAll) {
    if (!spec.clusterIP) {
      if (!old.clusterIP || (spec.type !== old.type && spec.type === "ExternalName")) delete spec.clusterIPs;
    } else spec.clusterIPs = [spec.clusterIP, ...(spec.clusterIPs ?? []).slice(1)];
  }
}

/** What the old service has and the new one leaves out. Upstream: patchAllocatedValues. */
function keepAllocated(spec: Spec, old: Spec): void {
  if (needsAddress(old) && needsAddress(spec)) {
    spec.clusterIP ||= old.clusterIP!;
    if ((spec.clusterIPs?.length ?? 0) === 0 && spec.clusterIP === old.clusterIP && old.clusterIPs)
      spec.clusterIPs = [...old.clusterIPs];
  }
  if (spec.type === "ExternalName") {
    if (spec.clusterIP === old.clusterIP) delete spec.clusterIP;
    if (deepEqual(spec.clusterIPs, old.clusterIPs)) delete spec.clusterIPs;
    delete spec.ipFamilies;
    delete spec.ipFamilyPolicy;
  }
  if (usesNodePorts(old) && usesNodePorts(spec)) {
    const key = (port: { protocol?: string; port: number }): string => `${port.protocol ?? "TCP"}/${port.port}`;
    const used = new Set((spec.ports ?? []).map((port) => port.nodePort ?? 0));
    const known = new Map(
      (old.ports ?? []).filter((port) => (port.nodePort ?? 0) > 0).map((port) => [key(port), port.nodePort!]),
    );
    for (const port of spec.ports ?? []) {
      const before = known.get(key(port));
      if (!port.nodePort && before !== undefined && !used.has(before)) port.nodePort = before;
    }
  }
  if (wantsHealthPort(old) && wantsHealthPort(spec)) spec.healthCheckNodePort ||= old.healthCheckNodePort!;
}

function initFamilies(service: Service, before: Service | undefined, { ranges }: ServiceAllocators): void {
  const spec = service.spec!;
  if (spec.type === "ExternalName") return;
  const headlessBare = spec.clusterIP === none && Object.keys(spec.selector ?? {}).length === 0;
  spec.ipFamilyPolicy ??= before?.spec?.ipFamilyPolicy ?? (headlessBare ? "RequireDualStack" : "SingleStack");
  const policy = spec.ipFamilyPolicy;
  const found: FieldError[] = [];
  if (policy === "SingleStack") {
    if (before !== undefined) {
      if (deepEqual(before.spec?.clusterIPs, spec.clusterIPs) && (spec.clusterIPs?.length ?? 0) > 1)
        spec.clusterIPs = spec.clusterIPs!.slice(0, 1);
      if (deepEqual(before.spec?.ipFamilies, spec.ipFamilies) && (spec.ipFamilies?.length ?? 0) > 1)
        spec.ipFamilies = spec.ipFamilies!.slice(0, 1);
    }
    const must = (what: string): string =>
      `must be 'RequireDualStack' or 'PreferDualStack' when multiple ${what} are specified`;
    if (spec.clusterIPs?.length === 2) found.push(field.invalid("spec.ipFamilyPolicy", policy, must("cluster IPs")));
    if (spec.ipFamilies?.length === 2) found.push(field.invalid("spec.ipFamilyPolicy", policy, must("IP families")));
  }
  const families = [...(spec.ipFamilies ?? [])] as Family[];
  for (const [index, ip] of (spec.clusterIPs ?? []).entries()) {
    if (ip === none) break;
    if (index < families.length || parseIp(ip) === undefined) continue;
    const range = rangeOf(ranges, ip);
    if (range === undefined)
      found.push(
        field.invalid(
          `spec.clusterIPs[${index}]`,
          spec.clusterIPs,
          `${familyOf(ip)} is not configured on this cluster`,
        ),
      );
    else families.push(range.family);
  }
  if (found.length > 0) throw invalid(gk, service.metadata.name, found);
  const configured = ranges.map((range) => range.family);
  const other = (family: Family): Family => (family === "IPv4" ? "IPv6" : "IPv4");
  if (headlessBare) {
    if (families.length === 0) families.push(configured[0]!);
    if (families.length < 2 && policy !== "SingleStack") families.push(other(families[0]!));
    spec.ipFamilies = families;
    return;
  }
  if (policy === "RequireDualStack" && configured.length < 2)
    found.push(field.invalid("spec.ipFamilyPolicy", policy, "this cluster is not configured for dual-stack services"));
  for (const [index, family] of families.entries())
    if (!configured.includes(family))
      found.push(field.invalid(`spec.ipFamilies[${index}]`, family, "not configured on this cluster"));
  if (found.length > 0) throw invalid(gk, service.metadata.name, found);
  if (families.length === 0) families.push(configured[0]!);
  if (policy !== "SingleStack" && families.length === 1 && configured.length === 2) families.push(other(families[0]!));
  spec.ipFamilies = families;
}

interface Allocation {
  readonly service: Service;
  readonly before: Service | undefined;
  readonly allocators: ServiceAllocators;
  readonly taken: Taken;
  readonly dryRun: boolean;
}

function allocateAddresses({ service, before, allocators, taken }: Allocation): void {
  const spec = service.spec!;
  if (!needsAddress(spec)) return;
  const had = new Set(before === undefined ? [] : usedAddresses(before));
  const asked = spec.clusterIPs ?? [];
  const addresses = (spec.ipFamilies ?? []).map((family, index) => {
    const range = allocators.ranges.find((each) => each.family === family)!;
    const ip = asked[index];
    if (ip === undefined || ip === "") return allocateAny({ range, taken });
    if (!had.has(ip)) takeAddress(service, { range, taken, ip });
    return ip;
  });
  spec.clusterIPs = addresses;
  if (addresses[0] !== undefined) spec.clusterIP = addresses[0];
}

function allocateAny(from: { range: AddressRange; taken: Taken }): string {
  try {
    const number = from.range.allocator.next();
    from.taken.take(from.range.allocator, number);
    return addressOf(number, from.range.family);
  } catch (error) {
    if (!(error instanceof RangeFull)) throw error;
    throw internalError(`failed to allocate a serviceIP: ${error.message}`);
  }
}

function takeAddress(service: Service, from: { range: AddressRange; taken: Taken; ip: string }): void {
  const { range, taken, ip } = from;
  const refuse = (why: string): Error =>
    invalid(gk, service.metadata.name, [
      field.invalid("spec.clusterIPs", service.spec?.clusterIPs, `failed to allocate IP ${ip}: ${why}`),
    ]);
  if (parseIp(ip) === undefined) return; // Validation refuses it with its own text.
  const number = numberOf(ip);
  if (familyOf(ip) !== range.family) return;
  if (!range.allocator.contains(number))
    throw refuse(`the provided IP (${ip}) is not in the valid range. The range of valid IPs is ${range.cidr}`);
  if (!range.allocator.isFree(number)) throw refuse("provided IP is already allocated");
  taken.take(range.allocator, number);
}

function allocatePorts({ service, before, allocators, taken, dryRun }: Allocation): void {
  const spec = service.spec!;
  const had = new Set(before === undefined ? [] : usedPorts(before));
  const mine = new Map<number, Set<string>>();
  const { ports } = allocators;
  const dummyPorts = dryRun ? new NumberAllocator({ first: firstDummyPort, size: 100n, whole: true }, noRandom) : ports;
  if (usesNodePorts(spec)) {
    // Ports that are asked for by number come first, so that a chosen one does not take theirs.
    for (const [index, port] of (spec.ports ?? []).entries())
      if (port.nodePort)
        takePort(service, {
          allocators,
          taken,
          had,
          mine,
          number: port.nodePort,
          path: `spec.ports[${index}].nodePort`,
        });
    if (wantsNodePorts(spec))
      for (const port of spec.ports ?? []) {
        if (port.nodePort) continue;
        port.nodePort = shareable(spec, port, mine) ?? nextPort(dryRun ? dummyPorts : ports, taken);
        const protocols = mine.get(port.nodePort) ?? new Set<string>();
        mine.set(port.nodePort, protocols.add(port.protocol ?? "TCP"));
      }
  } else if (before !== undefined && usesNodePorts(before.spec ?? {})) dropPorts(spec, before.spec!);
  if (!wantsHealthPort(spec)) {
    if (
      before !== undefined &&
      wantsHealthPort(before.spec ?? {}) &&
      spec.healthCheckNodePort === before.spec?.healthCheckNodePort
    )
      delete spec.healthCheckNodePort;
    return;
  }
  if (!spec.healthCheckNodePort) spec.healthCheckNodePort = nextPort(dryRun ? dummyPorts : ports, taken);
  else if (!had.has(spec.healthCheckNodePort)) {
    const number = spec.healthCheckNodePort;
    const fail = (why: string): Error =>
      internalError(`failed to allocate requested HealthCheck NodePort ${number}: ${why}`);
    if (!ports.contains(BigInt(number))) throw fail(outOfRange(allocators));
    if (!ports.isFree(BigInt(number))) throw fail("provided port is already allocated");
    taken.take(ports, BigInt(number));
  }
}

/** The type changed away from node ports and the ports were left as they were: they are given back. */
function dropPorts(spec: Spec, old: Spec): void {
  const before = new Set((old.ports ?? []).map((port) => port.nodePort));
  for (const port of spec.ports ?? []) if (port.nodePort && before.has(port.nodePort)) delete port.nodePort;
}

const outOfRange = ({ portRange }: ServiceAllocators): string =>
  `provided port is not in the valid range. The range of valid ports is ${portRange}`;

function takePort(
  service: Service,
  of: {
    readonly allocators: ServiceAllocators;
    readonly taken: Taken;
    readonly had: ReadonlySet<number>;
    readonly mine: Map<number, Set<string>>;
    readonly number: number;
    readonly path: string;
  },
): void {
  const { allocators, taken, had, mine, number, path } = of;
  const port = service.spec!.ports!.find(
    (each) => `spec.ports[${service.spec!.ports!.indexOf(each)}].nodePort` === path,
  )!;
  const protocols = mine.get(number) ?? new Set<string>();
  const first = protocols.size === 0;
  mine.set(number, protocols.add(port.protocol ?? "TCP"));
  if (!first || had.has(number)) return;
  const refuse = (why: string): Error => invalid(gk, service.metadata.name, [field.invalid(path, number, why)]);
  if (!allocators.ports.contains(BigInt(number))) throw refuse(outOfRange(allocators));
  if (!allocators.ports.isFree(BigInt(number))) throw refuse("provided port is already allocated");
  taken.take(allocators.ports, BigInt(number));
}

/** One service port in two protocols gets one node port. */
function shareable(
  spec: Spec,
  port: { port: number; protocol?: string },
  mine: ReadonlyMap<number, ReadonlySet<string>>,
): number | undefined {
  for (const other of spec.ports ?? []) {
    if (other === port || other.port !== port.port || !other.nodePort) continue;
    if (!mine.get(other.nodePort)?.has(port.protocol ?? "TCP")) return other.nodePort;
  }
  return undefined;
}

function nextPort(ports: NumberAllocator, taken: Taken): number {
  try {
    const number = ports.next();
    taken.take(ports, number);
    return Number(number);
  } catch (error) {
    if (!(error instanceof RangeFull)) throw error;
    throw internalError(`failed to allocate a nodePort: ${error.message}`);
  }
}
