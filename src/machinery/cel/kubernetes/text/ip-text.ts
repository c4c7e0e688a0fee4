/**
 * IP addresses and prefixes as Go's net/netip reads them, which is stricter than machinery/net.ts, with its error texts.
 * Address bits beyond the prefix length are kept. Source: net/netip of Go 1.26.
 */
import { quoteGo } from "../../../go-text.ts";
import { formatIp, type IpAddress } from "../../../net.ts";

export interface NetipAddress extends IpAddress {
  readonly zone: string;
}

export interface NetipPrefix {
  readonly address: NetipAddress;
  readonly prefixLength: number;
}

/** Text that is no address or prefix; the message is Go's. */
export class NetipError extends Error {
  override readonly name = "NetipError";
}

export const widthOf = (address: IpAddress): number => (address.family === 4 ? 32 : 128);
export const isMappedV4 = (address: IpAddress): boolean => address.family === 6 && address.bits >> 32n === 0xffffn;

export function addressText(address: NetipAddress): string {
  const zone = address.zone === "" ? "" : `%${address.zone}`;
  if (isMappedV4(address)) return `::ffff:${formatIp({ family: 4, bits: address.bits & 0xffffffffn })}${zone}`;
  return `${formatIp(address)}${zone}`;
}

/** Throws NetipError. */
export function parseAddress(text: string): NetipAddress {
  const first = /[.:%]/.exec(text)?.[0];
  if (first === ".") return { family: 4, bits: parseV4(text, text), zone: "" };
  if (first === ":") return parseV6(text);
  throw addressError(text, first === "%" ? "missing IPv6 address" : "unable to parse IP");
}

function addressError(text: string, message: string, at = ""): NetipError {
  return new NetipError(`ParseAddr(${quoteGo(text)}): ${message}${at === "" ? "" : ` (at ${quoteGo(at)})`}`);
}

/** `part` is the IPv4 text within `whole`. */
function parseV4(whole: string, part: string): bigint {
  let bits = 0n;
  let fields = 0;
  let value = 0;
  let digits = 0;
  for (let at = 0; at < part.length; at++) {
    const character = part[at]!;
    if (character >= "0" && character <= "9") {
      if (digits === 1 && value === 0) throw addressError(whole, "IPv4 field has octet with leading zero");
      value = value * 10 + Number(character);
      digits++;
      if (value > 255) throw addressError(whole, "IPv4 field has value >255");
    } else if (character === ".") {
      if (at === 0 || at === part.length - 1 || part[at - 1] === ".")
        throw addressError(whole, "IPv4 field must have at least one digit", part.slice(at));
      if (fields === 3) throw addressError(whole, "IPv4 address too long");
      bits = (bits << 8n) | BigInt(value);
      fields++;
      value = 0;
      digits = 0;
    } else throw addressError(whole, "unexpected character", part.slice(at));
  }
  if (fields < 3) throw addressError(whole, "IPv4 address too short");
  return (bits << 8n) | BigInt(value);
}

/** The groups read so far, and where `::` stood among them. */
interface Groups {
  readonly words: number[];
  ellipsis: number;
  rest: string;
}

function parseV6(whole: string): NetipAddress {
  const percent = whole.indexOf("%");
  const zone = percent < 0 ? "" : whole.slice(percent + 1);
  if (percent >= 0 && zone === "") throw addressError(whole, "zone must be a non-empty string");
  const groups: Groups = { words: [], ellipsis: -1, rest: percent < 0 ? whole : whole.slice(0, percent) };
  if (groups.rest.startsWith("::")) {
    groups.ellipsis = 0;
    groups.rest = groups.rest.slice(2);
    if (groups.rest === "") return { family: 6, bits: 0n, zone };
  }
  while (groups.words.length < 8 && readGroup(whole, groups));
  if (groups.rest !== "") throw addressError(whole, "trailing garbage after address", groups.rest);
  return { family: 6, bits: joinGroups(whole, groups), zone };
}

/** Reads one group and the colon behind it; false at the end of the address. */
function readGroup(whole: string, groups: Groups): boolean {
  const text = groups.rest;
  const digits = /^[0-9a-fA-F]*/.exec(text)![0];
  if (digits.length > 4) throw addressError(whole, "each group must have 4 or less digits", text);
  if (digits === "") throw addressError(whole, "each colon-separated field must have at least one digit", text);
  if (text[digits.length] === ".") {
    if (groups.ellipsis < 0 && groups.words.length !== 6)
      throw addressError(whole, "embedded IPv4 address must replace the final 2 fields of the address", text);
    if (groups.words.length > 6)
      throw addressError(whole, "too many hex fields to fit an embedded IPv4 at the end of the address", text);
    const bits = Number(parseV4(whole, text));
    groups.words.push(Math.floor(bits / 0x10000), bits % 0x10000);
    groups.rest = "";
    return false;
  }
  groups.words.push(Number.parseInt(digits, 16));
  groups.rest = text.slice(digits.length);
  if (groups.rest === "") return false;
  if (groups.rest[0] !== ":") throw addressError(whole, "unexpected character, want colon", groups.rest);
  if (groups.rest.length === 1) throw addressError(whole, "colon must be followed by more characters", groups.rest);
  groups.rest = groups.rest.slice(1);
  if (groups.rest[0] !== ":") return true;
  if (groups.ellipsis >= 0) throw addressError(whole, "multiple :: in address", groups.rest);
  groups.ellipsis = groups.words.length;
  groups.rest = groups.rest.slice(1);
  return groups.rest !== "";
}

function joinGroups(whole: string, { words, ellipsis }: Groups): bigint {
  if (words.length < 8) {
    if (ellipsis < 0) throw addressError(whole, "address string too short");
    words.splice(ellipsis, 0, ...new Array<number>(8 - words.length).fill(0));
  } else if (ellipsis >= 0) throw addressError(whole, "the :: must expand to at least one field of zeros");
  return words.reduce((bits, word) => (bits << 16n) | BigInt(word), 0n);
}

/** Throws NetipError. */
export function parsePrefix(text: string): NetipPrefix {
  const failed = (message: string) => new NetipError(`netip.ParsePrefix(${quoteGo(text)}): ${message}`);
  const slash = text.lastIndexOf("/");
  if (slash < 0) throw failed("no '/'");
  const address = orError(() => parseAddress(text.slice(0, slash)));
  if (address instanceof NetipError) throw failed(address.message);
  if (address.zone !== "") throw failed("IPv6 zones cannot be present in a prefix");
  const digits = text.slice(slash + 1);
  // A single sign or digit passes the first check and is then read as a number, as upstream does.
  if (!/^(?:[0-9]|[1-9][0-9]+)$/.test(digits) || digits.length > 18)
    throw failed(`bad bits after slash: ${quoteGo(digits)}`);
  const prefixLength = Number(digits);
  if (prefixLength > widthOf(address)) throw failed("prefix length out of range");
  return { address, prefixLength };
}

/** The value, or the NetipError that making it threw. */
export function orError<T>(make: () => T): T | NetipError {
  try {
    return make();
  } catch (error) {
    if (error instanceof NetipError) return error;
    throw error;
  }
}

/** The address with the bits beyond the prefix length cut off. */
export function networkBits(address: IpAddress, prefixLength: number): bigint {
  const host = BigInt(widthOf(address) - prefixLength);
  return (address.bits >> host) << host;
}
