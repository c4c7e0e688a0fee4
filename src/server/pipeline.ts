// The whole way of a request, in the order it runs. Everything that comes in passes here, whatever it came over.
import { uuid } from "../base/index.ts";
import {
  type ApiRequest,
  type ApiResponse,
  badRequest,
  builtinSchemas,
  type Handle,
  type Identity,
  parseGoDuration,
  quoteGo,
  StatusError,
  toYaml,
  type UserInfo,
  type WatchSource,
} from "../machinery/index.ts";
import type { Aggregation } from "./aggregation/contract.ts";
import { type Auditor, type AuditTrail, NotAudited } from "./audit/contract.ts";
import { asksToImpersonate, createImpersonation } from "./authn/impersonate.ts";
import { denied } from "./authz/forbidden.ts";
import { selectorAttributes } from "./authz/selector-attributes.ts";
import type { ServedResource } from "./catalog.ts";
import { jsonBody } from "./content/json-body.ts";
import { type Accepted, negotiate, negotiateError } from "./content/negotiate.ts";
import { loadProtobuf, protobufResponse, protobufType } from "./content/protobuf.ts";
import { respond } from "./content/respond.ts";
import { warningHeaders } from "./content/warnings.ts";
import { queryOf, type RequestContext, type ServerCore } from "./context.ts";
import type { AccessAttributes, Authenticator, Authorizer } from "./contract.ts";
import {
  connectPath,
  connectTarget,
  type DispatchOptions,
  deprecationOf,
  dispatch,
  NoSuchGroup,
  noRoute,
  route,
} from "./dispatch.ts";
import { type Documents, pageNotFound, textResponse } from "./documents/documents.ts";
import { createDeadlines } from "./flowcontrol/deadlines.ts";
import { type Pass, type RequestGate, TooManyRequests } from "./flowcontrol/gate.ts";
import type { WatchTracker } from "./flowcontrol/work-estimate.ts";
import type { RequestMetrics } from "./metrics.ts";
import { checkBodySize } from "./registry/body.ts";
import { type RequestInfo, requestInfoOf } from "./request-info.ts";
import type { ConnectTarget, UpgradeDecision } from "./streaming/connect.ts";
import { admitConnection } from "./streaming/connect-admission.ts";

export interface PipelineOptions {
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
  /** Bounds how many requests run at a time. */
  readonly gate: RequestGate;
  /** Who is told of writes, when somebody counts them. */
  readonly watches: WatchTracker | undefined;
  /** Requests that neither watch nor stream end after this time. */
  readonly requestTimeoutMs: number;
}

export interface Pipeline {
  readonly handle: Handle;
  /** For requests that ask to upgrade: all stages up to the connection itself. */
  readonly decideUpgrade: (request: ApiRequest, identity: Identity) => Promise<UpgradeDecision>;
  /** Below this path an extension server answers. */
  readonly isExtension: (path: string) => boolean;
}

interface Admitted {
  readonly context: RequestContext;
  readonly info: RequestInfo;
}

const json: Accepted = { mediaType: "application/json" };
const anonymousUser: UserInfo = { username: "system:anonymous", groups: ["system:unauthenticated"] };
const unauthenticatedGroup = "system:unauthenticated";
const authenticatedGroup = "system:authenticated";

