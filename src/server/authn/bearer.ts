// Where a request carries its bearer token.
import type { ApiRequest } from "../../machinery/index.ts";
import { InvalidCredentials } from "./credentials.ts";

const protocolPrefix = "base64url.bearer.authorization.k8s.io.";

/** The token of `Authorization: Bearer`, or of the WebSocket subprotocol that browsers use instead of the header. */
export function bearerTokenOf(request: ApiRequest): string | undefined {
  const header = request.headers["authorization"]?.trim();
  if (header) {
    const [scheme = "", token] = header.split(" ");
    if (scheme.toLowerCase() === "bearer" && token) return token;
  }
  const protocols = request.headers["sec-websocket-protocol"];
  if (protocols === undefined || request.headers["upgrade"]?.toLowerCase() !== "websocket") return undefined;
  const tokens = protocols
    .split(",")
    .map((each) => each.trim())
    .filter((each) => each.startsWith(protocolPrefix));
  if (tokens.length === 0) return undefined;
  if (tokens.length > 1) throw new InvalidCredentials("multiple base64.bearer.authorization tokens specified");
  return decode(tokens[0]!.slice(protocolPrefix.length));
}

function decode(base64url: string): string {
  try {
    const binary = atob(base64url.replaceAll("-", "+").replaceAll("_", "/"));
    return new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.from(binary, (each) => each.charCodeAt(0)));
  } catch (error) {
    throw new InvalidCredentials(
      error instanceof TypeError
        ? "invalid base64.bearer.authorization token"
        : "invalid base64.bearer.authorization token encoding",
    );
  }
}
