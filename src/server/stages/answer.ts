// The answer of a request that may be answered: an extension server's, a document, or what the verb of a resource returns.
import { type ApiRequest, type ApiResponse, builtinSchemas } from "../../machinery/index.ts";
import type { Aggregation } from "../aggregation/contract.ts";
import type { ServedResource } from "../catalog.ts";
import { cborGate } from "../content/cbor.ts";
import { type Accepted, negotiate } from "../content/negotiate.ts";
import { loadProtobuf } from "../content/protobuf.ts";
import { respond } from "../content/respond.ts";
import type { RequestContext } from "../context.ts";
import {
  type DispatchOptions,
  deprecationOf,
  dispatch,
  NoSuchGroup,
  noRoute,
  route,
  warnDeprecated,
} from "../dispatch.ts";
import { type Documents, pageNotFound } from "../documents/documents.ts";
import type { RequestMetrics } from "../metrics.ts";
import { checkBodySize } from "../registry/body.ts";
import { isPatchType } from "../registry/patch/patch.ts";
import type { Flight } from "./flight.ts";

export interface AnswerOptions {
  readonly dispatch: DispatchOptions;
  readonly documents: Documents;
  /** Who answers below a path instead of this server. */
  readonly aggregation: Pick<Aggregation, "find">;
  readonly metrics: RequestMetrics;
}

/** JSON, for whom nothing else has been agreed on. */
export const json: Accepted = { mediaType: "application/json" };

const pagesWithCbor: ReadonlySet<string> = new Set(["/flagz", "/statusz"]);

/** Throws StatusError. The flight's trail is shown the body in the form that the verb sees. */
export async function answer(
  context: RequestContext,
  flight: Pick<Flight, "trail" | "speaksCbor">,
  options: AnswerOptions,
): Promise<ApiResponse> {
  const { info, core } = context;
  const extension = options.aggregation.find(info.path);
  if (extension !== undefined) return extension.serve(context);
  if (!info.isResource) {
    flight.speaksCbor = pagesWithCbor.has(info.path) && core.featureEnabled(cborGate);
    return options.documents.serve(context);
  }
  if (info.path.startsWith("/api//") || info.path.startsWith("//")) throw noRoute();
  const resource = routed(context);
  if (resource === undefined) return pageNotFound();
  flight.speaksCbor = core.featureEnabled(cborGate) && reachesHandler(context, resource);
  const accepted = context.request.objects === true ? json : acceptedOf(context, resource);
  const request = await withReadableBody(context.request, resource);
  const full: RequestContext = { ...context, request, accepted };
  flight.trail?.requestObject(request.body);
  if (deprecationOf(resource) !== undefined)
    options.metrics.deprecatedUse(info.group, info.version, info.resource, info.subresource);
  return respond(full, await dispatch(full, resource, options.dispatch));
}

/** Undefined when not even the group is served. */
function routed(context: RequestContext): ServedResource | undefined {
  try {
    return route(context);
  } catch (error) {
    if (error instanceof NoSuchGroup) return undefined;
    throw error;
  }
}

/** Subresources whose answers have no columns. */
const untabled: ReadonlySet<string> = new Set([
  "approval",
  "binding",
  "ephemeralcontainers",
  "eviction",
  "finalize",
  "log",
  "resize",
  "token",
]);

/** Subresources that hand the connection over: what is accepted is a matter of the other end. */
const connecting: ReadonlySet<string> = new Set(["attach", "exec", "portforward", "proxy"]);

/** Upstream's router sends patches of unknown types away before they reach who speaks CBOR; for custom resources it has no routes. */
const reachesHandler = (context: RequestContext, { custom }: ServedResource): boolean =>
  context.info.verb !== "patch" || custom !== undefined || isPatchType(context);

function acceptedOf(context: RequestContext, resource: ServedResource): Accepted {
  const { info, request, core } = context;
  const { kind, custom } = resource;
  const tables = (kind.virtual !== true || kind.verbs.includes("get")) && !untabled.has(info.subresource);
  if (connecting.has(info.subresource)) return json;
  const accepted = negotiate(request.headers["accept"], {
    watch: info.verb === "watch",
    list: info.verb === "list",
    transforms: true,
    tables,
    noProtobuf: !hasProtobuf(kind),
    cbor: core.featureEnabled(cborGate),
    unrouted: custom !== undefined,
    plainText: info.subresource === "log",
    reached: () => warnDeprecated(context, resource),
  });
  // Text is text, however errors are written.
  return info.subresource === "log" ? json : accepted;
}

/** A protobuf body becomes the value that it says; the reader of those is loaded when the first one comes. */
async function withReadableBody(request: ApiRequest, { kind }: ServedResource): Promise<ApiRequest> {
  const { body, headers } = request;
  const { method } = request;
  if (method === "PATCH" || (body !== undefined && !(body instanceof Uint8Array))) return request;
  if ((body === undefined || body.length === 0) && method !== "POST" && method !== "PUT") return request;
  if (headers["content-type"]?.startsWith("application/vnd.kubernetes.protobuf") !== true) return request;
  if (!hasProtobuf(kind)) return request;
  checkBodySize(body);
  const { decodeProtobuf } = await loadProtobuf();
  // How long it was is all that is left to say how much may be in it.
  const bytes = body ?? new Uint8Array(0);
  const sized = { ...headers, "content-length": String(bytes.length) };
  return { ...request, headers: sized, body: decodeProtobuf(bytes, method === "DELETE" ? "" : kind.kind) };
}

/** Custom resources have none. */
const hasProtobuf = (kind: ServedResource["kind"]): boolean => builtinSchemas().ofKind(kind) !== undefined;
