// The API server's sockets: HTTPS with HTTP/2 and HTTP/1.1, and plain HTTP (both versions, by the client's first bytes) for
// unix sockets and tests. Adapters only: every request goes to `handle`, every upgrade to `upgrade`.
//
// Bounds: bodies are cut at `maxBodyBytes` while they arrive; answers follow the client's reading; a client that takes nothing
// for `stallMs`, one that has not taken a finished answer by then, and an HTTP/2 peer that leaves a ping unanswered for one round lose their connection.

import { createServer as createHttpServer, type IncomingMessage } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { type AddressInfo, createServer as createNetServer, type Server as NetServer, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { SecureContextOptions, TLSSocket, TlsOptions } from "node:tls";
import type { Identity } from "../../machinery/index.ts";
import { Connections } from "./connections.ts";
import type { ListenOptions, PlainListenOptions } from "./listen-options.ts";
import { peerReader } from "./peer.ts";
import { maxHeaderBytes } from "./request.ts";
import { chooseByName, defaultCiphers, type TlsSettings } from "./tls/options.ts";

export type { ListenOptions, PlainListenOptions, UpgradedConnection, UpgradeHandler } from "./listen-options.ts";

export interface TlsMaterial extends TlsSettings {
  /** PEM; the leaf first. */
  readonly cert: string;
  readonly key: string;
  /** PEM bundle. Client certificates are asked for and checked, never required. */
  readonly clientCA?: string;
  /** PEM bundle of the front proxy's authority (aggregation). */
  readonly requestHeaderCA?: string;
}

export interface Listener {
  readonly port: number;
  readonly address: string;
  /** New connections use this from now on; `cert` and `key` always, the authorities when given. */
  reload(tls: TlsMaterial): void;
  /**
   * Stops listening and ends every connection; open requests see their signal abort. With `graceMs` what is being answered
   * is answered first, for so long; streams are not waited for.
   */
  close(graceMs?: number): Promise<void>;
}

/**
 * Go's server in upstream: idle connections for 90 s, headers within 32 s, as many as a head holds (who impersonates sends one for
 * each group); a body has five minutes to arrive.
 */
const http1Bounds = { keepAliveTimeout: 90_000, headersTimeout: 32_000, requestTimeout: 300_000, maxHeadersCount: 0 };

/** Listens with TLS. `requestCert` is always on, so a client without a certificate still gets in. */
export async function serveHttps(options: ListenOptions & TlsMaterial): Promise<Listener> {
  const connections = new Connections(options);
  let tls: TlsMaterial = options;
  const readPeer = peerReader({
    clock: options.clock,
    ...(options.requestHeaderCA === undefined ? {} : { requestHeaderCA: options.requestHeaderCA }),
  });
  const identify = (socket: unknown): Identity => ({ kind: "peer", peer: readPeer(socket as TLSSocket, tls.clientCA) });
  const server = createHttpsServer({
    ...contextOf(tls),
    ALPNProtocols: options.withoutHttp2 ? ["http/1.1"] : ["h2", "http/1.1"],
    ...byName(options),
    requestCert: true,
    rejectUnauthorized: false,
    minVersion: options.minVersion ?? "TLSv1.2",
    maxHeaderSize: maxHeaderBytes,
  });
  Object.assign(server, http1Bounds);
  // What the client chose decides whose connection it is.
  const http1 = server.listeners("secureConnection") as ((socket: TLSSocket) => void)[];
  server.removeAllListeners("secureConnection");
  server.on("secureConnection", (socket: TLSSocket) => {
    socket.on("error", (error) => options.log.debug("TLS connection failed", { error }));
    if (socket.alpnProtocol === "h2") connections.http2(socket, identify);
    else for (const listener of http1) listener.call(server, socket);
  });
  server.on("request", (request, response) => connections.http1(request, response, identify));
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Uint8Array) =>
    connections.upgrade(request, { socket, head }, identify),
  );
  server.on("tlsClientError", (error, socket) => {
    options.log.debug("TLS handshake failed", { error, remoteAddress: socket.remoteAddress ?? "" });
    socket.destroy();
  });
  server.on("connection", (socket: Socket) => connections.trackSocket(socket));
  await listen(server, { host: options.bindAddress ?? "127.0.0.1", port: options.port });
  const { port, address } = server.address() as AddressInfo;
  return {
    port,
    address,
    reload: (next) => {
      tls = { ...tls, ...next };
      server.setSecureContext(contextOf(tls));
    },
    close: (graceMs) => connections.close(server, graceMs),
  };
}

/** Listens without TLS: HTTP/1.1 and HTTP/2 with prior knowledge. */
export async function servePlain(options: PlainListenOptions): Promise<Listener> {
  const connections = new Connections(options);
  const identify = (socket: unknown): Identity => {
    const remoteAddress = (socket as Socket).remoteAddress;
    return { kind: "peer", peer: remoteAddress === undefined ? {} : { remoteAddress } };
  };
  const http1 = createHttpServer({ maxHeaderSize: maxHeaderBytes }, (request, response) =>
    connections.http1(request, response, identify),
  );
  Object.assign(http1, http1Bounds);
  http1.on("upgrade", (request, socket, head) => connections.upgrade(request, { socket, head }, identify));
  const server = createNetServer((socket) => {
    connections.trackSocket(socket);
    socket.once("readable", () => {
      const first: Uint8Array | null = socket.read();
      if (first === null) return void socket.destroy();
      socket.unshift(first);
      // "PRI * HTTP/2.0": no HTTP/1.1 method begins with PRI.
      const isHttp2 = first[0] === 0x50 && first[1] === 0x52 && first[2] === 0x49;
      if (isHttp2) connections.http2(socket, identify);
      else http1.emit("connection", socket);
    });
  });
  await listen(
    server,
    options.socketPath === undefined
      ? { host: options.bindAddress ?? "127.0.0.1", port: options.port ?? 0 }
      : { path: options.socketPath },
  );
  const address = server.address();
  return {
    port: address !== null && typeof address === "object" ? address.port : 0,
    address: address === null ? "" : typeof address === "string" ? address : address.address,
    reload: () => {
      throw new Error("a listener without TLS has no certificates to reload");
    },
    close: (graceMs) => connections.close(server, graceMs),
  };
}

const contextOf = (tls: TlsMaterial): SecureContextOptions => {
  // Without this node would trust the public authorities for client certificates.
  // As in Go, an authority that is given is trusted by itself, also when another one has signed it.
  return { cert: tls.cert, key: tls.key, ...trusting(tls) };
};

const trusting = (tls: TlsMaterial) => ({
  ciphers: tls.ciphers ?? defaultCiphers,
  ca: [tls.clientCA, tls.requestHeaderCA].filter((each) => each !== undefined),
  allowPartialTrustChain: true,
});

/** Who asks for a name of one of the named certificates is shown that one. */
function byName(tls: TlsMaterial): Pick<TlsOptions, "SNICallback"> {
  if (tls.named === undefined || tls.named.length === 0) return {};
  const choose = chooseByName(tls.named, trusting(tls));
  return { SNICallback: (serverName, done) => done(null, choose(serverName)) };
}

function listen(server: NetServer, where: { host: string; port: number } | { path: string }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(where, () => {
      server.off("error", reject);
      resolve();
    });
  });
}
