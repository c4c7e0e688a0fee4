// What an extension server gets of the clients' requests. Upstream: kube-aggregator's handler_proxy.go.
import type { APIService } from "../../api/index.ts";
import { timeoutSignal } from "../../base/index.ts";
import type { RequestContext } from "../context.ts";
import { targetOf } from "./asking.ts";
import { isAvailable } from "./availability.ts";
import type { Extension, ExtensionTarget } from "./contract.ts";
import { failed, unavailable } from "./failures.ts";
import { forward, requestTo, wholeOf } from "./forward.ts";
import type { AggregationHost } from "./host.ts";

const discoveryTimeoutMs = 5000;

/** `current`: the APIService as it is when a request comes. */
export function extensionOf(host: AggregationHost, current: () => APIService | undefined): Extension {
  const { clock, log, dialer } = host;
  const tellsUid = host.featureEnabled("RemoteRequestHeaderUID");

  function target(): ExtensionTarget | undefined {
    const service = current();
    if (service === undefined || !isAvailable(service)) return undefined;
    try {
      return targetOf(service, host);
    } catch (error) {
      log.warn("the service of an APIService cannot be resolved", { name: service.metadata.name, error });
      return undefined;
    }
  }

  return {
    async serve(context) {
      const found = target();
      if (found === undefined || dialer === undefined) return unavailable();
      if (found.authorities !== undefined && !found.authorities.includes("-----BEGIN CERTIFICATE-----"))
        return failed(500, "unable to load root certificates: unable to parse bytes as PEM block");
      const options = { dialer, tellsUid, rejectRedirects: host.rejectRedirects !== false };
      if (!isDiscovery(context)) return forward(found, context, options);
      // All clients wait for the discovery of every server.
      using signal = timeoutSignal(clock, discoveryTimeoutMs, context.request.signal);
      const answer = await forward(found, { ...context, request: { ...context.request, signal } }, options);
      if (answer.stream === undefined) return answer;
      return { status: answer.status, headers: answer.headers, bytes: [await wholeOf(answer)] };
    },
    upgrade(context) {
      const found = target();
      if (found === undefined || dialer === undefined) return unavailable();
      return dialer.upgrade(found, requestTo(found, context, { tellsUid, kind: "upgrade" }));
    },
  };
}

/** `/apis/group/version` alone. */
const isDiscovery = ({ info }: RequestContext): boolean =>
  !info.isResource && info.path.replace(/^\/+|\/+$/g, "").split("/").length === 3;
