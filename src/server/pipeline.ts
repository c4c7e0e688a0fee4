// The whole way of a request, in the order it runs. Everything that comes in passes here, whatever it came over.
import { uuid } from "../base/index.ts";
import {
  type ApiRequest,
  type ApiResponse,
  builtinSchemas,
  type Handle,
  type Identity,
  StatusError,
  toYaml,
  type UserInfo,
} from "../machinery/index.ts";
import type { Aggregation } from "./aggregation/contract.ts";
import type { Auditor } from "./audit.ts";
import { impersonate } from "./authn/impersonate.ts";
import { denied } from "./authz/forbidden.ts";
import { selectorAttributes } from "./authz/selector-attributes.ts";
import type { ServedResource } from "./catalog.ts";
import { type Accepted, negotiate, negotiateError } from "./content/negotiate.ts";
import { loadProtobuf, protobufResponse, protobufType } from "./content/protobuf.ts";
import { respond } from "./content/respond.ts";
import { warningHeaders } from "./content/warnings.ts";
import { queryOf, type RequestContext, type ServerCore } from "./context.ts";
import type { AccessAttributes, Authenticator, Authorizer } from "./contract.ts";
import {
  connectTarget,
  type DispatchOptions,
  deprecationOf,
  dispatch,
  NoSuchGroup,
  noRoute,
  route,
} from "./dispatch.ts";
import { type Documents, pageNotFound } from "./documents/documents.ts";
import { createInFlight, type InFlight, type InFlightOptions } from "./flowcontrol/in-flight.ts";
import type { RequestMetrics } from "./metrics.ts";
import { checkBodySize } from "./registry/body.ts";
import { type RequestInfo, requestInfoOf } from "./request-info.ts";
import type { ConnectTarget, UpgradeDecision } from "./streaming/connect.ts";
import { admitConnection } from "./streaming/connect-admission.ts";

export interface PipelineOptions extends InFlightOptions {
  readonly core: ServerCore;
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly anonymous: boolean;
  readonly dispatch: DispatchOptions;
  readonly documents: Documents;
  /** Who answers below a path instead of this server. */
  readonly aggregation: Pick<Aggregation, "find">;
  readonly metrics: RequestMetrics;
  readonly auditor: Auditor | undefined;
  /** Requests that neither watch nor stream end after this time. */
  readonly requestTimeoutMs: number;
}

export interface Pipeline {
  readonly handle: Handle;
  /** For requests that ask to upgrade: all stages up to the connection itself. */
  readonly decideUpgrade: (request: ApiRequest, identity: Identity) => Promise<UpgradeDecision>;
  /** Below this path an extension server answers. */
  readonly isExtension: (path: string) => boolean;
  /** How many requests run at this moment. */
  readonly inFlight: Pick<InFlight, "reading" | "mutating">;
}

interface Admitted {
  readonly context: RequestContext;
  readonly info: RequestInfo;
}

const json: Accepted = { mediaType: "application/json" };
const anonymousUser: UserInfo = { username: "system:anonymous", groups: ["system:unauthenticated"] };
const authenticatedGroup = "system:authenticated";
const readingMethods: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

