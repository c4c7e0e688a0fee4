// Upgraded connections (SPDY, WebSocket) through the API server: exec, attach, port-forward, proxy. The backend is asked first,
// and bytes flow both ways only after it has switched protocols. A backend that refuses must never get the client's next
// bytes: behind the API server's certificate they would be anybody's request to the kubelet.

import { type ClientRequest, request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import type { Duplex } from "node:stream";
import { type Logger, silentLogger } from "../../base/index.ts";
import {
  type ApiRequest,
  type ApiResponse,
  type Handle,
  type Identity,
  internalError,
  notImplemented,
  StatusError,
} from "../../machinery/index.ts";
import type { Authorizer } from "../contract.ts";
import type { ConnectTarget, UpgradeDecision } from "../streaming/connect.ts";
import { type Location, type LocationOptions, locate } from "../streaming/location.ts";
import { forwardedHeaders } from "../streaming/proxy-headers.ts";
import { checkMayCreate } from "../streaming/upgrade-permission.ts";
import type { UpgradedConnection, UpgradeHandler } from "./listen.ts";
import type { NodeConnections } from "./outbound/dialer.ts";
import { goErrorText } from "./outbound/go-errors.ts";
import { asksForWebSocket, overWebSocket } from "./websocket-answers.ts";

/** What an upgrade asks of the API server. */
export interface UpgradeServer {
  /** The pipeline up to the connection. */
  readonly decideUpgrade: (request: ApiRequest, identity: Identity) => Promise<UpgradeDecision>;
  readonly isExtension?: (path: string) => boolean;
  /** Answers requests that ask to upgrade where nothing can be upgraded to, as ordinary ones. */
  readonly handle: Handle;
  readonly authorizer: Authorizer;
}

/** How kubelets and pods are reached. */
export interface UpgradeRoutes extends LocationOptions {
  readonly connections: NodeConnections;
  readonly log: Logger;
}

/** For the listener's `upgrade`. Without routes, as in a server that has no way to its nodes, connections are refused. */
export function upgradeHandler(server: UpgradeServer, routes?: UpgradeRoutes): UpgradeHandler {
  return async (request, identity) => {
    // An Upgrade header alone means nothing where no protocol is switched: h2c, watches of old clients.
    if (!isConnectPath(request.path) && server.isExtension?.(request.path) !== true)
      return ordinary(request, await server.handle(request, identity), routes?.log);
    const decision = await server.decideUpgrade(request, identity);
    if (decision.type === "refused") return decision.response;
    if (decision.type === "extension") return decision.connection;
    const { target } = decision;
    try {
      await checkMayCreate(target, server.authorizer);
      if (routes === undefined) throw notImplemented(`${target.resource}/${target.subresource}`);
      const location = await locate(target, routes);
      if (location === undefined) return { status: 204, headers: {} };
      return connect(target, location, routes);
    } catch (error) {
      if (error instanceof StatusError) return statusResponse(error);
      throw error;
    }
  };
}

const ordinary = (
  request: ApiRequest,
  answer: ApiResponse,
  log: Logger = silentLogger,
): ApiResponse | UpgradedConnection => (asksForWebSocket(request) ? overWebSocket(request, answer, log) : answer);

const isConnectPath = (path: string): boolean => /\/(exec|attach|portforward|proxy)(\/|$)/.test(path);

function connect({ request }: ConnectTarget, location: Location, options: UpgradeRoutes): UpgradedConnection {
  return {
    takeOver(client, head) {
      const { host, port, security, path, search } = location;
      const tls = security !== "none";
      const make = tls ? httpsRequest : httpRequest;
      const outgoing = make({
        ...options.connections.connection({ host, port, tls, ...(security === "unverified" ? { verify: false } : {}) }),
        method: request.method,
        path: (path === "" ? "/" : path) + search,
        headers: forwardedHeaders(request, location, "upgrade"),
      });
      carryUpgrade(outgoing, { client, head }, (error) => {
        options.log.warn("a backend could not be reached for an upgrade", { error, host, port, path });
        return goErrorText(error, host);
      });
    },
  };
}

/** Sends a request that asks to switch protocols and joins both sides once it has; whatever else comes goes to the client. */
export function carryUpgrade(
  outgoing: ClientRequest,
  { client, head }: { readonly client: Duplex; readonly head: Uint8Array },
  textOf: (error: Error) => string,
): void {
  const giveUp = (): void => void outgoing.destroy();
  client.once("close", giveUp);
  outgoing.on("upgrade", (answer, backend: Duplex, first: Uint8Array) => {
    client.off("close", giveUp);
    client.write(headOf(answer));
    if (first.length > 0) client.write(first);
    if (head.length > 0) backend.write(head);
    join(client, backend);
  });
  outgoing.on("response", (answer) => {
    client.off("close", giveUp);
    forwardRefusal(answer, client);
  });
  outgoing.on("error", (error) => {
    if (!client.destroyed) writeStatus(internalError(`error dialing backend: ${textOf(error)}`), client);
  });
  outgoing.end();
}

/** Copies both ways until either side ends; then both are gone. What the backend said before its end still reaches the client. */
function join(client: Duplex, backend: Duplex): void {
  client.pipe(backend);
  backend.pipe(client);
  const end = (): void => {
    client.destroy();
    backend.destroy();
  };
  for (const side of [client, backend]) side.once("error", end);
  client.once("close", end);
  backend.once("close", () => client.end(end));
}

function headOf(answer: IncomingMessage): string {
  let head = `HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}\r\n`;
  for (let index = 0; index + 1 < answer.rawHeaders.length; index += 2)
    head += `${answer.rawHeaders[index]}: ${answer.rawHeaders[index + 1]}\r\n`;
  return `${head}\r\n`;
}

/** The backend's own answer, and the end of the connection. */
function forwardRefusal(answer: IncomingMessage, client: Duplex): void {
  const status = answer.statusCode ?? 500;
  if (status < 400) {
    answer.destroy();
    writeStatus(internalError(`invalid upgrade response: status code ${status}`), client);
    return;
  }
  let head = `HTTP/1.1 ${status} ${answer.statusMessage}\r\nConnection: close\r\n`;
  for (let index = 0; index + 1 < answer.rawHeaders.length; index += 2) {
    const name = answer.rawHeaders[index]!;
    // The body comes out decoded, and ends with the connection.
    if (!/^(connection|keep-alive|transfer-encoding)$/i.test(name))
      head += `${name}: ${answer.rawHeaders[index + 1]}\r\n`;
  }
  client.write(`${head}\r\n`);
  answer.pipe(client);
  answer.on("error", () => client.destroy());
}

const statusResponse = (error: StatusError): ApiResponse => ({
  status: error.code,
  headers: { "content-type": "application/json", ...error.headers },
  bytes: [new TextEncoder().encode(`${JSON.stringify(error.status)}\n`)],
});

function writeStatus(error: StatusError, client: Duplex): void {
  const body = JSON.stringify(error.status);
  client.end(
    `HTTP/1.1 ${error.code} ${error.reason}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}
