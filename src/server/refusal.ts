// The answer of a server that is on its way out. Upstream: apiserver's server/filters/with_retry_after.go.
import type { ApiRequest, ApiResponse, Identity } from "../machinery/index.ts";
import { textResponse } from "./documents/documents.ts";

const exemptPaths = /^\/(readyz|livez|healthz|metrics)/;

/** The server's own requests come through, and those that look after it. */
export const isRefused = (request: ApiRequest, identity: Identity): boolean =>
  identity.kind === "peer" && !exemptPaths.test(request.path);

export function shuttingDown(): ApiResponse {
  const { headers, ...page } = textResponse(429, "The apiserver is shutting down, please try again later.\n");
  return { ...page, headers: { ...headers, "retry-after": "5" } };
}