export function createPipeline(options: PipelineOptions): Pipeline {
  const { core, authorizer, metrics, auditor } = options;
  const { clock, rng, log } = core;
  const inFlight = createInFlight(options);

  const handle: Handle = async (request, identity) => {
    const auditId = request.headers["audit-id"] ?? uuid(rng);
    const startedMs = clock.monotonic();
    const info = requestInfoOf(request);
    const mutating = !readingMethods.has(request.method);
    const bounded = !isLongRunning(info, request);
    let context: RequestContext | undefined;
    let entered = false;
    let response: ApiResponse;
    try {
      const user = await identify(request, identity);
      context = contextOf(request, { info, user, auditId });
      auditor?.received(context);
      context = { ...context, user: await impersonate(request, user, authorizer) };
      if (bounded && !context.user.groups.includes("system:masters")) {
        await inFlight.enter(mutating);
        entered = true;
      }
      await authorize(context);
      response = await withDeadline(answer(context), bounded);
    } catch (error) {
      response = await failure(request, context, { error, auditId });
    } finally {
      if (entered) inFlight.leave(mutating);
    }
    response = withCommonHeaders(response, auditId, context);
    const served = info.isResource && core.catalog.find(info.group, info.version, info.resource) !== undefined;
    metrics.observe(info, request, { response, served, durationMs: clock.monotonic() - startedMs });
    if (response.watch !== undefined)
      response = { ...response, watch: untilEnd(response.watch, metrics.longRunning(info, request)) };
    auditor?.completed(context, response);
    return response;
  };

  /** Who asks: given by the composition, or found by the authenticator, or nobody in particular. */
  async function identify(request: ApiRequest, identity: Identity): Promise<UserInfo> {
    if (identity.kind === "user") return identity.user;
    const found = await options.authenticator.authenticate(request, identity.peer);
    if (found !== undefined) return withAuthenticated(found.user);
    if (options.anonymous) return anonymousUser;
    throw new StatusError({ code: 401, reason: "Unauthorized", message: "Unauthorized" });
  }

  function contextOf(request: ApiRequest, of: { info: RequestInfo; user: UserInfo; auditId: string }): RequestContext {
    return {
      core,
      request,
      ...of,
      query: queryOf(request),
      accepted: json,
      nowMs: clock.now(),
      warnings: [],
      annotations: new Map(),
    };
  }

  async function authorize(context: RequestContext): Promise<void> {
    const attributes = attributesOf(context);
    const { decision, reason } = await authorizer.authorize(attributes);
    context.annotations.set("authorization.k8s.io/decision", decision === "allow" ? "allow" : "forbid");
    context.annotations.set("authorization.k8s.io/reason", reason);
    if (decision !== "allow") throw denied(attributes, reason);
  }

  async function answer(context: RequestContext): Promise<ApiResponse> {
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
    if (deprecationOf(resource) !== undefined)
      metrics.deprecatedUse(info.group, info.version, info.resource, info.subresource);
    return respond(full, await dispatch(full, resource, options.dispatch));
  }

  async function withDeadline(work: Promise<ApiResponse>, bounded: boolean): Promise<ApiResponse> {
    if (!bounded || options.requestTimeoutMs === 0) return work;
    return new Promise((resolve, reject) => {
      const timer = clock.setTimeout(() => reject(timedOut()), options.requestTimeoutMs, { background: true });
      work.then(resolve, reject).finally(() => timer.cancel());
    });
  }

  /** A StatusError goes out as it is. Anything else is our fault: 500, and the log says which request it was. */
  function failure(
    request: ApiRequest,
    context: RequestContext | undefined,
    of: { error: unknown; auditId: string },
  ): ApiResponse | Promise<ApiResponse> {
    const { error, auditId } = of;
    let status: StatusError;
    if (error instanceof StatusError) status = error;
    else {
      log.error("a request failed unexpectedly", {
        auditId,
        method: request.method,
        path: request.path,
        error,
        stack: (error as Error)?.stack,
      });
      const message = error instanceof Error ? error.message : String(error);
      status = new StatusError({
        code: 500,
        reason: "InternalError",
        message: `Internal error occurred: ${message}`,
        details: { causes: [{ message }] },
      });
    }
    void context;
    return statusResponse(request, status);
  }

  async function decideUpgrade(request: ApiRequest, identity: Identity): Promise<UpgradeDecision> {
    const auditId = request.headers["audit-id"] ?? uuid(rng);
    let context: RequestContext | undefined;
    try {
      const info = requestInfoOf(request);
      const user = await identify(request, identity);
      context = contextOf(request, { info, user, auditId });
      auditor?.received(context);
      context = { ...context, user: await impersonate(request, user, authorizer) };
      await authorize(context);
      const extension = options.aggregation.find(info.path);
      if (extension !== undefined) {
        const connection = extension.upgrade(context);
        return "takeOver" in connection ? { type: "extension", connection } : { type: "refused", response: connection };
      }
      if (!info.isResource) throw noRoute();
      const target = await upgradeTarget({ context, info });
      return { type: "connect", target };
    } catch (error) {
      return {
        type: "refused",
        response: withCommonHeaders(await failure(request, context, { error, auditId }), auditId, context),
      };
    }
  }

  async function upgradeTarget({ context }: Admitted): Promise<ConnectTarget> {
    const resource = route(context);
    const target = connectTarget(context, resource, options.dispatch.reader);
    await admitConnection(context, resource, target.path);
    return target;
  }

  return { handle, decideUpgrade, isExtension: (path) => options.aggregation.find(path) !== undefined, inFlight };
}

