// A request on its way to an extension server and its answer back. The user travels in headers that the front proxy's
// certificate makes good. Upstream: kube-aggregator's handler_proxy.go, client-go's SetAuthProxyHeaders, apimachinery's
// UpgradeAwareHandler.
import { errorText } from "../../base/index.ts";
import {
  type ApiRequest,
  type ApiResponse,
  encodeJson,
  type KubeObject,
  type UserInfo,
  type WatchEventType,
  type WatchFrame,
} from "../../machinery/index.ts";
import { queryOf, type RequestContext } from "../context.ts";
import { forwardedHeaders } from "../streaming/proxy-headers.ts";
import type { ExtensionDialer, ExtensionRequest, ExtensionTarget } from "./contract.ts";
import { failed } from "./failures.ts";

type Headers = Record<string, string | readonly string[]>;

/** Letters that a header name may have; others are percent-encoded, as is the percent sign. */
const tokenCharacter = /[!#$&'*+\-.^_`|~0-9A-Za-z]/;

const escapedKey = (key: string): string =>
  Array.from(new TextEncoder().encode(key), (byte) => {
    const character = String.fromCharCode(byte);
    return tokenCharacter.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }).join("");

export interface IdentityOptions {
  /** Feature RemoteRequestHeaderUID. */
  readonly tellsUid: boolean;
}

export function identityHeaders(user: UserInfo, { tellsUid }: IdentityOptions): Headers {
  const headers: Headers = { "x-remote-user": user.username };
  if (tellsUid && user.uid) headers["x-remote-uid"] = user.uid;
  if (user.groups.length > 0) headers["x-remote-group"] = [...user.groups];
  for (const [key, values] of Object.entries(user.extra ?? {}))
    headers[`x-remote-extra-${escapedKey(key).toLowerCase()}`] = [...values];
  return headers;
}

export interface ForwardOptions extends IdentityOptions {
  readonly dialer: ExtensionDialer;
  readonly rejectRedirects: boolean;
}

export function requestTo(
  target: ExtensionTarget,
  context: RequestContext,
  of: IdentityOptions & { readonly kind: "plain" | "upgrade" },
): ExtensionRequest {
  const { request, user, auditId } = context;
  const query = queryOf(request);
  const headers: Headers = {
    ...forwardedHeaders(request, target, of.kind),
    ...identityHeaders(user, of),
    host: hostHeader(target),
    "audit-id": auditId,
  };
  const body = bodyOf(request);
  if (request.objects === true) {
    headers["accept"] = "application/json";
    if (body !== undefined) headers["content-type"] ??= "application/json";
  }
  return {
    method: request.method,
    path: query.size === 0 ? request.path : `${request.path}?${query}`,
    headers,
    ...(body === undefined ? {} : { body }),
    ...(request.signal === undefined ? {} : { signal: request.signal }),
  };
}

export const hostHeader = ({ host, port }: ExtensionTarget): string =>
  `${host.includes(":") ? `[${host}]` : host}:${port}`;

function bodyOf({ body }: ApiRequest): Uint8Array | undefined {
  if (body === undefined || body instanceof Uint8Array) return body;
  return encodeJson(body);
}

export async function forward(
  target: ExtensionTarget,
  context: RequestContext,
  options: ForwardOptions,
): Promise<ApiResponse> {
  let answer: ApiResponse;
  try {
    answer = await options.dialer.request(target, requestTo(target, context, { ...options, kind: "plain" }));
  } catch (error) {
    return failed(503, `error trying to reach service: ${errorText(error)}`);
  }
  if (options.rejectRedirects && answer.status >= 300 && answer.status <= 399 && answer.headers["location"]) {
    await discard(answer);
    const text = "the backend attempted to redirect this request, which is not permitted";
    return { status: 502, headers: {}, bytes: [new TextEncoder().encode(text)] };
  }
  const plain: ApiResponse = { ...answer, headers: ofThisHop(answer.headers) };
  return context.request.objects === true ? decoded(plain, context) : plain;
}

const hopHeaders: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "transfer-encoding",
  "upgrade",
  "trailer",
]);

/** The length is said anew, as the bytes are counted anew. */
const ofThisHop = (headers: ApiResponse["headers"]): ApiResponse["headers"] =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !hopHeaders.has(name)));

/** For callers in process, who take objects. */
async function decoded(answer: ApiResponse, context: RequestContext): Promise<ApiResponse> {
  const { status, headers } = answer;
  if (context.info.verb === "watch" && status === 200 && answer.stream !== undefined)
    return { status, headers, watch: framesOf(answer.stream) };
  const bytes = await wholeOf(answer);
  const isJson = String(headers["content-type"] ?? "").startsWith("application/json");
  return isJson
    ? { status, headers, object: JSON.parse(new TextDecoder().decode(bytes)) }
    : { status, headers, bytes: [bytes] };
}

/** All of an answer's body. */
export async function wholeOf(answer: ApiResponse): Promise<Uint8Array> {
  const chunks = [...(answer.bytes ?? [])];
  for await (const chunk of answer.stream ?? []) chunks.push(chunk);
  const whole = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

/** Ends an answer that nobody reads. */
export async function discard({ stream }: ApiResponse): Promise<void> {
  await stream?.[Symbol.asyncIterator]().return?.();
}

/** A watch is one JSON document a line. */
async function* framesOf(stream: AsyncIterable<Uint8Array>): AsyncGenerator<readonly WatchFrame[], void, void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    const frames = lines
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as { type: WatchEventType; object: KubeObject });
    if (frames.length > 0) yield frames;
  }
}
