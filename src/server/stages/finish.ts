// What every answer gets before it goes out, and who is told when it is over: a stream is counted, and audited, until its end.
import type { ApiRequest, ApiResponse, WatchSource } from "../../machinery/index.ts";
import { warningHeaders } from "../content/warnings.ts";
import type { RequestContext } from "../context.ts";
import type { WatchTracker } from "../flowcontrol/work-estimate.ts";
import type { RequestMetrics } from "../metrics.ts";
import type { Flight } from "./flight.ts";

export function withCommonHeaders(
  response: ApiResponse,
  { auditId, headers }: Flight,
  context: RequestContext | undefined,
): ApiResponse {
  const warnings = warningHeaders(context?.warnings ?? []);
  return {
    ...response,
    headers: {
      "audit-id": auditId,
      "cache-control": "no-cache, private",
      ...headers,
      ...response.headers,
      ...(warnings.length === 0 ? {} : { warning: warnings }),
    },
  };
}

/** The same answer, whose end is told to the metrics, the audit and whoever counts watches. */
export function followed(
  response: ApiResponse,
  request: ApiRequest,
  of: { readonly flight: Flight; readonly metrics: RequestMetrics; readonly watches: WatchTracker | undefined },
): ApiResponse | Promise<ApiResponse> {
  const { info, trail } = of.flight;
  if (response.watch !== undefined) {
    const counted = of.metrics.longRunning(info, request);
    const forget = of.watches?.register(info, request.query);
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
