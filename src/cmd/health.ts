// The port on which a component tells how it is: /healthz, /livez, /readyz for everyone, /metrics for those whom the API server lets
// read it. Upstream: k8s.io/apiserver options (secure serving, delegating authentication and authorization).
import { createServer as createPlainServer, type IncomingMessage, type RequestListener } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { subjectAccessReviews, tokenReviews } from "../api/index.ts";
import { type Clock, errorText, type Logger, type MetricRegistry } from "../base/index.ts";
import type { Client } from "../client/index.ts";
import type { KeyPair } from "../cluster/pki/index.ts";

export interface HealthOptions {
  readonly address: string;
  /** 0 turns the port off. */
  readonly port: number;
  readonly healthy: () => boolean;
  readonly metrics: Pick<MetricRegistry, "render">;
  readonly log: Logger;
  /** HTTPS; plain HTTP without. */
  readonly tls?: KeyPair;
  /** Asks the API server who may read more than the health. Without, everyone may. */
  readonly access?: (request: IncomingMessage, path: string) => Promise<Refusal | undefined>;
}

export interface Refusal {
  readonly code: 401 | 403 | 500;
  readonly reason: "Unauthorized" | "Forbidden" | "InternalError";
  readonly message: string;
}

const healthPaths = ["/healthz", "/livez", "/readyz"];

/** Resolves when the port is open, with what closes it. Rejects when it cannot be opened. */
export async function serveHealth(options: HealthOptions): Promise<() => void> {
  if (options.port === 0) return () => {};
  const listener: RequestListener = (request, response) => {
    answer(options, request).then(
      ({ status, type, body }) => response.writeHead(status, { "content-type": type }).end(body),
      (error: unknown) => {
        options.log.error("a request to the health port failed", { path: request.url ?? "", error });
        response.writeHead(500).end();
      },
    );
  };
  const server = options.tls ? createTlsServer(options.tls, listener) : createPlainServer(listener);
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) =>
      reject(new Error(portError(error, `${options.address}:${options.port}`), { cause: error })),
    );
    server.listen(options.port, options.address, resolve);
  });
  options.log.debug("serving health and metrics", { port: (server.address() as AddressInfo).port });
  return () => {
    server.close();
    server.closeAllConnections();
  };
}

/** What went wrong with opening a port, and what to do about it. */
export function portError(error: NodeJS.ErrnoException, where: string): string {
  if (error.code === "EADDRINUSE")
    return `cannot listen on ${where}: the port is in use; end the process that has it (ss -ltnp shows it) or choose another port`;
  if (error.code === "EACCES") return `cannot listen on ${where}: no permission; use a port above 1023 or more rights`;
  if (error.code === "EADDRNOTAVAIL") return `cannot listen on ${where}: this machine does not have that address`;
  return `cannot listen on ${where}: ${error.message}`;
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

async function answer(options: HealthOptions, request: IncomingMessage): Promise<Answer> {
  const path = new URL(request.url ?? "/", "http://localhost").pathname;
  const text = (status: number, body: string): Answer => ({ status, type: "text/plain; charset=utf-8", body });
  if (healthPaths.includes(path)) return options.healthy() ? text(200, "ok") : text(500, "not healthy");
  const refusal = await options.access?.(request, path);
  if (refusal !== undefined) return { status: refusal.code, type: "application/json", body: statusOf(refusal) };
  if (path !== "/metrics") return text(404, "404 page not found\n");
  return { status: 200, type: "text/plain; version=0.0.4; charset=utf-8", body: options.metrics.render() };
}

const statusOf = ({ code, reason, message }: Refusal): string =>
  JSON.stringify({
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message,
    reason,
    ...(reason === "Forbidden" ? { details: {} } : {}),
    code,
  });

interface Asker {
  readonly username: string;
  readonly groups: readonly string[];
}

const anonymous: Asker = { username: "system:anonymous", groups: ["system:unauthenticated"] };
/** Upstream's caching of delegated answers. */
const keptMs = 10_000;

/** Who asks is told by a TokenReview, whether they may by a SubjectAccessReview of the path. */
export function delegatedAccess({
  client,
  clock,
  log,
}: {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Logger;
}): NonNullable<HealthOptions["access"]> {
  const known = new Map<string, { readonly refusal: Refusal | undefined; readonly untilMs: number }>();
  const decide = async (token: string | undefined, verb: string, path: string): Promise<Refusal | undefined> => {
    const asker = token === undefined ? anonymous : await whoHas(client, token);
    if (asker === undefined) return { code: 401, reason: "Unauthorized", message: "Unauthorized" };
    if (await mayRead(client, asker, { verb, path })) return undefined;
    return {
      code: 403,
      reason: "Forbidden",
      message: `forbidden: User ${JSON.stringify(asker.username)} cannot ${verb} path ${JSON.stringify(path)}`,
    };
  };
  return async (request, path) => {
    const token = /^bearer\s+(\S+)$/i.exec(request.headers.authorization ?? "")?.[1];
    const verb = (request.method ?? "GET").toLowerCase();
    const key = JSON.stringify([token, verb, path]);
    const found = known.get(key);
    if (found !== undefined && found.untilMs > clock.monotonic()) return found.refusal;
    try {
      const refusal = await decide(token, verb, path);
      if (known.size > 1000) known.clear();
      known.set(key, { refusal, untilMs: clock.monotonic() + keptMs });
      return refusal;
    } catch (error) {
      log.debug("the API server could not be asked who may read", { path, error });
      const message = `Internal error occurred: ${errorText(error)}`;
      return { code: 500, reason: "InternalError", message };
    }
  };
}

async function whoHas(client: Client, token: string): Promise<Asker | undefined> {
  const { status } = await client.of(tokenReviews).create({
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenReview",
    metadata: {},
    spec: { token },
  });
  if (status?.authenticated !== true) return undefined;
  return { username: status.user?.username ?? "", groups: status.user?.groups ?? [] };
}

async function mayRead(client: Client, asker: Asker, attributes: { verb: string; path: string }): Promise<boolean> {
  const { status } = await client.of(subjectAccessReviews).create({
    apiVersion: "authorization.k8s.io/v1",
    kind: "SubjectAccessReview",
    metadata: {},
    spec: { user: asker.username, groups: [...asker.groups], nonResourceAttributes: attributes },
  });
  return status?.allowed === true;
}
