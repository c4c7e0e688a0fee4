// Where a probe or hook goes. Upstream: pkg/probe/util.go, pkg/probe/http/request.go.
import type { Container, HTTPGetAction, IntOrString } from "../../api/index.ts";
import type { HttpProbe } from "../host.ts";

/** A number, or the number of the container's port of that name. Throws with upstream's text. */
export function portNumber(port: IntOrString, container: Container): number {
  if (typeof port === "number") return checked(port);
  const named = container.ports?.find((each) => each.name === port)?.containerPort;
  if (named !== undefined) return checked(named);
  if (/^\d+$/.test(port)) return checked(Number(port));
  throw new Error(`couldn't find port: ${JSON.stringify(port)} in container ${container.name}`);
}

function checked(port: number): number {
  if (port > 0 && port < 65536) return port;
  throw new Error(`invalid port number: ${port}`);
}

const bracketed = (host: string): string => (host.includes(":") && !host.startsWith("[") ? `[${host}]` : host);

export function httpTarget(
  action: HTTPGetAction,
  container: Container,
  options: { readonly host: string; readonly userAgent: string },
): Omit<HttpProbe, "timeoutMs"> {
  const scheme = (action.scheme ?? "HTTP").toLowerCase();
  const path = action.path ?? "";
  const headers = (action.httpHeaders ?? []).map(({ name, value }) => [name, value] as const);
  const given = new Set(headers.map(([name]) => name.toLowerCase()));
  const all = [...headers];
  if (!given.has("user-agent")) all.push(["User-Agent", options.userAgent]);
  if (!given.has("accept")) all.push(["Accept", "*/*"]);
  return {
    url: `${scheme}://${bracketed(options.host)}:${portNumber(action.port, container)}${path.startsWith("/") || path === "" ? path : `/${path}`}`,
    // An empty value takes a default header away.
    headers: all.filter(
      ([name, value]) => value !== "" || (name.toLowerCase() !== "accept" && name.toLowerCase() !== "user-agent"),
    ),
  };
}
