// Makes audit events of requests as the policy says: one for each stage, fields in upstream's order. Upstream:
// apiserver's audit/request.go, audit/context.go and endpoints/filters/audit.go.
import { type Clock, Counter, type MetricRegistry } from "../../base/index.ts";
import { type ApiRequest, type ApiResponse, formatMicroTime, fromYaml, type UserInfo } from "../../machinery/index.ts";
import type { RequestInfo } from "../request-info.ts";
import type { AuditBackend } from "./backend.ts";
import type { AuditedRequest, Auditor, AuditTrail } from "./contract.ts";
import type { AuditEvent } from "./event.ts";
import { type AuditDecision, type AuditPolicy, type AuditStage, auditEvaluator, auditLevels } from "./policy.ts";

export interface AuditorOptions {
  readonly policy: AuditPolicy;
  readonly backend: AuditBackend;
  readonly clock: Clock;
  readonly metrics: MetricRegistry;
}

export function createAuditor({ policy, backend, clock, metrics }: AuditorOptions): Auditor {
  const decide = auditEvaluator(policy);
  const counter = (name: string, help: string, labelNames: readonly string[] = []): Counter =>
    metrics.register(new Counter({ name: `apiserver_audit_${name}`, help, labelNames, stability: "ALPHA" }));
  const events = counter("event_total", "Counter of audit events generated and sent to the audit backend.");
  const levels = counter("level_total", "Counter of policy levels for audit events (1 per request).", ["level"]);
  const rejected = counter(
    "requests_rejected_total",
    "Counter of apiserver requests rejected due to an error in audit logging backend.",
  );
  const write = (event: AuditEvent): boolean | Promise<boolean> => {
    events.inc();
    return backend.process([event]);
  };
  return {
    begin(request, of) {
      const decision = decide(of.info, of.user);
      levels.inc({ level: decision.level });
      if (decision.level === "None") return undefined;
      const trail = trailOf(request, of, { decision, write, clock });
      if (typeof trail.received === "boolean") {
        if (!trail.received) rejected.inc();
        return trail;
      }
      const received = trail.received.then((kept) => {
        if (!kept) rejected.inc();
        return kept;
      });
      return { ...trail, received };
    },
    close: () => backend.close(),
  };
}

interface Means {
  readonly decision: AuditDecision;
  readonly clock: Clock;
  write(event: AuditEvent): boolean | Promise<boolean>;
}

type Fields = Record<string, unknown>;

function trailOf(request: ApiRequest, of: AuditedRequest, { decision, write, clock }: Means): AuditTrail {
  const { info, user } = of;
  const rank = auditLevels.indexOf(decision.level);
  const begun = eventHead(request, of, decision);
  const objectRef = info.isResource ? referenceOf(info) : undefined;
  let [impersonatedUser, authenticationMetadata, requestObject, responseObject, responseStatus]: unknown[] = [];

  const stage = (name: AuditStage): boolean | Promise<boolean> => {
    if (decision.omitStages.has(name)) return true;
    const annotations = Object.fromEntries([...of.annotations].sort(([one], [other]) => (one < other ? -1 : 1)));
    const { user: who, sourceIPs, userAgent, ...head } = begun;
    return write({
      ...head,
      stage: name,
      requestURI: uriOf(request),
      verb: info.verb,
      user: who,
      impersonatedUser,
      authenticationMetadata,
      sourceIPs,
      userAgent,
      objectRef,
      responseStatus,
      requestObject,
      responseObject,
      requestReceivedTimestamp: formatMicroTime(of.receivedMs),
      stageTimestamp: formatMicroTime(name === "RequestReceived" ? of.receivedMs : clock.now()),
      annotations: of.annotations.size === 0 ? undefined : annotations,
    } as AuditEvent);
  };
  const held = (kept: boolean | Promise<boolean>): Promise<boolean> | undefined =>
    typeof kept === "boolean" ? undefined : kept;

  return {
    // Who could not be identified is written about once, when that is answered.
    received: user === undefined || stage("RequestReceived"),
    impersonated(other, impersonationConstraint) {
      impersonatedUser = userFields(other);
      if (impersonationConstraint !== undefined) authenticationMetadata = { impersonationConstraint };
    },
    requestObject(body) {
      const object = jsonOf(body);
      if (object === undefined) return;
      if (objectRef !== undefined && info.verb !== "patch") completeReference(objectRef, object);
      if (rank >= auditLevels.indexOf("Request"))
        requestObject = decision.omitManagedFields ? withoutManagedFields(object) : object;
    },
    responded(response) {
      const object = wantsObject(response, rank) ? answeredObject(response) : undefined;
      responseStatus = statusOf(response, object);
      // Pages and documents of other servers are no objects of an API.
      if (rank >= auditLevels.indexOf("RequestResponse") && typeof object?.["kind"] === "string")
        responseObject = decision.omitManagedFields ? withoutManagedFields(object) : object;
      return of.longRunning || user === undefined ? held(stage("ResponseStarted")) : undefined;
    },
    completed() {
      return user === undefined ? undefined : held(stage("ResponseComplete"));
    },
  };
}

const eventHead = (
  request: ApiRequest,
  { auditId, user, remoteAddress }: AuditedRequest,
  { level }: AuditDecision,
) => ({
  kind: "Event",
  apiVersion: "audit.k8s.io/v1",
  level,
  auditID: auditId,
  user: user === undefined ? {} : userFields(user),
  sourceIPs: sourcesOf(request, remoteAddress),
  userAgent: agentOf(request),
});

