// The kubelet's API over HTTPS. Upstream: pkg/kubelet/server/server.go.
import { createServer as createPlainServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { type Clock, errorText, type Logger } from "../../base/index.ts";
import type { Client } from "../../client/index.ts";
import type { Kubelet } from "../kubelet.ts";
import { registerPodCounts } from "../stats/own.ts";
import { type AccessOptions, createAccess } from "./authorize.ts";
import { RouteError } from "./route.ts";
import { createRoutes } from "./routes.ts";
import { serveUpgrade } from "./upgrade.ts";

/** PEM. */
export interface ServingCertificate {
  readonly cert: string;
  readonly key: string;
}

export interface ServeKubeletOptions {
  readonly kubelet: Kubelet;
  /** Without it the server speaks plain HTTP and lets everybody in: for tests only. */
  readonly tls?: Partial<ServingCertificate> & { readonly clientCA?: string };
  readonly bindAddress: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Asks the API server who may do what. */
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Logger;
  readonly authorization?: AccessOptions["mode"];
}

export interface KubeletServer {
  readonly port: number;
  /** For connections from now on; without one none comes about, as before the first. */
  useCertificate(certificate: ServingCertificate | undefined): void;
  close(): Promise<void>;
}

/** Go's server: a command of tens of kilobytes is part of the request's line. */
const headBounds = { maxHeaderSize: 1 << 20 };

/** Resolves when it listens; rejects when the port is taken. */
export async function serveKubelet(options: ServeKubeletOptions): Promise<KubeletServer> {
  const { kubelet, tls, client, clock } = options;
  const log = options.log.child("server");
  const access =
    tls === undefined
      ? async () => ({ status: 200, asker: { username: "", groups: [] } }) as const
      : createAccess({ client, clock, nodeName: kubelet.context.nodeName, mode: options.authorization ?? "webhook" });
  const { metrics, nodeName } = kubelet.context;
  registerPodCounts(metrics, { nodeName, desired: kubelet.workers.all, active: kubelet.workers.active });
  const routes = createRoutes(kubelet);
  const sockets = new Set<Duplex>();

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const gone = new AbortController();
    response.on("close", () => gone.abort(new DOMException("the caller is gone", "AbortError")));
    try {
      const url = urlOf(request);
      await permit(access, request, url.pathname);
      await routes({
        method: request.method ?? "GET",
        path: decodeURIComponent(url.pathname),
        query: url.searchParams,
        response,
        signal: gone.signal,
      });
    } catch (error) {
      if (!gone.signal.aborted) refuse(response, error, log);
    }
  };

  const upgrade = async (request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> => {
    socket.on("error", () => socket.destroy());
    try {
      const url = urlOf(request);
      await permit(access, request, url.pathname);
      await serveUpgrade(
        kubelet,
        { request, socket, head, path: decodeURIComponent(url.pathname), query: url.searchParams },
        log,
      );
    } catch (error) {
      const { status, message } = told(error, log);
      socket.end(
        `HTTP/1.1 ${status} \r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: ${Buffer.byteLength(message) + 1}\r\nconnection: close\r\n\r\n${message}\n`,
      );
    }
  };

  const ofClients =
    tls?.clientCA === undefined
      ? {}
      : { ca: tls.clientCA, allowPartialTrustChain: true, requestCert: true, rejectUnauthorized: false };
  const secured =
    tls === undefined ? undefined : createTlsServer({ ...headBounds, ...ofCertificate(tls), ...ofClients });
  const server: Server = secured === undefined ? createPlainServer(headBounds) : (secured as unknown as Server);
  server.on("request", (request, response) => void answer(request, response));
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => void upgrade(request, socket, head));
  for (const event of ["connection", "secureConnection"])
    server.on(event, (socket: Duplex) => {
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
    });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, options.bindAddress, () => {
      server.off("error", reject);
      resolve();
    });
  });
  return {
    port: (server.address() as AddressInfo).port,
    useCertificate: (certificate) => secured?.setSecureContext({ ...ofCertificate(certificate ?? {}), ...ofClients }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function urlOf({ url = "/" }: IncomingMessage): URL {
  const parsed = URL.parse(url.startsWith("/") ? `https://kubelet${url}` : url);
  if (parsed === null) throw new RouteError(400, `the request's address cannot be read: ${url.slice(0, 200)}`);
  return parsed;
}

const ofCertificate = ({ cert, key }: Partial<ServingCertificate>): Partial<ServingCertificate> =>
  cert === undefined || key === undefined ? {} : { cert, key };

async function permit(access: ReturnType<typeof createAccess>, request: IncomingMessage, path: string): Promise<void> {
  const verdict = await access(request, path);
  if (verdict.status !== 200) throw new RouteError(verdict.status, verdict.message);
}

function told(error: unknown, log: Logger): { status: number; message: string } {
  if (error instanceof RouteError) return error;
  log.warn("a request to the kubelet failed", { error });
  return { status: 500, message: errorText(error) };
}

function refuse(response: ServerResponse, error: unknown, log: Logger): void {
  const { status, message } = told(error, log);
  // Half an answer is out already: only breaking off tells that something is missing.
  if (response.headersSent) return void response.destroy();
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8" });
  response.end(message);
}
