// IP addresses and CIDR blocks as upstream reads, checks and prints them. Upstream: k8s.io/utils/net,
// k8s.io/apimachinery/pkg/util/validation ip.go, Go's net and net/netip.

/** An address: 32 bits of IPv4 or 128 of IPv6. IPv4-mapped IPv6 addresses count as IPv4, as in Go's net.IP. */
export interface IpAddress {
  readonly family: 4 | 6;
  readonly bits: bigint;
}

export interface CidrBlock {
  readonly family: 4 | 6;
  /** First address of the block. */
  readonly network: bigint;
  readonly prefixLength: number;
}

const widthOf = (family: 4 | 6): number => (family === 4 ? 32 : 128);

/** Undefined for text that is no address. Leading zeros in IPv4 are taken, as upstream's ParseIPSloppy does. */
export function parseIp(text: string): IpAddress | undefined {
  return text.includes(":") ? parseV6(text)?.address : parseV4(text);
}

function parseV4(text: string): IpAddress | undefined {
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  let bits = 0n;
  for (const part of parts) {
    if (!/^[0-9]+$/.test(part) || Number(part) > 255) return undefined;
    bits = (bits << 8n) | BigInt(Number(part));
  }
  return { family: 4, bits };
}

interface V6 {
  readonly address: IpAddress;
  /** Written as IPv6 although it stands for an IPv4 address. */
  readonly mapped: boolean;
}

function parseV6(text: string): V6 | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const head = groupsOf(halves[0]!, halves.length === 1);
  const tail = halves.length === 2 ? groupsOf(halves[1]!, true) : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  let bits = 0n;
  for (const group of [...head, ...new Array<number>(missing).fill(0), ...tail]) bits = (bits << 16n) | BigInt(group);
  if (bits >> 32n === 0xffffn) return { address: { family: 4, bits: bits & 0xffffffffn }, mapped: true };
  return { address: { family: 6, bits }, mapped: false };
}

/** Groups of 16 bits; the last part may be IPv4 text where the address ends. */
function groupsOf(text: string, last: boolean): number[] | undefined {
  if (text === "") return [];
  const groups: number[] = [];
  const parts = text.split(":");
  for (const [index, part] of parts.entries()) {
    if (last && index === parts.length - 1 && part.includes(".")) {
      const v4 = parseV4(part);
      if (v4 === undefined) return undefined;
      groups.push(Number(v4.bits >> 16n), Number(v4.bits & 0xffffn));
    } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) groups.push(Number.parseInt(part, 16));
    else return undefined;
  }
  return groups;
}

/** Canonical text: RFC 5952 for IPv6. */
export function formatIp({ family, bits }: IpAddress): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => String((bits >> shift) & 0xffn)).join(".");
  const groups: number[] = [];
  for (let shift = 112n; shift >= 0n; shift -= 16n) groups.push(Number((bits >> shift) & 0xffffn));
  const gap = longestZeros(groups);
  const hex = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(":");
  if (gap.length < 2) return hex(groups);
  return `${hex(groups.slice(0, gap.start))}::${hex(groups.slice(gap.start + gap.length))}`;
}