function userFields({ username, uid, groups, extra }: UserInfo): Fields {
  const known = extra === undefined ? [] : Object.entries(extra);
  return {
    username,
    ...(uid === undefined || uid === "" ? {} : { uid }),
    groups,
    ...(known.length === 0
      ? {}
      : { extra: Object.fromEntries(known.sort(([one], [other]) => (one < other ? -1 : 1))) }),
  };
}

/** Members without a value are left out of the JSON; their order is upstream's. */
interface ObjectReference {
  resource: string | undefined;
  namespace: string | undefined;
  name: string | undefined;
  uid: string | undefined;
  apiGroup: string | undefined;
  apiVersion: string | undefined;
  resourceVersion: string | undefined;
  subresource: string | undefined;
}

const orNothing = (text: unknown): string | undefined => (typeof text === "string" && text !== "" ? text : undefined);

const referenceOf = (info: RequestInfo): ObjectReference => ({
  resource: orNothing(info.resource),
  namespace: orNothing(info.namespace),
  name: orNothing(info.name),
  uid: undefined,
  apiGroup: orNothing(info.group),
  apiVersion: orNothing(info.version),
  resourceVersion: undefined,
  subresource: orNothing(info.subresource),
});

/** What the path does not say, the body does. */
function completeReference(reference: ObjectReference, object: Fields): void {
  const { metadata } = object;
  if (typeof metadata !== "object" || metadata === null) return;
  const { namespace, name, uid, resourceVersion } = metadata as Fields;
  reference.namespace ??= orNothing(namespace);
  reference.name ??= orNothing(name);
  reference.uid ??= orNothing(uid);
  reference.resourceVersion ??= orNothing(resourceVersion);
}

const longestAgent = 1024;

function agentOf({ headers }: ApiRequest): string | undefined {
  const agent = headers["user-agent"];
  if (agent === undefined || agent === "") return undefined;
  return agent.length > longestAgent ? `${agent.slice(0, longestAgent)}...TRUNCATED` : agent;
}

/** The proxies' word first, the peer last. */
function sourcesOf({ headers }: ApiRequest, remoteAddress: string | undefined): string[] | undefined {
  const isAddress = (text: string): boolean => /^[\d.]+$|^[\da-f:.]+$/i.test(text) && text !== "";
  const sources = (headers["x-forwarded-for"] ?? "")
    .split(",")
    .map((each) => each.trim())
    .filter(isAddress);
  const real = headers["x-real-ip"]?.trim() ?? "";
  if (isAddress(real) && !sources.includes(real)) sources.push(real);
  const peer = remoteAddress?.replace(/^::ffff:/, "");
  if (peer !== undefined && sources.at(-1) !== peer) sources.push(peer);
  return sources.length === 0 ? undefined : sources;
}

function uriOf({ path, query }: ApiRequest): string {
  const text = query?.toString() ?? "";
  return text === "" ? path : `${path}?${text}`;
}

const decoder = new TextDecoder();

/** Undefined for what is no object of JSON or YAML. */
function jsonOf(body: unknown): Fields | undefined {
  if (body === undefined || body === null) return undefined;
  if (!(body instanceof Uint8Array)) return typeof body === "object" ? (body as Fields) : undefined;
  if (body.length === 0) return undefined;
  const text = decoder.decode(body);
  try {
    return /^\s*[[{]/.test(text) ? JSON.parse(text) : (fromYaml(text)[0] as Fields | undefined);
  } catch {
    return undefined; // The client reads what is wrong with it; the event shows the refusal.
  }
}

const wantsObject = (response: ApiResponse, rank: number): boolean =>
  response.status >= 400 || rank >= auditLevels.indexOf("RequestResponse") || (response.bytes?.[0]?.length ?? 0) < 4096;

function answeredObject(response: ApiResponse): Fields | undefined {
  if (response.object !== undefined) return response.object as Fields;
  const type = String(response.headers["content-type"] ?? "");
  if (response.bytes === undefined || !type.startsWith("application/json")) return undefined;
  let text = "";
  for (const bytes of response.bytes) text += decoder.decode(bytes, { stream: true });
  text += decoder.decode();
  return jsonOf(new TextEncoder().encode(text));
}

function statusOf(response: ApiResponse, object: Fields | undefined): Fields {
  if (object?.["kind"] !== "Status" || object["apiVersion"] !== "v1") return { metadata: {}, code: response.status };
  const { status, message, reason, details } = object;
  return { metadata: {}, status, message, reason, details, code: response.status };
}

/** Of an object, a list's items or a table's rows; anything else stays as it is. */
function withoutManagedFields(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const object = value as Fields;
  const { metadata, items, rows } = object;
  const bare = { ...object };
  if (typeof metadata === "object" && metadata !== null && "managedFields" in metadata) {
    const { managedFields: _, ...rest } = metadata as Fields;
    bare["metadata"] = rest;
  }
  if (Array.isArray(items)) bare["items"] = items.map(withoutManagedFields);
  if (Array.isArray(rows) && object["kind"] === "Table")
    bare["rows"] = rows.map((row: Fields) => ({ ...row, object: withoutManagedFields(row["object"]) }));
  return bare;
}
