// A request's turn: a bound on how many are answered at a time.
import type { RequestContext } from "../context.ts";
import type { Pass, RequestGate } from "../flowcontrol/gate.ts";
import type { Flight } from "./flight.ts";

const longestWaitMs = 60_000;

/**
 * The right to be answered, now or when it is this request's turn; undefined for streams other than watches, which need none.
 * Throws TooManyRequests. `mostMs`: how long requests may take that have no end of their own.
 */
export function enter(
  gate: RequestGate,
  { info, user, request }: RequestContext,
  { flight, mostMs }: { readonly flight: Flight; readonly mostMs: number },
): Pass | Promise<Pass> | undefined {
  if (flight.longRunning && info.verb !== "watch") return undefined;
  return gate.enter({
    info,
    user,
    query: request.query,
    signal: request.signal,
    arrivedMs: flight.startedMs,
    waitLimitMs: Math.min((flight.timeoutMs || mostMs || longestWaitMs) / 4, longestWaitMs),
  });
}
