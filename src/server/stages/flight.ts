// What one request carries through the stages besides its context, and how long it may take.
import { type Clock, type Rng, uuid } from "../../base/index.ts";
import { type ApiRequest, badRequest, parseGoDuration, StatusError } from "../../machinery/index.ts";
import type { AuditTrail } from "../audit/contract.ts";
import type { Pass } from "../flowcontrol/gate.ts";
import { type RequestInfo, requestInfoOf } from "../request-info.ts";

export interface Flight {
  readonly info: RequestInfo;
  readonly auditId: string;
  /** Monotonic. */
  readonly startedMs: number;
  readonly longRunning: boolean;
  /** 0: none. */
  timeoutMs: number;
  trail: AuditTrail | undefined;
  /** Whoever answers speaks CBOR, where that is on: the stages before do not. */
  speaksCbor: boolean;
  /** Of the flow schema that matched. */
  headers: Pass["headers"];
}

const longRunningSubresources: ReadonlySet<string> = new Set(["attach", "exec", "proxy", "log", "portforward"]);

export function takeOff(request: ApiRequest, { clock, rng }: { readonly clock: Clock; readonly rng: Rng }): Flight {
  const info = requestInfoOf(request);
  return {
    info,
    auditId: request.headers["audit-id"] ?? uuid(rng),
    startedMs: clock.monotonic(),
    longRunning: isLongRunning(info),
    timeoutMs: 0,
    trail: undefined,
    speaksCbor: false,
    headers: undefined,
  };
}

function isLongRunning(info: RequestInfo): boolean {
  if (info.verb === "watch" || info.verb === "proxy") return true;
  return info.isResource ? longRunningSubresources.has(info.subresource) : info.path.startsWith("/debug/pprof/");
}

/** A client may ask for less time than the server gives, not for more. Throws StatusError 400. */
export function timeoutOf(request: ApiRequest, { longRunning }: Flight, mostMs: number): number {
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

export const timedOut = (): StatusError =>
  new StatusError({
    code: 504,
    reason: "Timeout",
    message: "Timeout: request did not complete within the allotted timeout",
    details: {},
  });
