// What a request asks for, read from method, path and query alone. Upstream: k8s.io/apiserver/pkg/endpoints/request.
import { type ApiRequest, parseFieldSelector } from "../machinery/index.ts";

export interface RequestInfo {
  readonly isResource: boolean;
  /** Decoded, as asked. */
  readonly path: string;
  readonly verb: string;
  readonly group: string;
  readonly version: string;
  readonly namespace: string;
  readonly resource: string;
  readonly subresource: string;
  readonly name: string;
  /** Behind the subresource: the path that a proxy passes on. */
  readonly rest: readonly string[];
}

const namespaceSubresources: ReadonlySet<string> = new Set(["status", "finalize"]);
const specialVerbs: ReadonlySet<string> = new Set(["proxy", "watch"]);
const verbs: Readonly<Record<string, string>> = { POST: "create", PUT: "update", PATCH: "patch", DELETE: "delete" };
export const noQuery = new URLSearchParams();

export function requestInfoOf(request: ApiRequest): RequestInfo {
  const path = decodePath(request.path);
  let parts = trimSlashes(path).split("/");
  if (parts.length < 3) return plainInfo(request, path);
  const prefix = parts[0];
  if (prefix !== "api" && prefix !== "apis") return plainInfo(request, path);
  let group = "";
  if (prefix === "apis") {
    if (parts.length < 4) return plainInfo(request, path);
    group = parts[1]!;
    parts = parts.slice(2);
  } else parts = parts.slice(1);
  return resourceInfo(request, { path, group, versioned: parts });
}

const trimSlashes = (path: string): string =>
  path.startsWith("/") && path[1] !== "/" && !path.endsWith("/") ? path.slice(1) : path.replace(/^\/+|\/+$/g, "");

const plainInfo = (request: ApiRequest, path: string): RequestInfo => ({
  isResource: false,
  path,
  verb: request.method.toLowerCase(),
  group: "",
  version: "",
  namespace: "",
  resource: "",
  subresource: "",
  name: "",
  rest: [],
});

function resourceInfo(
  request: ApiRequest,
  { path, group, versioned }: { path: string; group: string; versioned: readonly string[] },
): RequestInfo {
  const version = versioned[0]!;
  let parts = versioned.slice(1);
  let verb = verbs[request.method] ?? (request.method === "GET" || request.method === "HEAD" ? "get" : "");
  if (specialVerbs.has(parts[0]!)) {
    if (parts.length < 2) return plainInfo(request, path);
    verb = parts[0]!;
    parts = parts.slice(1);
  }
  let namespace = "";
  if (parts[0] === "namespaces") {
    if (parts.length > 1) {
      namespace = parts[1]!;
      if (parts.length > 2 && !namespaceSubresources.has(parts[2]!)) parts = parts.slice(2);
    }
  }
  const resource = parts[0]!;
  let name = parts[1] ?? "";
  const subresource = parts[2] ?? "";
  if (name === "" && verb === "get") {
    verb = isTrue((request.query ?? noQuery).get("watch")) ? "watch" : "list";
    name = nameFromSelector(request);
  } else if (name === "" && verb === "watch") name = nameFromSelector(request);
  else if (name === "" && verb === "delete") verb = "deletecollection";
  return { isResource: true, path, verb, group, version, namespace, resource, subresource, name, rest: parts.slice(3) };
}

/** A list of one name is authorized like a get of it. */
function nameFromSelector(request: ApiRequest): string {
  const text = request.query?.get("fieldSelector");
  if (!text?.includes("metadata.name")) return "";
  try {
    const wanted = parseFieldSelector(text).requirements.find(
      (each) => each.field === "metadata.name" && each.operator === "=",
    );
    return wanted !== undefined && /^[^/%]+$/.test(wanted.value) ? wanted.value : "";
  } catch {
    return ""; // The handler answers the bad selector with its text.
  }
}

/** Present and not "false" or "0". Upstream: conversion.go of url.Values to bool. */
export const isTrue = (text: string | null): boolean => text !== null && text.toLowerCase() !== "false" && text !== "0";

function decodePath(path: string): string {
  if (!path.includes("%")) return path;
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