export function createPipeline(options: PipelineOptions): Pipeline {
  const { core, authorizer, metrics, auditor, gate } = options;
  const { clock, rng, log } = core;
  const deadlines = createDeadlines(clock);
  // HTTP/2 is easily abused: who is nobody in particular gets one answer for a connection.
  const sendsStrangersAway = core.featureEnabled("UnauthenticatedHTTP2DOSMitigation");
  const impersonate = createImpersonation(authorizer, {
    constrained: core.featureEnabled("ConstrainedImpersonation"),
  });

  const handle: Handle = async (request, identity) => {
    const auditId = request.headers["audit-id"] ?? uuid(rng);
    const startedMs = clock.monotonic();
    const info = requestInfoOf(request);
    const flight: Flight = { startedMs, longRunning: isLongRunning(info), timeoutMs: 0 };
    let context: RequestContext | undefined;
    let response: ApiResponse;
    let isKnown = true;
    try {
      flight.timeoutMs = timeoutOf(request, flight, options.requestTimeoutMs);
      const user = await identify(request, identity);
      isKnown = !user.groups.includes(unauthenticatedGroup) && user.username !== anonymousUser.username;
      context = contextOf(request, { info, user, auditId });
      flight.trail = audited(context, flight, { identity });
      if (flight.trail !== undefined && flight.trail.received !== true) await keptAtFirst(flight);
      if (asksToImpersonate(request)) context = await impersonated(context, flight);
      response = await withDeadline(run(context, flight), flight);
    } catch (error) {
      if (context === undefined && auditor !== undefined)
        flight.trail = audited(contextOf(request, { info, user: anonymousUser, auditId }), flight, {
          identity,
          nobody: true,
        });
      response = await failure(request, { error, auditId });
      if (context === undefined && response.status === 401) isKnown = false;
      if (error instanceof TooManyRequests) flight.headers = error.passHeaders;
    }
    response = withCommonHeaders(response, auditId, { context, headers: flight.headers });
    if (!isKnown && sendsStrangersAway) response = { ...response, isLast: true };
    const served = info.isResource && core.catalog.find(info.group, info.version, info.resource) !== undefined;
    metrics.observe(info, request, { response, served, durationMs: clock.monotonic() - startedMs });
    const told = flight.trail?.responded(response);
    if (told !== undefined) await told;
    return observed(response, { info, request, trail: flight.trail });
  };

  /** Waits for its turn, is authorized, is answered. Its place is given up when that is done, even when nobody waits for it. */
  async function run(context: RequestContext, flight: Flight): Promise<ApiResponse> {
    const { info } = context;
    let pass: Pass | undefined;
    try {
      if (!flight.longRunning || info.verb === "watch") {
        const entered = gate.enter({
          info,
          user: context.user,
          query: context.request.query,
          signal: context.request.signal,
          arrivedMs: flight.startedMs,
          waitLimitMs: Math.min((flight.timeoutMs || options.requestTimeoutMs || longestWaitMs) / 4, longestWaitMs),
        });
        pass = entered instanceof Promise ? await entered : entered;
        flight.headers = pass.headers;
      }
      await authorize(context);
      return await answer(context, flight.trail);
    } finally {
      pass?.leave();
    }
  }

  const audited = (
    context: RequestContext,
    flight: Flight,
    { identity, nobody }: { readonly identity: Identity; readonly nobody?: true },
  ): AuditTrail | undefined =>
    auditor?.begin(context.request, {
      info: context.info,
      user: nobody ? undefined : context.user,
      auditId: context.auditId,
      receivedMs: context.nowMs,
      remoteAddress: identity.kind === "peer" ? identity.peer.remoteAddress : undefined,
      longRunning: flight.longRunning,
      annotations: context.annotations,
    });

  /** A backend may hold the request until its first event is kept; without that nothing is done. */
  async function keptAtFirst(flight: Flight): Promise<void> {
    if ((await flight.trail?.received) !== false) return;
    flight.trail = undefined;
    throw new NotAudited();
  }

  /** Streams are counted, and audited, until their end. */
  function observed(
    response: ApiResponse,
    of: { readonly info: RequestInfo; readonly request: ApiRequest; readonly trail: AuditTrail | undefined },
  ): ApiResponse | Promise<ApiResponse> {
    const { info, request, trail } = of;
    if (response.watch !== undefined) {
      const counted = metrics.longRunning(info, request);
      const forget = options.watches?.register(info, request.query);
      const ended = (): void => {
        counted();
        forget?.();
        void trail?.completed();
      };
      return { ...response, watch: watchedUntilEnd(response.watch, ended) };
    }
    if (response.stream !== undefined && trail !== undefined)
      return { ...response, stream: untilEnd(response.stream, () => void trail.completed()) };
    const told = trail?.completed();
    return told === undefined ? response : told.then(() => response);
  }

  /** Who asks: given by the composition, or found by the authenticator, or nobody in particular. */
  async function identify(request: ApiRequest, identity: Identity): Promise<UserInfo> {
    if (identity.kind === "user") return identity.user;
    const found = await options.authenticator.authenticate(request, identity.peer);
    if (found !== undefined) return withAuthenticated(found.user);
    if (options.anonymous) return anonymousUser;
    throw new StatusError({ code: 401, reason: "Unauthorized", message: "Unauthorized" });
  }

  /** The same request of whom it is made for. */
  async function impersonated(context: RequestContext, { trail }: Flight): Promise<RequestContext> {
    const found = await impersonate(context.request, attributesOf(context));
    if (found === undefined) return context;
    trail?.impersonated(found.user, found.constraint);
    return { ...context, user: found.user };
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

  async function answer(context: RequestContext, trail: AuditTrail | undefined): Promise<ApiResponse> {
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
      metrics.deprecatedUse(info.group, info.version, info.resource, info.subresource);
    return respond(full, await dispatch(full, resource, options.dispatch));
  }

  const withDeadline = (work: Promise<ApiResponse>, flight: Flight): Promise<ApiResponse> =>
    flight.timeoutMs === 0 ? work : deadlines.race(work, flight.startedMs + flight.timeoutMs, timedOut);

  /** A StatusError goes out as it is. Anything else is our fault: 500, and the log says which request it was. */
  function failure(
    request: ApiRequest,
    { error, auditId }: { readonly error: unknown; readonly auditId: string },
  ): ApiResponse | Promise<ApiResponse> {
    let status: StatusError;
    if (error instanceof TooManyRequests && request.objects !== true) return refusedForNow(error);
    if (error instanceof NotAudited && request.objects !== true) return notAudited(request, error);
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
    return statusResponse(request, status);
  }

  async function decideUpgrade(request: ApiRequest, identity: Identity): Promise<UpgradeDecision> {
    const auditId = request.headers["audit-id"] ?? uuid(rng);
    const flight: Flight = { startedMs: clock.monotonic(), longRunning: true, timeoutMs: 0 };
    let context: RequestContext | undefined;
    try {
      const info = requestInfoOf(request);
      const user = await identify(request, identity);
      context = contextOf(request, { info, user, auditId });
      flight.trail = audited(context, flight, { identity });
      if (flight.trail !== undefined && flight.trail.received !== true) await keptAtFirst(flight);
      if (asksToImpersonate(request)) context = await impersonated(context, flight);
      await authorize(context);
      const extension = options.aggregation.find(info.path);
      if (extension !== undefined) {
        const connection = extension.upgrade(context);
        return "takeOver" in connection ? { type: "extension", connection } : { type: "refused", response: connection };
      }
      if (!info.isResource) throw noRoute();
      const target = await upgradeTarget({ context, info });
      // What is said on the connection is nobody's business: the event is of its beginning.
      await flight.trail?.responded({ status: 101, headers: {} });
      return { type: "connect", target };
    } catch (error) {
      const response = withCommonHeaders(await failure(request, { error, auditId }), auditId, { context });
      await flight.trail?.responded(response);
      return { type: "refused", response };
    } finally {
      await flight.trail?.completed();
    }
  }

  async function upgradeTarget({ context }: Admitted): Promise<ConnectTarget> {
    const resource = route(context);
    const connection = await admitConnection(context, resource, connectPath(context));
    return connectTarget(context, resource, { reader: options.dispatch.reader, connection });
  }

  return { handle, decideUpgrade, isExtension: (path) => options.aggregation.find(path) !== undefined };
}

function watchedUntilEnd(watch: WatchSource, ended: () => void): WatchSource {
  const iterated = untilEnd(watch, ended);
  if (watch.follow === undefined) return iterated;
  return {
    ...iterated,
    follow: ({ take, ended: tell }) =>
      watch.follow!({
        take,
        ended: (error) => {
          ended();
          tell(error);
        },
      }),
  };
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
      const passOn = (result: IteratorResult<T>): IteratorResult<T> => {
        if (result.done === true) end();
        return result;
      };
      return {
        next: () => iterator.next().then(passOn),
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

function acceptedOf(context: RequestContext, { kind }: ServedResource): Accepted {
  const { info, request } = context;
  const transforms = kind.virtual !== true || kind.verbs.includes("get");
  if (info.subresource === "log" || info.subresource === "proxy") return json;
  return negotiate(request.headers["accept"], {
    watch: info.verb === "watch",
    list: info.verb === "list",
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

/** What one request carries through the stages besides its context. */
interface Flight {
  readonly startedMs: number;
  readonly longRunning: boolean;
  /** 0: none. */
  timeoutMs: number;
  trail?: AuditTrail | undefined;
  /** Of the flow schema that matched. */
  headers?: Pass["headers"];
}

const longestWaitMs = 60_000;
const longRunningSubresources: ReadonlySet<string> = new Set(["attach", "exec", "proxy", "log", "portforward"]);

function isLongRunning(info: RequestInfo): boolean {
  if (info.verb === "watch" || info.verb === "proxy") return true;
  return info.isResource ? longRunningSubresources.has(info.subresource) : info.path.startsWith("/debug/pprof/");
}

/** A client may ask for less time than the server gives, not for more. */
function timeoutOf(request: ApiRequest, { longRunning }: Flight, mostMs: number): number {
  if (longRunning) return 0;
  const asked = request.query?.get("timeout") ?? "";
  if (asked === "") return mostMs;
  try {
    const timeoutMs = parseGoDuration(asked);
    return timeoutMs > 0 && (timeoutMs < mostMs || mostMs === 0) ? timeoutMs : mostMs;
  } catch (error) {
    throw badRequest(`invalid timeout specified in the request URL - ${(error as Error).message}`);
  }
}

const refusedForNow = (error: TooManyRequests): ApiResponse => {
  const { headers, ...response } = textResponse(429, `${error.message}\n`);
  return { ...response, headers: { ...headers, ...error.headers } };
};

const escapes: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };

const notAudited = ({ path, query }: ApiRequest, error: NotAudited): ApiResponse => {
  const uri = query === undefined || query.size === 0 ? path : `${path}?${query}`;
  const text = `Internal Server Error: ${quoteGo(uri)}: ${error.message}`;
  return textResponse(500, `${text.replace(/[&<>]/g, (each) => escapes[each]!)}\n`);
};

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
  const encoder = new TextEncoder();
  const bytes =
    mediaType === "application/yaml"
      ? [encoder.encode(toYaml(error.status))]
      : jsonBody(request, encoder.encode(JSON.stringify(error.status)));
  return { status: error.code, headers: { ...headers, "content-type": mediaType }, bytes };
}

function withCommonHeaders(
  response: ApiResponse,
  auditId: string,
  of: { readonly context: RequestContext | undefined; readonly headers?: Pass["headers"] },
): ApiResponse {
  const warnings = warningHeaders(of.context?.warnings ?? []);
  return {
    ...response,
    headers: {
      "audit-id": auditId,
      "cache-control": "no-cache, private",
      ...of.headers,
      ...response.headers,
      ...(warnings.length === 0 ? {} : { warning: warnings }),
    },
  };
}
