// A front proxy with a certificate of its own authority names the user in headers. Upstream: authentication/request/headerrequest.

import type { ApiRequest, PeerInfo } from "../../machinery/index.ts";
import type { Authenticated } from "../contract.ts";
import { unescapeExtraKey } from "./extra-key.ts";

export interface RequestHeaderOptions {
  /** Common names that the proxy's certificate may have; any when empty. */
  readonly allowedNames: readonly string[];
  readonly usernameHeaders: readonly string[];
  readonly uidHeaders: readonly string[];
  readonly groupHeaders: readonly string[];
  readonly extraHeaderPrefixes: readonly string[];
}

/** kubeadm's names. */
export const defaultRequestHeaders: RequestHeaderOptions = {
  allowedNames: ["front-proxy-client"],
  usernameHeaders: ["X-Remote-User"],
  uidHeaders: ["X-Remote-Uid"],
  groupHeaders: ["X-Remote-Group"],
  extraHeaderPrefixes: ["X-Remote-Extra-"],
};

export function requestHeaderUser(
  request: ApiRequest,
  { certificate }: PeerInfo,
  options: RequestHeaderOptions,
): Authenticated | undefined {
  if (!certificate?.authorities?.includes("requestHeader")) return undefined;
  if (options.allowedNames.length > 0 && !options.allowedNames.includes(certificate.commonName)) return undefined;
  const first = (names: readonly string[]): string | undefined =>
    names.map((name) => request.headers[name.toLowerCase()]?.trim()).find((value) => value);
  const username = first(options.usernameHeaders);
  if (username === undefined) return undefined;
  const uid = first(options.uidHeaders);
  const groups = options.groupHeaders.flatMap((name) => list(request.headers[name.toLowerCase()]));
  const extra: Record<string, readonly string[]> = {};
  for (const prefix of options.extraHeaderPrefixes.map((each) => each.toLowerCase()))
    for (const [name, value] of Object.entries(request.headers))
      if (name.startsWith(prefix)) extra[unescapeExtraKey(name.slice(prefix.length))] = list(value);
  return { user: { username, ...(uid === undefined ? {} : { uid }), groups, extra } };
}

/** Repeated headers come joined by ", ". */
const list = (value: string | undefined): string[] => (value ? value.split(", ") : []);
