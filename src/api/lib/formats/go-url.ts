// URLs as Go's net/url reads them, for fields whose refusals name what it found. Source: net/url of Go, RFC 3986.
import { quoteGo } from "../../../machinery/index.ts";

export interface GoUrl {
  /** Lower case. */
  readonly scheme: string;
  readonly host: string;
  readonly path: string;
  readonly query: string;
  readonly fragment: string;
  /** `name` or `name:password`; undefined when the URL has none. */
  readonly user: string | undefined;
}

export type GoUrlResult = { readonly url: GoUrl } | { readonly error: string };

/** The parts of a URL, or why it is none: `parse "x": …`. */
export function parseGoUrl(text: string): GoUrlResult {
  const hash = text.indexOf("#");
  const bare = hash < 0 ? text : text.slice(0, hash);
  const fragment = hash < 0 ? "" : text.slice(hash + 1);
  try {
    const url = parseParts(bare);
    checkEscapes(fragment);
    return { url: { ...url, fragment } };
  } catch (error) {
    if (error instanceof UrlError) return { error: `parse ${quoteGo(bare)}: ${error.message}` };
    throw error;
  }
}

class UrlError extends Error {}

function parseParts(text: string): Omit<GoUrl, "fragment"> {
  if (/[\u0000-\u001f\u007f]/.test(text)) throw new UrlError("net/url: invalid control character in URL");
  const { scheme, rest } = cutScheme(text);
  const mark = rest.indexOf("?");
  const query = mark < 0 ? "" : rest.slice(mark + 1);
  let path = mark < 0 ? rest : rest.slice(0, mark);
  if (!path.startsWith("/")) {
    if (scheme !== "") return { scheme, host: "", path: "", query, user: undefined };
    if ((path.split("/", 1)[0] ?? "").includes(":"))
      throw new UrlError("first path segment in URL cannot contain colon");
  }
  let host = "";
  let user: string | undefined;
  if ((scheme !== "" || !path.startsWith("///")) && path.startsWith("//")) {
    const end = path.indexOf("/", 2);
    const authority = path.slice(2, end < 0 ? undefined : end);
    path = end < 0 ? "" : path.slice(end);
    ({ host, user } = parseAuthority(authority));
  }
  checkEscapes(path);
  return { scheme, host, path, query, user };
}

function cutScheme(text: string): { scheme: string; rest: string } {
  if (text.startsWith(":")) throw new UrlError("missing protocol scheme");
  const match = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(text);
  return match === null
    ? { scheme: "", rest: text }
    : { scheme: match[1]!.toLowerCase(), rest: text.slice(match[0].length) };
}

function parseAuthority(authority: string): { host: string; user: string | undefined } {
  const at = authority.lastIndexOf("@");
  const host = checkHost(authority.slice(at + 1));
  if (at < 0) return { host, user: undefined };
  const user = authority.slice(0, at);
  if (!/^[A-Za-z0-9._:~!$&'()*+,;=%@-]*$/.test(user)) throw new UrlError("net/url: invalid userinfo");
  checkEscapes(user);
  return { host, user };
}

function checkHost(host: string): string {
  let port = "";
  if (host.startsWith("[")) {
    const end = host.lastIndexOf("]");
    if (end < 0) throw new UrlError("missing ']' in host");
    port = host.slice(end + 1);
  } else if (host.includes(":")) port = host.slice(host.lastIndexOf(":"));
  if (port !== "" && !/^:\d*$/.test(port)) throw new UrlError(`invalid port ${quoteGo(port)} after host`);
  for (const match of host.matchAll(/%(.{0,2})/gs)) {
    if (!/^[0-9a-f]{2}$/i.test(match[1]!) || (Number.parseInt(match[1]!, 16) < 0x80 && match[1] !== "25"))
      throw new UrlError(`invalid URL escape ${quoteGo(match[0])}`);
  }
  const odd = /[ "<>\\^`{|}]/.exec(host.replace(/["<>]/g, ""));
  if (odd !== null) throw new UrlError(`invalid character ${quoteGo(odd[0])} in host name`);
  return host;
}

function checkEscapes(text: string): void {
  for (const match of text.matchAll(/%(.{0,2})/gs))
    if (!/^[0-9a-f]{2}$/i.test(match[1]!)) throw new UrlError(`invalid URL escape ${quoteGo(match[0])}`);
}
