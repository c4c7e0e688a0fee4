// The answer of a request that may be answered: an extension server's, a document, or what the verb of a resource returns.
import { type ApiRequest, type ApiResponse, builtinSchemas } from "../../machinery/index.ts";
import type { Aggregation } from "../aggregation/contract.ts";
import type { AuditTrail } from "../audit/contract.ts";
import type { ServedResource } from "../catalog.ts";
import { type Accepted, negotiate } from "../content/negotiate.ts";
import { loadProtobuf } from "../content/protobuf.ts";
import { respond } from "../content/respond.ts";
import type { RequestContext } from "../context.ts";
import { type DispatchOptions, deprecationOf, dispatch, NoSuchGroup, noRoute, route } from "../dispatch.ts";
import { type Documents, pageNotFound } from "../documents/documents.ts";
import type { RequestMetrics } from "../metrics.ts";
import { checkBodySize } from "../registry/body.ts";

export interface AnswerOptions {
  readonly dispatch: DispatchOptions;
  readonly documents: Documents;
  /** Who answers below a path instead of this server. */
  readonly aggregation: Pick<Aggregation, "find">;
  readonly metrics: RequestMetrics;
}

/** JSON, for whom nothing else has been agreed on. */
export const json: Accepted = { mediaType: "application/json" };

/** Throws StatusError. `trail` is shown the body in the form that the verb sees. */
export async function answer(
  context: RequestContext,
  trail: AuditTrail | undefined,
  options: AnswerOptions,
): Promise<ApiResponse> {
  const { info } = context;
  const extension = options.aggregation.find(info.path);
  if (extension !== undefined) return extension.serve(context);
  if (!info.isResource) return options.documents.serve(context);
  if (info.path.startsWith("/api//") || info.path.startsWith("//")) throw noRoute();
  const resource = routed(context);
  if (resource === undefined) return pageNotFound();
  const accepted = context.request.objects === true ? json : acceptedOf(context, resource);
  const request = await withReadableBody(context.request, resource);
  const full: RequestContext = { ...context, request, accepted };
  trail?.requestObject(request.body);
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
const untabled: ReadonlySet<string> = new Set(["binding", "eviction", "token"]);

function acceptedOf(context: RequestContext, { kind }: ServedResource): Accepted {
  const { info, request } = context;
  const tables = (kind.virtual !== true || kind.verbs.includes("get")) && !untabled.has(info.subresource);
  if (info.subresource === "log" || info.subresource === "proxy") return json;
  return negotiate(request.headers["accept"], {
    watch: info.verb === "watch",
    list: info.verb === "list",
    transforms: true,
    tables,
    noProtobuf: !hasProtobuf(kind),
  });
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
