/**
 * URLs as Go's net/url reads and prints them, with its error texts; WHATWG's URL differs in what it takes and in what it
 * keeps. Works on bytes: every string in here holds one byte a character. Source: net/url of Go 1.26.
 */
import { quoteGo } from "../../../go-text.ts";
import { NetipError, parseAddress } from "./ip-text.ts";

export interface GoUrl {
  readonly scheme: string;
  /** What follows the scheme of `mailto:a@b`, instead of the rest. */
  readonly opaque: string;
  readonly user: { readonly name: string; readonly password: string | undefined } | undefined;
  readonly host: string;
  /** Decoded. */
  readonly path: string;
  /** As written, when that is not how `path` is encoded by default. */
  readonly rawPath: string;
  readonly omitHost: boolean;
  readonly forceQuery: boolean;
  readonly rawQuery: string;
  readonly fragment: string;
  readonly rawFragment: string;
}

/** Text that is no URL; the message is Go's. */
export class UrlError extends Error {
  override readonly name = "UrlError";
}

type Part = "path" | "host" | "zone" | "userPassword" | "query" | "fragment";

const hostMarks = "!$&'()*+,;=:[]<>\"";
const reservedKept: Readonly<Record<Part, string>> = {
  path: "$&+,/:;=@",
  host: "",
  zone: "",
  userPassword: "$&+,;=",
  query: "",
  fragment: "$&+,/:;=?@!()*",
};

/** The bytes of a text, one a character. */
const toBytes = (text: string): string =>
  plainText.test(text)
    ? text
    : Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join("");
const plainText = /^[\0-\x7f]*$/;
/** The text of bytes, one a character. */
export const fromBytes = (bytes: string): string =>
  new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(bytes, (each) => each.charCodeAt(0)));

function mustEscape(character: string, part: Part): boolean {
  if (/[A-Za-z0-9_.~-]/.test(character)) return false;
  if ((part === "host" || part === "zone") && hostMarks.includes(character)) return false;
  return !reservedKept[part].includes(character);
}

const escapeError = (text: string) => new UrlError(`invalid URL escape ${quoteBytes(text)}`);
const quoteBytes = (bytes: string): string => quoteGo(fromBytes(bytes));

