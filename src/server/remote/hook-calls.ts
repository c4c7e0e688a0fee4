// Calls of webhooks on their way out of the server: a Service becomes the address it is reached at, and what is meant for this server itself
// never leaves it. Upstream: apiserver/pkg/util/webhook NewDefaultAuthenticationInfoResolverWrapper, kube-aggregator's resolvers.go.
import { type Clock, timeoutSignal } from "../../base/index.ts";
import type { ApiRequest, ApiResponse, Handle } from "../../machinery/index.ts";
import { serverUser } from "../accessors.ts";
import { wholeOf } from "../aggregation/forward.ts";
import type { Address, ServicePort, WebhookAnswer, WebhookCall, WebhookConnections } from "../contract.ts";

export interface HookRoutes {
  /** Throws an error whose message says why there is no way. */
  readonly resolve: (service: ServicePort) => Address;
  readonly handle: Handle;
  readonly clock: Clock;
}

const ownHost = "kubernetes.default.svc";

/** The connections stay the caller's to close. */
export function hookCalls(connections: WebhookConnections, { resolve, ...self }: HookRoutes): WebhookConnections {
  return {
    post(call) {
      const url = new URL(call.url);
      if (url.hostname === ownHost && (url.port === "" || url.port === "443")) return postToSelf(self, call, url);
      const { service, ...rest } = call;
      return connections.post(service === undefined ? rest : { ...rest, connectTo: resolve(service) });
    },
    close: () => {},
  };
}

/** As the server itself, who may do everything. */
async function postToSelf(
  { handle, clock }: Omit<HookRoutes, "resolve">,
  call: WebhookCall,
  url: URL,
): Promise<WebhookAnswer> {
  using signal = timeoutSignal(clock, call.timeoutMs, call.signal);
  const request: ApiRequest = {
    method: "POST",
    path: url.pathname,
    query: url.searchParams,
    headers: {
      accept: "application/json, */*",
      "content-type": "application/json",
      "user-agent": "kube-apiserver-admission",
    },
    body: call.body,
    signal,
  };
  let answer: ApiResponse;
  try {
    answer = await handle(request, { kind: "user", user: serverUser });
  } catch (error) {
    if (signal.aborted) throw new Error("context deadline exceeded", { cause: error });
    throw error;
  }
  return { status: answer.status, headers: answer.headers, body: await wholeOf(answer) };
}
