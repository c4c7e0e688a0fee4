// Which addresses services can be given: the ranges of all ServiceCIDRs, without those that there are IPAddress objects of.
//
// Contract: it follows the watch cache; whoever has the IPAddress object has the address. An address is given out of any range that is ready; one that is asked for must lie in a range
// that is ready. Until the default ServiceCIDR is seen, the server's own ranges stand for it.
// Upstream: pkg/registry/core/service/ipallocator MetaAllocator.
import {
  formatCidr,
  formatIp,
  type IPAddress,
  ipAddresses,
  parseCidr,
  parseIp,
  type Service,
  type ServiceCIDR,
  serviceCIDRs,
  services,
} from "../../../../api/index.ts";
import type { Rng } from "../../../../base/index.ts";
import type { ObjectReader } from "../../../contract.ts";
import { NumberAllocator, NumberUse } from "../allocator.ts";

export type Family = "IPv4" | "IPv6";

export const managedByLabel = "ipaddress.kubernetes.io/managed-by";
export const familyLabel = "ipaddress.kubernetes.io/ip-family";
export const allocatorName = "ipallocator.k8s.io";
const defaultRangeName = "kubernetes";

export interface AddressRange {
  readonly family: Family;
  readonly cidr: string;
  /** The network's own address: what a dry run shows. */
  readonly base: string;
  readonly size: bigint;
  readonly allocator: NumberAllocator;
}

export interface AddressBook {
  /** Ranges of a family out of which addresses are given. */
  ready(family: Family): readonly AddressRange[];
  use(family: Family): NumberUse;
  /** Whether the address lies in any ServiceCIDR, ready or not. */
  covers(ip: string): boolean;
  /** How many IPAddress objects of services lie in the range. */
  allocated(range: AddressRange): number;
  start(): void;
  close(): void;
}

interface Follower {
  range: ServiceCIDR;
  readonly parts: readonly AddressRange[];
}

export function createAddressBook(options: {
  /** Of the server's own flag. */
  readonly ranges: readonly string[];
  readonly rng: Rng;
  readonly reader: ObjectReader;
}): AddressBook {
  const { reader, rng } = options;
  const uses: Readonly<Record<Family, NumberUse>> = { IPv4: new NumberUse(), IPv6: new NumberUse() };
  const rangeOf = (text: string): AddressRange | undefined => addressRange(text, { rng, uses });
  const own = options.ranges.map((text) => required(text, rangeOf(text)));
  const known = new Map<string, Follower>();
  const stops: (() => void)[] = [];
  let open: readonly AddressRange[] = own;
  /** Names of the IPAddress objects that services have. */
  const managed = new Set<string>();

  /** One allocator a CIDR, however many objects name it. */
  const settle = (): void => {
    const byCidr = new Map<string, AddressRange>();
    if (!known.has(defaultRangeName)) for (const range of own) byCidr.set(range.cidr, range);
    for (const { range, parts } of known.values())
      if (isReady(range)) for (const part of parts) if (!byCidr.has(part.cidr)) byCidr.set(part.cidr, part);
    open = [...byCidr.values()];
  };
  const partsOf = (range: ServiceCIDR): readonly AddressRange[] =>
    (range.spec?.cidrs ?? []).map(rangeOf).filter((part) => part !== undefined);
  /** Addresses of services of a store that knew no IPAddress objects, until these are made. */
  const unnamed = new Set<string>();
  const settleName = (ip: string): void => {
    if (unnamed.delete(ip)) uses[familyOf(ip)].release(numberOf(ip));
  };
  const note = ({ metadata }: IPAddress, change: "use" | "release"): void => {
    const { name, labels } = metadata;
    if (parseIp(name) === undefined) return;
    uses[familyOf(name)][change](numberOf(name));
    if (change === "use") settleName(name);
    if (labels?.[managedByLabel] === allocatorName && change === "use") managed.add(name);
    else managed.delete(name);
  };

  return {
    ready: (family) => open.filter((range) => range.family === family),
    use: (family) => uses[family],
    covers(ip) {
      const number = numberOf(ip);
      const holds = (range: AddressRange): boolean => range.family === familyOf(ip) && spans(range, number);
      if (!known.has(defaultRangeName) && own.some(holds)) return true;
      return [...known.values()].some(({ parts }) => parts.some(holds));
    },
    allocated(range) {
      let found = 0;
      for (const ip of managed) if (familyOf(ip) === range.family && spans(range, numberOf(ip))) found++;
      return found;
    },
    start() {
      stops.push(
        reader.subscribe<ServiceCIDR>(serviceCIDRs, {
          upsert(range) {
            const { name } = range.metadata;
            const before = known.get(name);
            const same = before?.range.spec?.cidrs?.join() === range.spec?.cidrs?.join();
            known.set(name, { range, parts: before !== undefined && same ? before.parts : partsOf(range) });
            settle();
          },
          remove({ metadata }) {
            known.delete(metadata.name);
            settle();
          },
        }),
        reader.subscribe<IPAddress>(ipAddresses, {
          upsert(address, before) {
            if (before !== undefined) note(before, "release");
            note(address, "use");
          },
          remove: (address) => note(address, "release"),
        }),
        reader.subscribe<Service>(services, {
          upsert() {},
          remove: (service) => addressesOf(service).map(canonicalIp).forEach(settleName),
        }),
      );
      for (const ip of reader.list(services).flatMap(addressesOf).map(canonicalIp)) {
        if (parseIp(ip) === undefined || reader.get(ipAddresses, "", ip) !== undefined || unnamed.has(ip)) continue;
        unnamed.add(ip);
        uses[familyOf(ip)].use(numberOf(ip));
      }
    },
    close() {
      for (const stop of stops.splice(0)) stop();
      managed.clear();
    },
  };
}