function decode(text: string, part: Part): string {
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!;
    if (character === "%") checkEscape(text.slice(at, at + 3), part);
    else if ((part === "host" || part === "zone") && character < "\u0080" && mustEscape(character, part))
      throw new UrlError(`invalid character ${quoteBytes(character)} in host name`);
    if (character === "%") at += 2;
  }
  const spaces = part === "query" ? text.replaceAll("+", " ") : text;
  return spaces.replace(/%(..)/g, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function checkEscape(written: string, part: Part): void {
  if (!/^%[0-9a-fA-F]{2}$/.test(written)) throw escapeError(written);
  const byte = Number.parseInt(written.slice(1), 16);
  if (part === "host" && byte < 0x80 && written !== "%25") throw escapeError(written);
  if (part === "zone" && written !== "%25" && byte !== 0x20 && mustEscape(String.fromCharCode(byte), "host"))
    throw escapeError(written);
}

function encode(bytes: string, part: Part): string {
  let text = "";
  for (const character of bytes) {
    if (!mustEscape(character, part)) text += character;
    else if (character === " " && part === "query") text += "+";
    else text += `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return text;
}

function cut(text: string, separator: string): readonly [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + separator.length)];
}

const wrapped = (text: string, error: unknown): unknown =>
  error instanceof UrlError ? new UrlError(`parse ${quoteBytes(text)}: ${error.message}`) : error;

/** Go's url.Parse of a text. Throws UrlError. */
export function parseUrl(text: string): GoUrl {
  const bytes = toBytes(text);
  const [before, rawFragment] = cut(bytes, "#");
  let url: GoUrl;
  try {
    url = parse(before, { request: false });
  } catch (error) {
    throw wrapped(before, error);
  }
  if (rawFragment === "") return url;
  try {
    const fragment = decode(rawFragment, "fragment");
    return { ...url, fragment, rawFragment: encode(fragment, "fragment") === rawFragment ? "" : rawFragment };
  } catch (error) {
    throw wrapped(bytes, error);
  }
}

/** Go's url.ParseRequestURI: absolute URLs and paths only; a fragment counts as part of the path. Throws UrlError. */
export function parseRequestUri(text: string): GoUrl {
  const bytes = toBytes(text);
  try {
    return parse(bytes, { request: true });
  } catch (error) {
    throw wrapped(bytes, error);
  }
}

const emptyUrl: GoUrl = {
  scheme: "",
  opaque: "",
  user: undefined,
  host: "",
  path: "",
  rawPath: "",
  omitHost: false,
  forceQuery: false,
  rawQuery: "",
  fragment: "",
  rawFragment: "",
};

function parse(bytes: string, { request }: { request: boolean }): GoUrl {
  if (/[\u0000-\u001f\u007f]/.test(bytes)) throw new UrlError("net/url: invalid control character in URL");
  if (bytes === "" && request) throw new UrlError("empty url");
  if (bytes === "*") return { ...emptyUrl, path: "*" };
  const { scheme, rest: afterScheme } = splitScheme(bytes);
  const forceQuery = afterScheme.indexOf("?") === afterScheme.length - 1 && afterScheme !== "";
  const [hierarchy, rawQuery] = cut(afterScheme, "?");
  const url = { ...emptyUrl, scheme, forceQuery, rawQuery };
  if (!hierarchy.startsWith("/")) {
    if (scheme !== "") return { ...url, opaque: hierarchy };
    if (request) throw new UrlError("invalid URI for request");
    if (cut(hierarchy, "/")[0].includes(":")) throw new UrlError("first path segment in URL cannot contain colon");
  }
  const withAuthority = scheme !== "" || (!request && !hierarchy.startsWith("///"));
  if (withAuthority && hierarchy.startsWith("//")) {
    const slash = hierarchy.indexOf("/", 2);
    const authority = hierarchy.slice(2, slash < 0 ? undefined : slash);
    const path = slash < 0 ? "" : hierarchy.slice(slash);
    return { ...url, ...parseAuthority(scheme, authority), ...parsePath(path) };
  }
  return { ...url, omitHost: scheme !== "" && hierarchy.startsWith("/"), ...parsePath(hierarchy) };
}

function splitScheme(bytes: string): { scheme: string; rest: string } {
  const match = /^([A-Za-z][A-Za-z0-9+.-]*)?:/.exec(bytes);
  if (match === null) return { scheme: "", rest: bytes };
  if (match[1] === undefined) throw new UrlError("missing protocol scheme");
  return { scheme: match[1].toLowerCase(), rest: bytes.slice(match[0].length) };
}

function parsePath(written: string): Pick<GoUrl, "path" | "rawPath"> {
  const path = decode(written, "path");
  return { path, rawPath: encode(path, "path") === written ? "" : written };
}

function parseAuthority(scheme: string, authority: string): Pick<GoUrl, "user" | "host"> {
  const at = authority.lastIndexOf("@");
  const host = parseHost(scheme, authority.slice(at + 1));
  if (at < 0) return { user: undefined, host };
  const info = authority.slice(0, at);
  if (!/^[A-Za-z0-9._:~!$&'()*+,;=%@-]*$/.test(info)) throw new UrlError("net/url: invalid userinfo");
  const [name, password] = cut(info, ":");
  return {
    user: {
      name: decode(name, "userPassword"),
      password: info.includes(":") ? decode(password, "userPassword") : undefined,
    },
    host,
  };
}

const validPort = (text: string): boolean => /^(?::[0-9]*)?$/.test(text);
const portError = (text: string) => new UrlError(`invalid port ${quoteBytes(text)} after host`);

function parseHost(scheme: string, host: string): string {
  const open = host.lastIndexOf("[");
  if (open > 0) throw new UrlError("invalid IP-literal");
  if (open === 0) return parseLiteral(host);
  const colon = host.indexOf(":");
  if (colon >= 0) {
    const strict = scheme === "http" || scheme === "https";
    const port = host.slice(strict ? colon : host.lastIndexOf(":"));
    if (!validPort(port)) throw portError(port);
  }
  return decode(host, "host");
}

/** `[::1%25zone]:80`. */
function parseLiteral(host: string): string {
  const close = host.lastIndexOf("]");
  if (close < 0) throw new UrlError("missing ']' in host");
  const port = host.slice(close + 1);
  if (!validPort(port)) throw portError(port);
  const name = host.slice(1, close);
  const zone = name.indexOf("%25");
  const plain =
    zone < 0 ? decode(name, "host") : decode(name.slice(0, zone), "host") + decode(name.slice(zone), "zone");
  try {
    if (parseAddress(plain).family === 4) throw new UrlError("invalid IP-literal");
  } catch (error) {
    if (error instanceof NetipError) throw new UrlError(`invalid host: ${error.message}`);
    throw error;
  }
  return `[${plain}]${port}`;
}

/** The path as it was written, or encoded. */
export function escapedPath(url: GoUrl): string {
  if (url.rawPath !== "" && writtenWell(url.rawPath, url.path, "path")) return url.rawPath;
  return url.path === "*" ? "*" : encode(url.path, "path");
}

/** Whether a written form needs no more escapes and means the decoded form. */
function writtenWell(written: string, decoded: string, part: "path" | "fragment"): boolean {
  for (const character of written)
    if (!"!$&'()*+,;=:@[]%".includes(character) && mustEscape(character, part)) return false;
  return decode(written, part) === decoded;
}

/** The host without port and brackets. */
export const hostname = (url: GoUrl): string => splitHost(url.host).name;
export const port = (url: GoUrl): string => splitHost(url.host).port;

function splitHost(host: string): { name: string; port: string } {
  const colon = host.lastIndexOf(":");
  const split = colon >= 0 && validPort(host.slice(colon));
  const name = split ? host.slice(0, colon) : host;
  const bare = name.startsWith("[") && name.endsWith("]") ? name.slice(1, -1) : name;
  return { name: bare, port: split ? host.slice(colon + 1) : "" };
}

/** The parameters of the query by name; malformed ones are left out. */
export function queryParameters(url: GoUrl): ReadonlyMap<string, readonly string[]> {
  const parameters = new Map<string, string[]>();
  for (const pair of url.rawQuery.split("&")) {
    if (pair === "" || pair.includes(";")) continue;
    const [key, value] = cut(pair, "=");
    try {
      const name = fromBytes(decode(key, "query"));
      const text = fromBytes(decode(value, "query"));
      const values = parameters.get(name);
      if (values === undefined) parameters.set(name, [text]);
      else values.push(text);
    } catch (error) {
      if (!(error instanceof UrlError)) throw error;
    }
  }
  return parameters;
}

/** The URL put together again, as bytes. */
export function urlText(url: GoUrl): string {
  let text = url.scheme === "" ? "" : `${url.scheme}:`;
  if (url.opaque !== "") text += url.opaque;
  else text += authorityText(url) + pathText(url, text === "" && authorityText(url) === "");
  if (url.forceQuery || url.rawQuery !== "") text += `?${url.rawQuery}`;
  if (url.fragment === "") return text;
  const written = url.rawFragment !== "" && writtenWell(url.rawFragment, url.fragment, "fragment");
  return `${text}#${written ? url.rawFragment : encode(url.fragment, "fragment")}`;
}

function authorityText({ scheme, host, user, omitHost, path }: GoUrl): string {
  if ((scheme === "" && host === "" && user === undefined) || (omitHost && host === "" && user === undefined))
    return "";
  if (host === "" && path === "" && user === undefined) return "";
  const password = user?.password === undefined ? "" : `:${encode(user.password, "userPassword")}`;
  const info = user === undefined ? "" : `${encode(user.name, "userPassword")}${password}@`;
  return `//${info}${encode(host, "host")}`;
}

function pathText(url: GoUrl, first: boolean): string {
  const path = escapedPath(url);
  const slash = path !== "" && path[0] !== "/" && url.host !== "" ? "/" : "";
  const dot = first && slash === "" && cut(path, "/")[0].includes(":") ? "./" : "";
  return slash + dot + path;
}