function longestZeros(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start++) {
    let length = 0;
    while (groups[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
  }
  return best;
}

export const canonicalIp = (text: string): string | undefined => {
  const ip = parseIp(text);
  return ip === undefined ? undefined : formatIp(ip);
};

/** Host bits are cut off. Undefined for text that is no CIDR block. */
export function parseCidr(text: string): CidrBlock | undefined {
  const slash = text.indexOf("/");
  if (slash < 0) return undefined;
  const ip = parseIp(text.slice(0, slash));
  const digits = text.slice(slash + 1);
  if (ip === undefined || !/^[0-9]+$/.test(digits)) return undefined;
  const mapped = ip.family === 4 && text.includes(":");
  const prefixLength = Number(digits) - (mapped ? 96 : 0);
  const width = widthOf(ip.family);
  if (prefixLength < 0 || prefixLength > width) return undefined;
  const host = BigInt(width - prefixLength);
  return { family: ip.family, network: (ip.bits >> host) << host, prefixLength };
}

export const formatCidr = (block: CidrBlock): string =>
  `${formatIp({ family: block.family, bits: block.network })}/${block.prefixLength}`;

export function cidrContains(block: CidrBlock, ip: IpAddress): boolean {
  if (block.family !== ip.family) return false;
  const host = BigInt(widthOf(block.family) - block.prefixLength);
  return ip.bits >> host === block.network >> host;
}

export const cidrsOverlap = (a: CidrBlock, b: CidrBlock): boolean =>
  cidrContains(a, { family: b.family, bits: b.network }) || cidrContains(b, { family: a.family, bits: a.network });

/** Number of addresses. */
export const cidrSize = (block: CidrBlock): bigint => 1n << BigInt(widthOf(block.family) - block.prefixLength);

/** The address at an offset from the first one of the block. */
export const cidrAddress = (block: CidrBlock, offset: bigint): IpAddress => ({
  family: block.family,
  bits: block.network + offset,
});

const ipText = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
const cidrText = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";
const leadingZero = (address: string): boolean => /(?:^|[.:])0[0-9]+(?:\.|$)/.test(address) && address.includes(".");
const isMapped = (address: string): boolean => address.includes(":") && parseV6(address)?.mapped === true;

/** Findings on fields that always took any address (IsValidIPForLegacyField, not strict). */
export const legacyIp = (value: string): string[] => (parseIp(value) === undefined ? [ipText] : []);

/** Findings on newer fields: no leading zeros, no mapped address, canonical form (IsValidIP). */
export function strictIp(value: string): string[] {
  const ip = parseIp(value);
  if (ip === undefined) return [ipText];
  const errors: string[] = [];
  if (leadingZero(value)) errors.push("must not have leading 0s");
  if (isMapped(value)) errors.push("must not be an IPv4-mapped IPv6 address");
  if (errors.length === 0 && value !== formatIp(ip)) errors.push(`must be in canonical form ("${formatIp(ip)}")`);
  return errors;
}

export const legacyCidr = (value: string): string[] => (parseCidr(value) === undefined ? [cidrText] : []);

/** IsValidCIDR. */
export function strictCidr(value: string): string[] {
  const block = parseCidr(value);
  if (block === undefined) return [cidrText];
  const [address = "", length = ""] = value.split("/");
  const ip = parseIp(address)!;
  if (leadingZero(address) || /^0[0-9]/.test(length)) return ["must not have leading 0s in IP or prefix length"];
  if (isMapped(address)) return ["must not have an IPv4-mapped IPv6 address"];
  if (ip.bits !== block.network) return ["must not have bits set beyond the prefix length"];
  return value === formatCidr(block) ? [] : [`must be in canonical form ("${formatCidr(block)}")`];
}

/** Texts for `Warning` headers on addresses that are odd but taken (GetWarningsForIP). */
export function ipWarnings(path: string, value: string): string[] {
  const ip = parseIp(value);
  if (ip === undefined) return [];
  const canonical = formatIp(ip);
  if (leadingZero(value) || isMapped(value))
    return [`${path}: non-standard IP address "${value}" is invalid: use "${canonical}"`];
  if (ip.family === 6 && canonical !== value)
    return [`${path}: IPv6 address "${value}" should be in RFC 5952 canonical format ("${canonical}")`];
  return [];
}

/** GetWarningsForCIDR. */
export function cidrWarnings(path: string, value: string): string[] {
  const block = parseCidr(value);
  if (block === undefined) return [];
  const [address = "", length = ""] = value.split("/");
  const ip = parseIp(address)!;
  const canonical = formatCidr(block);
  const warnings: string[] = [];
  if (ip.bits !== block.network)
    warnings.push(
      `${path}: CIDR value "${value}" is ambiguous in this context (should be "${canonical}" or "${formatIp(ip)}/${widthOf(ip.family)}"?)`,
    );
  if (leadingZero(address) || /^0[0-9]/.test(length) || isMapped(address))
    warnings.push(`${path}: non-standard CIDR value "${value}" is invalid: use "${canonical}"`);
  if (warnings.length === 0 && block.family === 6 && canonical !== value)
    warnings.push(`${path}: IPv6 CIDR value "${value}" should be in RFC 5952 canonical format ("${canonical}")`);
  return warnings;
}
