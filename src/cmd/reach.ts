// Tells the operator of a component that its API server does not answer, or does not let it in: at once, then once a minute,
// and when that is over. Retrying is the callers' own matter; without this they would do it in silence.
import type { Clock, Logger } from "../base/index.ts";
import type { ApiRequest, ApiResponse, Transport } from "../machinery/index.ts";

export interface OutageTellerOptions {
  readonly server: string;
  readonly clock: Clock;
  readonly log: Logger;
}

const tellEveryMs = 60_000;

/** Wraps transports to one server, which tell of it together. Answers and errors pass unchanged. */
export function outageTeller({ server, clock, log }: OutageTellerOptions): (transport: Transport) => Transport {
  let silentSinceMs: number | undefined;
  const lastToldMs = new Map<string, number>();
  const once = (key: string, tell: () => void): void => {
    const nowMs = clock.monotonic();
    if (nowMs - (lastToldMs.get(key) ?? Number.NEGATIVE_INFINITY) < tellEveryMs) return;
    lastToldMs.set(key, nowMs);
    tell();
  };
  const answered = (request: ApiRequest, { status }: ApiResponse): void => {
    if (silentSinceMs !== undefined) {
      const afterSeconds = Math.round((clock.monotonic() - silentSinceMs) / 1000);
      silentSinceMs = undefined;
      lastToldMs.delete("silent");
      log.info("the API server answers again", { server, afterSeconds });
    }
    if (status === 401)
      once("401", () => log.error("the API server does not accept this component's credentials", { server }));
    // A refused write is the caller's to report; a refused read would only show as something that never happens.
    if (status === 403 && request.method === "GET")
      once("403", () => log.error("the API server forbids a read, will retry", { server, path: request.path }));
  };
  const failed = (error: unknown): void => {
    silentSinceMs ??= clock.monotonic();
    once("silent", () => log.error("the API server does not answer, will retry", { server, error }));
  };
  return (transport) => ({
    async request(request) {
      let response: ApiResponse;
      try {
        response = await transport.request(request);
      } catch (error) {
        if (!request.signal?.aborted) failed(error);
        throw error;
      }
      answered(request, response);
      return response;
    },
    close: () => transport.close(),
  });
}
