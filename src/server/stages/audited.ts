// What is noted of a request at its beginning.
import type { Identity } from "../../machinery/index.ts";
import { type Auditor, NotAudited } from "../audit/contract.ts";
import type { RequestContext } from "../context.ts";
import type { Flight } from "./flight.ts";

interface Noted {
  readonly flight: Flight;
  readonly identity: Identity;
  /** The context's user stands for somebody who could not be identified. */
  readonly nobody?: true;
}

/**
 * A backend may hold the request until its first event is kept; without that nothing is done: rejects with NotAudited.
 * Undefined when there is nothing to wait for.
 */
export function audited(
  auditor: Auditor | undefined,
  context: RequestContext,
  { flight, identity }: Noted,
): Promise<void> | undefined {
  if (auditor === undefined) return undefined;
  beginTrail(auditor, context, { flight, identity });
  return flight.trail === undefined || flight.trail.received === true ? undefined : waitUntilKept(flight);
}

/** Gives the flight its trail, unless nothing is written about such requests. */
export function beginTrail(auditor: Auditor, context: RequestContext, { flight, identity, nobody }: Noted): void {
  flight.trail = auditor.begin(context.request, {
    info: context.info,
    user: nobody ? undefined : context.user,
    auditId: context.auditId,
    receivedMs: context.nowMs,
    remoteAddress: identity.kind === "peer" ? identity.peer.remoteAddress : undefined,
    longRunning: flight.longRunning,
    annotations: context.annotations,
  });
}

async function waitUntilKept(flight: Flight): Promise<void> {
  if ((await flight.trail?.received) !== false) return;
  flight.trail = undefined;
  throw new NotAudited();
}
