// Headers on their way through a proxied request. Upstream: apimachinery util/proxy transport.go, net/http/httputil ReverseProxy.

import type { ApiRequest, ApiResponse } from "../../machinery/index.ts";
import type { Location } from "./location.ts";
import { rewritePage } from "./rewrite-html.ts";

/** They belong to one connection, or to the API server alone. */
const dropped: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "content-length",
  "host",
  "http2-settings",
]);
/** The client's credentials for the API server are nobody else's business. */
const credentials = (name: string): boolean =>
  name === "authorization" || name.startsWith("impersonate-") || name.startsWith("x-remote-");

/** Without the headers of this hop, with X-Forwarded-*. `keepUpgrade` leaves what an upgrade needs. */
export function forwardedHeaders(
  request: ApiRequest,
  location: Pick<Location, "host" | "port">,
  upgrade: "plain" | "upgrade" = "plain",
): Record<string, string> {
  const headers: Record<string, string> = {};
  const named = new Set((request.headers["connection"] ?? "").split(",").map((each) => each.trim().toLowerCase()));
  for (const [name, value] of Object.entries(request.headers)) {
    if (value === undefined || name.startsWith(":") || dropped.has(name) || credentials(name)) continue;
    if (upgrade === "plain" && named.has(name)) continue;
    headers[name] = withoutBearer(name, value);
  }
  if (upgrade === "upgrade") {
    headers["connection"] = "Upgrade";
    headers["upgrade"] = request.headers["upgrade"] ?? "";
  } else {
    headers["x-forwarded-uri"] = request.path;
    headers["x-forwarded-proto"] = "https";
    if (request.headers["host"] !== undefined) headers["x-forwarded-host"] = request.headers["host"];
  }
  headers["host"] = request.headers["host"] ?? `${location.host}:${location.port}`;
  return headers;
}

/** A browser's token travels as a WebSocket subprotocol. */
const withoutBearer = (name: string, value: string): string =>
  name !== "sec-websocket-protocol"
    ? value
    : value
        .split(",")
        .map((each) => each.trim())
        .filter((each) => !each.startsWith("base64url.bearer.authorization.k8s.io."))
        .join(", ");

/** A redirect of the backend to one of its own paths, and the links of its pages, lead back through the proxy. */
export async function rewrittenResponse(
  answer: ApiResponse,
  requestPath: string,
  location: Location,
): Promise<ApiResponse> {
  const headers: Record<string, string | readonly string[]> = {};
  for (const [name, value] of Object.entries(answer.headers))
    if (!dropped.has(name) || name === "content-length") headers[name] = value;
  const redirect = headers["location"];
  if (typeof redirect === "string" && redirect !== "") {
    headers["location"] = rewrittenLocation(redirect, requestPath, location);
    return { ...answer, headers };
  }
  if (
    String(headers["content-type"] ?? "")
      .split(";")[0]
      ?.trim() !== "text/html"
  )
    return { ...answer, headers };
  const body = await bodyOf(answer);
  const rewrite = (link: string): string => rewrittenLocation(link, requestPath, location);
  const page = await rewritePage(body, String(headers["content-encoding"] ?? ""), rewrite);
  if (page !== undefined) delete headers["content-length"];
  return { status: answer.status, headers, bytes: [page ?? body] };
}

async function bodyOf({ bytes, stream }: ApiResponse): Promise<Uint8Array> {
  const parts: Uint8Array[] = [...(bytes ?? [])];
  for await (const part of stream ?? []) parts.push(part);
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function rewrittenLocation(redirect: string, requestPath: string, location: Location): string {
  if (!redirect.startsWith("/") || redirect.startsWith("//")) {
    if (!URL.canParse(redirect)) return redirect;
    const url = new URL(redirect);
    const same =
      url.hostname === location.host &&
      (url.port || (url.protocol === "https:" ? "443" : "80")) === String(location.port);
    return same ? rewrittenLocation(`${url.pathname}${url.search}${url.hash}`, requestPath, location) : redirect;
  }
  const base = requestPath.endsWith(location.path)
    ? requestPath.slice(0, requestPath.length - location.path.length)
    : requestPath;
  if (redirect.startsWith(base)) return redirect;
  return `${base}${redirect}`;
}
