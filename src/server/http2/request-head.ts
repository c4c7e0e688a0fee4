// From a list of header fields to the head of a request (RFC 9113 §8.3.1, §8.2).

import type { Field } from "../../base/http2/index.ts";

export interface Http2RequestHead {
  readonly method: string;
  /** Path and query as they came; empty for CONNECT. */
  readonly url: string;
  /** Lower-case names; `host` is the authority. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly contentLength: number | undefined;
}

/** The first one counts; others are joined. */
const single = new Set([
  "authorization",
  "content-encoding",
  "content-type",
  "date",
  "from",
  "host",
  "if-match",
  "if-modified-since",
  "if-none-match",
  "if-unmodified-since",
  "max-forwards",
  "proxy-authorization",
  "range",
  "referer",
  "user-agent",
]);

interface Pseudo {
  method: string | undefined;
  path: string | undefined;
  scheme: string | undefined;
  authority: string | undefined;
}

/** Undefined: the request is malformed. */
export function requestHeadOf(fields: readonly Field[]): Http2RequestHead | undefined {
  const pseudo: Pseudo = { method: undefined, path: undefined, scheme: undefined, authority: undefined };
  const headers: Record<string, string | undefined> = {};
  let regular = false;
  for (const field of fields) {
    if (field.kind === "regular") {
      regular = true;
      if (!put(headers, field)) return undefined;
    } else if (field.kind === "malformed" || regular || !putPseudo(pseudo, field)) return undefined;
  }
  const { method, path, scheme, authority } = pseudo;
  if (method === undefined || method === "") return undefined;
  if (authority !== undefined) headers["host"] = authority;
  if (method === "CONNECT") {
    if (path !== undefined || scheme !== undefined || authority === undefined) return undefined;
  } else if (
    path === undefined ||
    (scheme !== "http" && scheme !== "https") ||
    !(path.startsWith("/") || (path === "*" && method === "OPTIONS"))
  )
    return undefined;
  const length = headers["content-length"];
  if (length !== undefined && !/^\d{1,15}$/.test(length)) return undefined;
  return { method, url: path ?? "", headers, contentLength: length === undefined ? undefined : Number(length) };
}

function put(headers: Record<string, string | undefined>, { name, value }: Field): boolean {
  // An object literal would take it for its prototype.
  if (name === "__proto__") return true;
  const before = Object.hasOwn(headers, name) ? headers[name] : undefined;
  if (before === undefined) headers[name] = value;
  else if (name === "content-length") return before === value;
  else if (name === "cookie") headers[name] = `${before}; ${value}`;
  else if (!single.has(name)) headers[name] = `${before}, ${value}`;
  return true;
}

function putPseudo(pseudo: Pseudo, { name, value }: Field): boolean {
  const key = name.slice(1);
  if (key !== "method" && key !== "path" && key !== "scheme" && key !== "authority") return false;
  if (pseudo[key] !== undefined) return false;
  pseudo[key] = value;
  return true;
}

/** Fields behind a body. Nobody reads them; they have to be fields all the same. */
export const areTrailers = (fields: readonly Field[]): boolean => fields.every((each) => each.kind === "regular");
