// IP addresses and CIDRs as fields hold them. Upstream: k8s.io/apimachinery/pkg/util/validation/ip.go and
// k8s.io/utils/net, which still read the leading zeros that strict parsers refuse.
import { field } from "../../../machinery/index.ts";
import type { Check } from "../validate.ts";

export interface IpAddress {
  readonly family: 4 | 6;
  /** 4 or 16 bytes; an IPv4-mapped IPv6 address has 4. */
  readonly bytes: readonly number[];
  /** Written as ::ffff:a.b.c.d. */
  readonly mapped: boolean;
  readonly leadingZeros: boolean;
}

function parseV4(text: string): { bytes: number[]; leadingZeros: boolean } | undefined {
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  const bytes: number[] = [];
  let leadingZeros = false;
  for (const part of parts) {
    if (!/^[0-9]+$/.test(part) || Number(part) > 255) return undefined;
    if (part.length > 1 && part.startsWith("0")) leadingZeros = true;
    bytes.push(Number(part));
  }
  return { bytes, leadingZeros };
}

function groupsOf(text: string): number[] | undefined {
  if (text === "") return [];
  const bytes: number[] = [];
  for (const group of text.split(":")) {
    if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return undefined;
    const value = Number.parseInt(group, 16);
    bytes.push(value >> 8, value & 255);
  }
  return bytes;
}

function parseV6(text: string): { bytes: number[]; leadingZeros: boolean } | undefined {
  let rest = text;
  let tail: number[] = [];
  let leadingZeros = false;
  if (rest.includes(".")) {
    const cut = rest.lastIndexOf(":") + 1;
    const v4 = parseV4(rest.slice(cut));
    if (v4 === undefined) return undefined;
    ({ bytes: tail, leadingZeros } = v4);
    rest = rest.slice(0, cut);
    rest = rest.endsWith("::") ? rest : rest.slice(0, -1);
  }
  const gap = rest.indexOf("::");
  const head = groupsOf(gap < 0 ? rest : rest.slice(0, gap));
  const end = gap < 0 ? [] : groupsOf(rest.slice(gap + 2));
  if (head === undefined || end === undefined) return undefined;
  const missing = 16 - head.length - end.length - tail.length;
  if (gap < 0 ? missing !== 0 : missing < 2) return undefined;
  return { bytes: [...head, ...new Array<number>(missing).fill(0), ...end, ...tail], leadingZeros };
}

const isMapped = (bytes: readonly number[]): boolean =>
  bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255;

/** Undefined for text that is no address. Zones (`fe80::1%eth0`) are none. */
export function parseIp(text: string): IpAddress | undefined {
  if (!text.includes(":")) {
    const v4 = parseV4(text);
    return v4 && { family: 4, mapped: false, ...v4 };
  }
  const v6 = parseV6(text);
  if (v6 === undefined) return undefined;
  return isMapped(v6.bytes)
    ? { family: 4, bytes: v6.bytes.slice(12), mapped: true, leadingZeros: v6.leadingZeros }
    : { family: 6, mapped: false, ...v6 };
}

/** RFC 5952: the longest run of zero groups becomes `::`. */
export function formatIp(bytes: readonly number[]): string {
  if (bytes.length === 4) return bytes.join(".");
  const groups: number[] = [];
  for (let index = 0; index < 16; index += 2) groups.push(((bytes[index] ?? 0) << 8) | (bytes[index + 1] ?? 0));
  let start = -1;
  let length = 1;
  for (let from = 0; from < 8; from++) {
    let to = from;
    while (to < 8 && groups[to] === 0) to++;
    if (to - from > length) [start, length] = [from, to - from];
  }
  const hex = (list: readonly number[]): string => list.map((group) => group.toString(16)).join(":");
  return start < 0 ? hex(groups) : `${hex(groups.slice(0, start))}::${hex(groups.slice(start + length))}`;
}

export interface Cidr {
  readonly address: IpAddress;
  readonly prefixLength: number;
  /** The address with all bits behind the prefix cleared. */
  readonly network: readonly number[];
  readonly leadingZeros: boolean;
}

export function parseCidr(text: string): Cidr | undefined {
  const slash = text.lastIndexOf("/");
  const address = slash < 0 ? undefined : parseIp(text.slice(0, slash));
  const length = text.slice(slash + 1);
  if (address === undefined || !/^[0-9]+$/.test(length)) return undefined;
  const bits = address.bytes.length * 8;
  const prefixLength = address.mapped ? Number(length) - 96 : Number(length);
  if (prefixLength < 0 || prefixLength > bits) return undefined;
  const network = address.bytes.map((byte, index) => {
    const kept = Math.min(8, Math.max(0, prefixLength - index * 8));
    return byte & (0xff << (8 - kept)) & 0xff;
  });
  const zeros = address.leadingZeros || (length.length > 1 && length.startsWith("0"));
  return { address, prefixLength, network, leadingZeros: zeros };
}

export const formatCidr = (cidr: Cidr): string => `${formatIp(cidr.network)}/${cidr.prefixLength}`;