/** The same stream; `ended` is called once when it is over. */
function untilEnd<T>(source: AsyncIterable<T>, ended: () => void): AsyncIterable<T> {
  let open = true;
  const end = (): void => {
    if (open) ended();
    open = false;
  };
  return {
    [Symbol.asyncIterator]() {
      const iterator = source[Symbol.asyncIterator]();
      return {
        async next() {
          const result = await iterator.next();
          if (result.done === true) end();
          return result;
        },
        async return() {
          end();
          await iterator.return?.();
          return { done: true, value: undefined };
        },
      };
    },
  };
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

/** A protobuf body becomes the value that it says; the reader of those is loaded when the first one comes. */
async function withReadableBody(request: ApiRequest, { kind }: ServedResource): Promise<ApiRequest> {
  const { body, headers } = request;
  if (!(body instanceof Uint8Array) || body.length === 0 || request.method === "PATCH") return request;
  if (headers["content-type"]?.startsWith("application/vnd.kubernetes.protobuf") !== true) return request;
  if (!hasProtobuf(kind)) return request;
  checkBodySize(body);
  const { decodeProtobuf } = await loadProtobuf();
  return { ...request, body: decodeProtobuf(body, kind.kind) };
}

/** Custom resources have none. */
const hasProtobuf = (kind: ServedResource["kind"]): boolean => builtinSchemas().ofKind(kind) !== undefined;

function acceptedOf(context: RequestContext, { kind }: ServedResource): Accepted {
  const { info, request } = context;
  const transforms = kind.virtual !== true || kind.verbs.includes("get");
  if (info.subresource === "log" || info.subresource === "proxy") return json;
  return negotiate(request.headers["accept"], {
    watch: info.verb === "watch",
    transforms,
    noProtobuf: !hasProtobuf(kind),
  });
}

export function attributesOf({ info, user, query }: RequestContext): AccessAttributes {
  return {
    user,
    verb: info.verb,
    resourceRequest: info.isResource,
    group: info.group,
    version: info.version,
    resource: info.resource,
    subresource: info.subresource,
    namespace: info.namespace,
    name: info.name,
    path: info.path,
    ...(info.verb === "list" || info.verb === "watch" || info.verb === "deletecollection"
      ? selectorAttributes(query)
      : {}),
  };
}

/** Everybody who proved who they are is in this group, whatever proved it. */
const withAuthenticated = (user: UserInfo): UserInfo =>
  user.groups.includes(authenticatedGroup) || user.username === anonymousUser.username
    ? user
    : { ...user, groups: [...user.groups, authenticatedGroup] };

function isLongRunning(info: RequestInfo, request: ApiRequest): boolean {
  if (info.verb === "watch" || info.verb === "proxy") return true;
  const { subresource } = info;
  if (subresource === "log") return request.query?.get("follow") !== null;
  return subresource === "exec" || subresource === "attach" || subresource === "portforward" || subresource === "proxy";
}

const timedOut = (): StatusError =>
  new StatusError({
    code: 504,
    reason: "Timeout",
    message: "Timeout: request did not complete within the allotted timeout",
    details: {},
  });

export function statusResponse(request: ApiRequest, error: StatusError): ApiResponse | Promise<ApiResponse> {
  const headers = error.headers;
  if (request.objects === true)
    return { status: error.code, headers: { ...headers, "content-type": "application/json" }, object: error.status };
  const mediaType = negotiateError(request.headers["accept"]);
  if (mediaType === protobufType) return protobufResponse(error.code, error.status);
  const text = mediaType === "application/yaml" ? toYaml(error.status) : `${JSON.stringify(error.status)}\n`;
  return {
    status: error.code,
    headers: { ...headers, "content-type": mediaType },
    bytes: [new TextEncoder().encode(text)],
  };
}

function withCommonHeaders(response: ApiResponse, auditId: string, context: RequestContext | undefined): ApiResponse {
  const warnings = warningHeaders(context?.warnings ?? []);
  return {
    ...response,
    headers: {
      "audit-id": auditId,
      "cache-control": "no-cache, private",
      ...response.headers,
      ...(warnings.length === 0 ? {} : { warning: warnings }),
    },
  };
}
