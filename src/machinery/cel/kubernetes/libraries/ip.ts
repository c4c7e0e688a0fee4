/**
 * IP addresses and networks. Sources: k8s.io/apiserver/pkg/cel/library/ip.go, cidr.go.
 */
import { quoteGo } from "../../../go-text.ts";
import type { Library } from "../../contract.ts";
import { BOOL, INT, opaqueType, STRING, typeOf } from "../../types.ts";
import { CelError, type Result } from "../../values.ts";
import {
  addressText,
  isMappedV4,
  type NetipAddress,
  NetipError,
  type NetipPrefix,
  networkBits,
  orError,
  parseAddress,
  parsePrefix,
  widthOf,
} from "../text/ip-text.ts";
import { functions, LibraryValue, method, noSuchOverload, overload } from "./lib.ts";

export const IP_TYPE = opaqueType("net.IP");
export const CIDR_TYPE = opaqueType("net.CIDR");

export class IpValue extends LibraryValue<NetipAddress> {
  readonly type = IP_TYPE;

  /** Bytes, by which upstream counts the cost. */
  get size(): number {
    return widthOf(this.content) / 8;
  }

  protected same(other: NetipAddress): boolean {
    return this.content.family === other.family && this.content.bits === other.bits;
  }
}

export class CidrValue extends LibraryValue<NetipPrefix> {
  readonly type = CIDR_TYPE;

  get size(): number {
    return Math.ceil(this.content.prefixLength / 8);
  }

  protected same({ address, prefixLength }: NetipPrefix): boolean {
    const own = this.content;
    return (
      own.address.family === address.family && own.address.bits === address.bits && own.prefixLength === prefixLength
    );
  }
}

function toIp(text: string): IpValue | CelError {
  const address = orError(() => parseAddress(text));
  const quoted = quoteGo(text);
  if (address instanceof NetipError)
    return new CelError(`IP Address ${quoted} parse error during conversion from string: ${address.message}`);
  if (address.zone !== "") return new CelError(`IP address ${quoted} with zone value is not allowed`);
  if (isMappedV4(address)) return new CelError(`IPv4-mapped IPv6 address ${quoted} is not allowed`);
  return new IpValue(address);
}

const cidrError = "network address parse error during conversion from string: ";

function toCidr(text: string): CidrValue | CelError {
  const prefix = orError(() => parsePrefix(text));
  // The introduction comes twice, as upstream has it.
  if (prefix instanceof NetipError) return new CelError(`${cidrError}${cidrError}${prefix.message}`);
  if (isMappedV4(prefix.address))
    return new CelError(`${cidrError}IPv4-mapped IPv6 address ${quoteGo(text)} is not allowed`);
  return new CidrValue(prefix);
}

const is = (id: string, test: (address: NetipAddress) => boolean) =>
  method(id, [[IP_TYPE], BOOL], (value: IpValue) => test(value.content));

const top = (address: NetipAddress, bits: number): bigint => address.bits >> BigInt(widthOf(address) - bits);
const isUnspecified = ({ bits }: NetipAddress): boolean => bits === 0n;
const isLoopback = (address: NetipAddress): boolean =>
  address.family === 4 ? top(address, 8) === 127n : address.bits === 1n;
const isLinkLocalMulticast = (address: NetipAddress): boolean =>
  address.family === 4 ? top(address, 24) === 0xe00000n : (top(address, 16) & 0xff0fn) === 0xff02n;
const isLinkLocalUnicast = (address: NetipAddress): boolean =>
  address.family === 4 ? top(address, 16) === 0xa9fen : (top(address, 16) & 0xffc0n) === 0xfe80n;
const isMulticast = (address: NetipAddress): boolean =>
  address.family === 4 ? top(address, 4) === 0xen : top(address, 8) === 0xffn;
const isGlobalUnicast = (address: NetipAddress): boolean =>
  !isUnspecified(address) &&
  !(address.family === 4 && address.bits === 0xffffffffn) &&
  !isLoopback(address) &&
  !isMulticast(address) &&
  !isLinkLocalUnicast(address);

function isCanonical(text: string): Result {
  const value = toIp(text);
  return value instanceof CelError ? value : addressText(value.content) === text;
}