/** A field that has always held addresses: not canonical is fine, ambiguous is not. */
export const legacyIp: Check<string | undefined> = (value = "", at, found) => {
  const ip = parseIp(value);
  if (ip === undefined)
    found.push(field.invalid(at, value, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"));
  else if (ip.leadingZeros) found.push(field.invalid(at, value, "must not have leading 0s"));
  else if (ip.mapped) found.push(field.invalid(at, value, "must not be an IPv4-mapped IPv6 address"));
};

/** A field of younger kinds: canonical only. */
export const strictIp: Check<string | undefined> = (value = "", at, found) => {
  const before = found.length;
  legacyIp(value, at, found);
  if (found.length > before) return;
  const canonical = formatIp(parseIp(value)?.bytes ?? []);
  if (canonical !== value)
    found.push(field.invalid(at, value, `must be in canonical form (${JSON.stringify(canonical)})`));
};

export const legacyCidr: Check<string | undefined> = (value = "", at, found) => {
  const cidr = parseCidr(value);
  if (cidr === undefined)
    found.push(field.invalid(at, value, "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"));
  else if (cidr.leadingZeros) found.push(field.invalid(at, value, "must not have leading 0s in IP or prefix length"));
  else if (cidr.address.mapped) found.push(field.invalid(at, value, "must not have an IPv4-mapped IPv6 address"));
  else if (formatIp(cidr.network) !== formatIp(cidr.address.bytes))
    found.push(field.invalid(at, value, "must not have bits set beyond the prefix length"));
};

export const strictCidr: Check<string | undefined> = (value = "", at, found) => {
  const before = found.length;
  legacyCidr(value, at, found);
  const cidr = parseCidr(value);
  if (found.length > before || cidr === undefined) return;
  const canonical = formatCidr(cidr);
  if (canonical !== value)
    found.push(field.invalid(at, value, `must be in canonical form (${JSON.stringify(canonical)})`));
};

/** Addresses that no endpoint and no external address of a service can have. */
export const endpointIp: Check<string | undefined> = (value = "", at, found) => {
  const ip = parseIp(value);
  if (ip === undefined) {
    found.push(field.invalid(at, value, "must be a valid IP address"));
    return;
  }
  const [a = 0, b = 0, c = 0] = ip.bytes;
  const v4 = ip.family === 4;
  const zeros = ip.bytes.slice(0, -1).every((byte) => byte === 0);
  if (zeros && ip.bytes.at(-1) === 0) found.push(field.invalid(at, value, `may not be unspecified (${value})`));
  if (v4 ? a === 127 : zeros && ip.bytes.at(-1) === 1)
    found.push(field.invalid(at, value, "may not be in the loopback range (127.0.0.0/8, ::1/128)"));
  if (v4 ? a === 169 && b === 254 : a === 0xfe && (b & 0xc0) === 0x80)
    found.push(field.invalid(at, value, "may not be in the link-local range (169.254.0.0/16, fe80::/10)"));
  if (v4 ? a === 224 && b === 0 && c === 0 : a === 0xff && (b & 0x0f) === 0x02)
    found.push(field.invalid(at, value, "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)"));
};

/** One address of each family. */
export const isDualStack = (addresses: readonly string[]): boolean =>
  new Set(addresses.map((text) => parseIp(text.split("/", 1)[0] ?? "")?.family)).size === 2;

/** `Warning` texts for addresses that are read but not written like this. */
export function ipWarnings(at: string, value: string): string[] {
  const ip = parseIp(value);
  if (ip === undefined) return [];
  const canonical = formatIp(ip.bytes);
  if (ip.leadingZeros || ip.mapped)
    return [`${at}: non-standard IP address ${JSON.stringify(value)} is invalid: use ${JSON.stringify(canonical)}`];
  if (ip.family === 6 && canonical !== value)
    return [
      `${at}: IPv6 address ${JSON.stringify(value)} should be in RFC 5952 canonical format (${JSON.stringify(canonical)})`,
    ];
  return [];
}

export function cidrWarnings(at: string, value: string): string[] {
  const cidr = parseCidr(value);
  if (cidr === undefined) return [];
  const shown = JSON.stringify(value);
  const canonical = JSON.stringify(formatCidr(cidr));
  const own = formatIp(cidr.address.bytes);
  const warnings: string[] = [];
  if (own !== formatIp(cidr.network))
    warnings.push(
      `${at}: CIDR value ${shown} is ambiguous in this context (should be ${canonical} or ${JSON.stringify(`${own}/${cidr.address.bytes.length * 8}`)}?)`,
    );
  if (cidr.leadingZeros || cidr.address.mapped)
    warnings.push(`${at}: non-standard CIDR value ${shown} is invalid: use ${canonical}`);
  if (warnings.length === 0 && cidr.address.family === 6 && formatCidr(cidr) !== value)
    warnings.push(`${at}: IPv6 CIDR value ${shown} should be in RFC 5952 canonical format (${canonical})`);
  return warnings;
}