function required(text: string, range: AddressRange | undefined): AddressRange {
  if (range !== undefined) return range;
  throw new Error(
    parseCidr(text) === undefined
      ? `the service cluster IP range ${JSON.stringify(text)} is not a CIDR`
      : `the service cluster IP range ${text} holds no address that can be given out`,
  );
}

/** Nobody has said anything yet: it counts as ready, so that a server works without a controller manager. */
function isReady({ metadata, status }: ServiceCIDR): boolean {
  if (metadata.deletionTimestamp !== undefined) return false;
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  return ready === undefined || ready.status === "True";
}

function addressRange(
  text: string,
  { rng, uses }: { readonly rng: Rng; readonly uses: Readonly<Record<Family, NumberUse>> },
): AddressRange | undefined {
  const cidr = parseCidr(text);
  if (cidr === undefined) return undefined;
  const family = cidr.network.length === 4 ? "IPv4" : "IPv6";
  const bits = cidr.network.length * 8 - cidr.prefixLength;
  // The network's own address is nobody's, and the last of IPv4 is for broadcast.
  const size = (1n << BigInt(Math.min(bits, 64))) - (family === "IPv4" ? 2n : 1n);
  if (size < 1n) return undefined;
  return {
    family,
    cidr: formatCidr(cidr),
    base: formatIp(cidr.network),
    size,
    allocator: new NumberAllocator({ first: asNumber(cidr.network) + 1n, size }, rng, uses[family]),
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

/** As IPAddress objects are named. */
export function canonicalIp(ip: string): string {
  const bytes = parseIp(ip)?.bytes;
  return bytes === undefined ? ip : formatIp(bytes);
}

/** With the network's own address and the last one, which are never given. */
const spans = ({ allocator, base, family }: AddressRange, number: bigint): boolean =>
  allocator.contains(number) || number === numberOf(base) || (family === "IPv4" && allocator.contains(number - 1n));

const none = "None";

/** Addresses that a stored service holds. */
export function addressesOf({ spec }: Pick<Service, "spec">): readonly string[] {
  if (spec === undefined || spec.type === "ExternalName" || spec.clusterIP === none) return [];
  return spec.clusterIPs ?? (spec.clusterIP ? [spec.clusterIP] : []);
}