export const IP: Library = {
  name: "kubernetes.net.ip",
  variables: [{ name: "net.IP", type: typeOf(IP_TYPE), value: IP_TYPE }],
  functions: functions({
    ip: [overload("string_to_ip", [[STRING], IP_TYPE], toIp)],
    isIP: [overload("is_ip", [[STRING], BOOL], (text: string) => !(toIp(text) instanceof CelError))],
    "ip.isCanonical": [overload("ip_is_canonical", [[STRING], BOOL], isCanonical)],
    family: [method("ip_family", [[IP_TYPE], INT], (value: IpValue) => BigInt(value.content.family))],
    isUnspecified: [is("ip_is_unspecified", isUnspecified)],
    isLoopback: [is("ip_is_loopback", isLoopback)],
    isLinkLocalMulticast: [is("ip_is_link_local_multicast", isLinkLocalMulticast)],
    isLinkLocalUnicast: [is("ip_is_link_local_unicast", isLinkLocalUnicast)],
    isGlobalUnicast: [is("ip_is_global_unicast", isGlobalUnicast)],
    string: [overload("ip_to_string", [[IP_TYPE], STRING], (value: IpValue) => addressText(value.content))],
  }),
};

/** Upstream says nothing about a text that is no address here, other than below. */
function containsIp(cidr: CidrValue, ip: IpValue | CelError): Result {
  if (ip instanceof CelError) return noSuchOverload;
  const { address, prefixLength } = cidr.content;
  if (address.family !== ip.content.family) return false;
  return networkBits(address, prefixLength) === networkBits(ip.content, prefixLength);
}

function containsCidr(cidr: CidrValue, other: CidrValue | CelError): Result {
  if (other instanceof CelError) return other;
  const { address, prefixLength } = cidr.content;
  const inner = other.content;
  if (address.family !== inner.address.family || prefixLength > inner.prefixLength) return false;
  return networkBits(address, prefixLength) === networkBits(inner.address, prefixLength);
}

const masked = ({ content: { address, prefixLength } }: CidrValue): Result =>
  new CidrValue({ address: { ...address, bits: networkBits(address, prefixLength) }, prefixLength });

export const CIDR: Library = {
  name: "kubernetes.net.cidr",
  variables: [{ name: "net.CIDR", type: typeOf(CIDR_TYPE), value: CIDR_TYPE }],
  functions: functions({
    cidr: [overload("string_to_cidr", [[STRING], CIDR_TYPE], toCidr)],
    isCIDR: [overload("is_cidr", [[STRING], BOOL], (text: string) => !(toCidr(text) instanceof CelError))],
    containsIP: [
      method("cidr_contains_ip_string", [[CIDR_TYPE, STRING], BOOL], (cidr: CidrValue, text: string) =>
        containsIp(cidr, toIp(text)),
      ),
      method("cidr_contains_ip_ip", [[CIDR_TYPE, IP_TYPE], BOOL], (cidr: CidrValue, ip: IpValue) =>
        containsIp(cidr, ip),
      ),
    ],
    containsCIDR: [
      method("cidr_contains_cidr_string", [[CIDR_TYPE, STRING], BOOL], (cidr: CidrValue, text: string) =>
        containsCidr(cidr, toCidr(text)),
      ),
      method("cidr_contains_cidr", [[CIDR_TYPE, CIDR_TYPE], BOOL], (cidr: CidrValue, other: CidrValue) =>
        containsCidr(cidr, other),
      ),
    ],
    ip: [method("cidr_ip", [[CIDR_TYPE], IP_TYPE], (cidr: CidrValue) => new IpValue(cidr.content.address))],
    prefixLength: [
      method("cidr_prefix_length", [[CIDR_TYPE], INT], (cidr: CidrValue) => BigInt(cidr.content.prefixLength)),
    ],
    masked: [method("cidr_masked", [[CIDR_TYPE], CIDR_TYPE], masked)],
    string: [
      overload(
        "cidr_to_string",
        [[CIDR_TYPE], STRING],
        ({ content }: CidrValue) => `${addressText(content.address)}/${content.prefixLength}`,
      ),
    ],
  }),
};
