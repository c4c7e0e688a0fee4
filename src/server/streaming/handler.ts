// Plain requests that end at a kubelet, pod, service or node: logs and proxying. Upgrades take node/upgrade.ts.
// Upstream: LocationStreamer of k8s.io/apiserver registry/generic/rest, UpgradeAwareHandler of apimachinery util/proxy.

import { errorText } from "../../base/index.ts";
import { type ApiRequest, type ApiResponse, badRequest, internalError, StatusError } from "../../machinery/index.ts";
import type { NodeDialer } from "../contract.ts";
import type { ConnectHandler, ConnectTarget } from "./connect.ts";
import { type Location, type LocationOptions, locate } from "./location.ts";
import { forwardedHeaders, rewrittenResponse } from "./proxy-headers.ts";

export interface ConnectHandlerOptions extends LocationOptions {
  readonly dialer: NodeDialer;
}

/** For ApiServerOptions.connect. */
export function connectHandler(options: ConnectHandlerOptions): ConnectHandler {
  return async (target) => {
    const location = await locate(target, options);
    if (target.subresource === "log")
      return location === undefined ? { status: 204, headers: {} } : readLog(target, location, options.dialer);
    if (target.subresource !== "proxy" || location === undefined) throw badRequest("Upgrade request required");
    return proxy(target, location, options.dialer);
  };
}

const targetOf = ({ host, port, security }: Location) => ({
  host,
  port,
  tls: security !== "none",
  ...(security === "unverified" ? { verify: false } : {}),
});

async function readLog({ name, request }: ConnectTarget, location: Location, dialer: NodeDialer): Promise<ApiResponse> {
  const asked = requestTo(location, {
    method: "GET",
    headers: {},
    ...(request.signal ? { signal: request.signal } : {}),
  });
  let answer: ApiResponse;
  try {
    answer = await dialer.request(targetOf(location), asked);
  } catch (error) {
    const { host, port, path, search } = location;
    throw internalError(`Get "https://${bracketed(host)}:${port}${path}${search}": ${errorText(error)}`);
  }
  if (answer.status < 200 || answer.status > 206) throw await logFailure(answer, name);
  const { stream, bytes } = answer;
  return {
    status: 200,
    headers: { "content-type": "text/plain" },
    ...(stream === undefined ? { bytes: bytes ?? [] } : { stream }),
  };
}

/** What a kubelet's refusal becomes. Upstream: GenericHttpResponseChecker. */
async function logFailure(answer: ApiResponse, name: string): Promise<StatusError> {
  const text = await textOf(answer, 10_000);
  if (answer.status === 500) return internalError(text);
  if (answer.status === 400) return badRequest(text);
  const reasons: Readonly<Record<number, [string, string]>> = {
    401: ["Unauthorized", "the server has asked for the client to provide credentials"],
    403: ["Forbidden", "the server rejected our request for an unknown reason"],
    404: ["NotFound", "the server could not find the requested resource"],
    503: ["ServiceUnavailable", "the server is currently unable to handle the request"],
  };
  const [reason, message] = reasons[answer.status] ?? [
    "Unknown",
    `the server responded with the status code ${answer.status} but did not return more information`,
  ];
  const shown = answer.status === 403 && text !== "" ? text : message;
  return new StatusError({
    code: answer.status,
    reason,
    message: `${shown} ( pods/log ${name})`,
    details: { name, kind: "pods/log" },
  });
}

async function textOf(answer: ApiResponse, limit: number): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of answer.stream ?? answer.bytes ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length >= limit) break;
  }
  return text.slice(0, limit);
}

async function proxy(target: ConnectTarget, location: Location, dialer: NodeDialer): Promise<ApiResponse> {
  const { request, query } = target;
  if (location.path === "") {
    if (request.method === "GET" || request.method === "HEAD")
      return { status: 301, headers: { location: `${request.path}/${query.size > 0 ? `?${query}` : ""}` } };
    return proxy(target, { ...location, path: "/" }, dialer);
  }
  const asked = requestTo(location, { ...request, headers: forwardedHeaders(request, location) });
  let answer: ApiResponse;
  try {
    answer = await dialer.request(targetOf(location), asked);
  } catch (error) {
    throw new StatusError({
      code: 503,
      reason: "ServiceUnavailable",
      message: `error trying to reach service: ${errorText(error)}`,
    });
  }
  return rewrittenResponse(answer, request.path, location);
}

function requestTo({ path, search }: Location, request: Omit<ApiRequest, "path" | "query">): ApiRequest {
  const { method, headers, body, signal } = request;
  return {
    method,
    path,
    ...(search === "" ? {} : { query: new URLSearchParams(search) }),
    headers,
    ...(body === undefined ? {} : { body }),
    ...(signal === undefined ? {} : { signal }),
  };
}

const bracketed = (host: string): string => (host.includes(":") ? `[${host}]` : host);
