// The whole way of a request, in the order it runs. Everything that comes in passes here, whatever it came over. What a stage
// does is in stages/, authn/, flowcontrol/, authz/ and dispatch.ts.
import type { ApiRequest, ApiResponse, Handle, Identity, UserInfo } from "../machinery/index.ts";
import type { Auditor } from "./audit/contract.ts";
import { asksToImpersonate, createImpersonation } from "./authn/impersonate.ts";
import { queryOf, type RequestContext, type ServerCore } from "./context.ts";
import type { Authenticator, Authorizer } from "./contract.ts";
import { connectPath, connectTarget, noRoute, route } from "./dispatch.ts";
import { createDeadlines } from "./flowcontrol/deadlines.ts";
import { type RequestGate, TooManyRequests } from "./flowcontrol/gate.ts";
import type { WatchTracker } from "./flowcontrol/work-estimate.ts";
import { type AnswerOptions, answer, json } from "./stages/answer.ts";
import { audited, beginTrail } from "./stages/audited.ts";
import { attributesOf, authorize } from "./stages/authorize.ts";
import { failure } from "./stages/failure.ts";
import { followed, withCommonHeaders } from "./stages/finish.ts";
import { type Flight, takeOff, timedOut, timeoutOf } from "./stages/flight.ts";
import { type Anonymous, anonymousUser, createIdentify, isKnown } from "./stages/identify.ts";
import { enter } from "./stages/turn.ts";
import type { ConnectTarget, UpgradeDecision } from "./streaming/connect.ts";
import { admitConnection } from "./streaming/connect-admission.ts";

export interface PipelineOptions extends AnswerOptions {
  readonly core: ServerCore;
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly anonymous: Anonymous;
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

export function createPipeline(options: PipelineOptions): Pipeline {
  const { core, authorizer, metrics, auditor, gate, watches, requestTimeoutMs } = options;
  const { clock, log } = core;
  const deadlines = createDeadlines(clock);
  const identify = createIdentify(options.authenticator, { anonymous: options.anonymous, log });
  const impersonate = createImpersonation(authorizer, { constrained: core.featureEnabled("ConstrainedImpersonation") });
  // HTTP/2 is easily abused: who is nobody in particular gets one answer for a connection.
  const sendsStrangersAway = core.featureEnabled("UnauthenticatedHTTP2DOSMitigation");

  const handle: Handle = async (request, identity) => {
    const flight = takeOff(request, core);
    let context: RequestContext | undefined;
    let response: ApiResponse;
    let known = true;
    try {
      flight.timeoutMs = timeoutOf(request, flight, requestTimeoutMs);
      const user = await identify(request, identity);
      known = isKnown(user);
      context = contextOf(request, flight, user);
      const kept = audited(auditor, context, { flight, identity });
      if (kept !== undefined) await kept;
      if (asksToImpersonate(request)) context = await impersonated(context, flight);
      response = await withDeadline(run(context, flight), flight);
    } catch (error) {
      if (context === undefined) beginTrailOfNobody(request, identity, flight);
      response = await failure(request, error, { auditId: flight.auditId, log, cbor: flight.speaksCbor });
      if (context === undefined && response.status === 401) known = false;
      if (error instanceof TooManyRequests) flight.headers = error.passHeaders;
    }
    response = withCommonHeaders(response, flight, context);
    if (!known && sendsStrangersAway) response = { ...response, isLast: true };
    observe(request, response, flight);
    const told = flight.trail?.responded(response);
    if (told !== undefined) await told;
    return followed(response, request, { flight, metrics, watches });
  };

  /** Its place is given up when it is answered, even when nobody waits for that any more. */
  async function run(context: RequestContext, flight: Flight): Promise<ApiResponse> {
    const entered = enter(gate, context, { flight, mostMs: requestTimeoutMs });
    const pass = entered instanceof Promise ? await entered : entered;
    try {
      flight.headers = pass?.headers;
      await authorize(authorizer, context);
      return await answer(context, flight, options);
    } finally {
      pass?.leave();
    }
  }

  async function decideUpgrade(request: ApiRequest, identity: Identity): Promise<UpgradeDecision> {
    const flight: Flight = { ...takeOff(request, core), longRunning: true };
    let context: RequestContext | undefined;
    try {
      const user = await identify(request, identity);
      context = contextOf(request, flight, user);
      await audited(auditor, context, { flight, identity });
      if (asksToImpersonate(request)) context = await impersonated(context, flight);
      await authorize(authorizer, context);
      const extension = options.aggregation.find(flight.info.path);
      if (extension !== undefined) {
        const connection = extension.upgrade(context);
        return "takeOver" in connection ? { type: "extension", connection } : { type: "refused", response: connection };
      }
      const target = await upgradeTarget(context);
      // What is said on the connection is nobody's business: the event is of its beginning.
      await flight.trail?.responded({ status: 101, headers: {} });
      return { type: "connect", target };
    } catch (error) {
      const failed = await failure(request, error, { auditId: flight.auditId, log, cbor: false });
      const response = withCommonHeaders(failed, flight, context);
      await flight.trail?.responded(response);
      return { type: "refused", response };
    } finally {
      await flight.trail?.completed();
    }
  }

  const withDeadline = (work: Promise<ApiResponse>, flight: Flight): Promise<ApiResponse> =>
    flight.timeoutMs === 0 ? work : deadlines.race(work, flight.startedMs + flight.timeoutMs, timedOut);

  const contextOf = (request: ApiRequest, { info, auditId }: Flight, user: UserInfo): RequestContext => ({
    core,
    request,
    info,
    user,
    auditId,
    query: queryOf(request),
    accepted: json,
    nowMs: clock.now(),
    warnings: [],
    annotations: new Map(),
  });

  function beginTrailOfNobody(request: ApiRequest, identity: Identity, flight: Flight): void {
    if (auditor === undefined) return;
    beginTrail(auditor, contextOf(request, flight, anonymousUser), { flight, identity, nobody: true });
  }

  /** The same request of whom it is made for. */
  async function impersonated(context: RequestContext, { trail }: Flight): Promise<RequestContext> {
    const found = await impersonate(context.request, attributesOf(context));
    if (found === undefined) return context;
    trail?.impersonated(found.user, found.constraint);
    return { ...context, user: found.user };
  }

  function observe(request: ApiRequest, response: ApiResponse, { info, startedMs }: Flight): void {
    const served = info.isResource && core.catalog.find(info.group, info.version, info.resource) !== undefined;
    metrics.observe(info, request, { response, served, durationMs: clock.monotonic() - startedMs });
  }

  async function upgradeTarget(context: RequestContext): Promise<ConnectTarget> {
    if (!context.info.isResource) throw noRoute();
    const resource = route(context);
    const connection = await admitConnection(context, resource, connectPath(context));
    return connectTarget(context, resource, { reader: options.dispatch.reader, connection });
  }

  return { handle, decideUpgrade, isExtension: (path) => options.aggregation.find(path) !== undefined };
}
