// What browsers are told beside the answer: who may read it from another page (CORS), and to come back by HTTPS only (HSTS).
// Upstream: apiserver's server/filters, cors.go and hsts.go.
import type { ApiRequest, ApiResponse, Handle } from "../../machinery/index.ts";
import { compileGoPattern } from "../../machinery/regexp/index.ts";

export interface BrowserOptions {
  /** `--cors-allowed-origins`: patterns that the Origin header has to match somewhere. */
  readonly allowedOrigins: readonly string[];
  /** `--strict-transport-security-directives`. */
  readonly transportDirectives: readonly string[];
}

const allowed = {
  "access-control-allow-methods": "POST, GET, OPTIONS, PUT, DELETE, PATCH",
  "access-control-allow-headers":
    "Content-Type, Content-Length, Accept-Encoding, X-CSRF-Token, Authorization, X-Requested-With, If-Modified-Since",
  "access-control-expose-headers": "Date",
  "access-control-allow-credentials": "true",
};

/** The same server for browsers. A question before the request itself (OPTIONS) of an allowed origin is answered here, whoever asks. */
export function forBrowsers(handle: Handle, options: BrowserOptions): Handle {
  const { allowedOrigins, transportDirectives } = options;
  if (allowedOrigins.length === 0 && transportDirectives.length === 0) return handle;
  const origins = allowedOrigins.map(compileGoPattern);
  const transport: Record<string, string> =
    transportDirectives.length === 0 ? {} : { "strict-transport-security": transportDirectives.join("; ") };
  const headersFor = ({ headers }: ApiRequest): Record<string, string> | undefined => {
    const { origin } = headers;
    if (!origin || !origins.some((pattern) => pattern.test(origin))) return undefined;
    return { "access-control-allow-origin": origin, ...allowed };
  };
  return async (request, identity): Promise<ApiResponse> => {
    const cross = headersFor(request);
    if (cross !== undefined && request.method === "OPTIONS")
      return { status: 204, headers: { "cache-control": "no-cache, private", ...transport, ...cross } };
    const response = await handle(request, identity);
    return { ...response, headers: { ...transport, ...cross, ...response.headers } };
  };
}
