// A service that a kubeconfig names, asked with JSON: image policies, audit events. Upstream: apiserver/pkg/util/webhook.
//
// Contract: a call that fails in a way that may pass is made again, five times at most, after pauses that grow by half. It resolves with
// the answer's body, or rejects with the error of the last call in upstream's words.
import { type Clock, type Rng, sleep } from "../../base/index.ts";
import { genericResponse, isObject, StatusError } from "../../machinery/index.ts";
import type { RemoteEndpoint, WebhookAnswer, WebhookCall, WebhookConnections } from "../contract.ts";

export interface RemoteWebhook {
  call(body: Uint8Array, signals?: CallSignals): Promise<Uint8Array>;
}

export interface CallSignals {
  /** Ends the call. */
  readonly signal?: AbortSignal | undefined;
  /** Lets a call that is under way end; none follows it. */
  readonly lastCall?: AbortSignal;
  /** Each call has ended so. */
  readonly attempted?: (attempt: CallAttempt) => void;
}

export interface CallAttempt {
  readonly seconds: number;
  /** Why it failed. */
  readonly error?: unknown;
}

export interface RemoteWebhookOptions {
  readonly endpoint: RemoteEndpoint;
  readonly connections: WebhookConnections;
  readonly clock: Clock;
  readonly rng: Rng;
  /** Before the second call. */
  readonly initialBackoffMs: number;
  /** `all`: whatever goes wrong is tried again; `passing`: what usually passes. */
  readonly retry: "all" | "passing";
  /** How long one call may take; 30 seconds when not given. */
  readonly timeoutMs?: number;
}

const callTimeoutMs = 30_000;
const mostCalls = 5;
const growth = 1.5;
const jitter = 0.2;

export function remoteWebhook(options: RemoteWebhookOptions): RemoteWebhook {
  const { endpoint, connections, clock, rng } = options;
  const once = async (body: Uint8Array, signal: AbortSignal | undefined): Promise<Uint8Array> => {
    const call = { body, timeoutMs: options.timeoutMs ?? callTimeoutMs, ...(signal ? { signal } : {}) };
    const answer = await post(connections, endpoint, call);
    if (answer.status >= 200 && answer.status <= 206) return answer.body;
    throw errorOf(answer);
  };
  return {
    async call(body, { signal, lastCall = signal, attempted } = {}) {
      let pauseMs = options.initialBackoffMs;
      for (let calls = 1; ; calls++) {
        const startMs = clock.monotonic();
        const seconds = (): number => (clock.monotonic() - startMs) / 1000;
        try {
          const answer = await once(body, signal);
          attempted?.({ seconds: seconds() });
          return answer;
        } catch (error) {
          attempted?.({ seconds: seconds(), error });
          const passes = options.retry === "all" || mayPass(error);
          if (!passes || calls === mostCalls || signal?.aborted) throw error;
          try {
            await sleep(clock, pauseMs * (1 + jitter * rng.next()), lastCall);
          } catch {
            throw error; // Nobody waits any more: what went wrong is more telling than that.
          }
          pauseMs *= growth;
        }
      }
    },
  };
}

async function post(
  connections: WebhookConnections,
  endpoint: RemoteEndpoint,
  call: Pick<WebhookCall, "body" | "timeoutMs" | "signal">,
): ReturnType<WebhookConnections["post"]> {
  const { authorization, ...rest } = endpoint;
  try {
    return await connections.post({
      ...rest,
      ...call,
      userAgent: "Go-http-client/1.1",
      ...(authorization === undefined ? {} : { authorization: await authorization() }),
    });
  } catch (error) {
    throw new Error(`Post ${JSON.stringify(endpoint.url)}: ${(error as Error).message}`, { cause: error });
  }
}

const decoder = new TextDecoder();

/** A Status in the answer tells what is wrong; anything else is what the code says. */
function errorOf({ status, headers, body }: WebhookAnswer): StatusError {
  const text = decoder.decode(body);
  const type = String(headers["content-type"] ?? "");
  const told = parsed(text);
  if (told?.["kind"] === "Status" && told["status"] !== "Success")
    return new StatusError({ ...(told as object), code: status } as ConstructorParameters<typeof StatusError>[0]);
  const isText = type === "" || type.startsWith("text/");
  return genericResponse(status, isText ? text.slice(0, 2048).trim() : "unknown");
}

function parsed(text: string): Readonly<Record<string, unknown>> | undefined {
  if (!text.startsWith("{")) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined; // Not JSON: the code alone speaks.
  }
}

/** Upstream: DefaultShouldRetry. */
function mayPass(error: unknown): boolean {
  if (!(error instanceof StatusError)) return /: connection reset by peer$/.test((error as Error).message);
  const { reason, details } = error.status;
  if (reason === "InternalError" || reason === "Timeout" || reason === "TooManyRequests") return true;
  return (details?.retryAfterSeconds ?? 0) > 0;
}
