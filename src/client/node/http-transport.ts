// The Transport over a network: one multiplexed HTTP/2 session for https servers, HTTP/1.1 for http ones and for servers that
// do not speak HTTP/2. A broken session fails its requests; the next request makes a new one.
import * as http from "node:http";
import * as https from "node:https";
import process from "node:process";
import * as tls from "node:tls";
import type { ApiRequest, ApiResponse, Transport } from "../../machinery/index.ts";
import { ClientConnection, type Request, UnprocessedError } from "../http2/index.ts";

export interface HttpTransportOptions {
  /** `https://host:port[/prefix]`. */
  readonly server: string;
  /** PEM. Absent: the system's roots. */
  readonly ca?: string | Uint8Array;
  /** A bearer token, or how to get a current one. */
  readonly token?: string | (() => string | Promise<string>);
  /** PEM, both or none. */
  readonly cert?: string | Uint8Array;
  readonly key?: string | Uint8Array;
  /** In place of both, asked for every new connection: certificates that are renewed. */
  readonly certificate?: () => { readonly cert: string; readonly key: string };
  readonly basic?: { readonly username: string; readonly password: string };
  /** The name to check the server's certificate against, when it is not the URL's host. */
  readonly serverName?: string;
  /** Does not check the server's certificate. */
  readonly insecure?: boolean;
  /** Extra headers of every request: impersonation. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** How long a server may take for the connection itself. */
const connectTimeoutMs = 30_000;
/** A silent session is asked for a sign of life this often; without one in the same time it is dropped. */
const pingEveryMs = 30_000;

interface Wire {
  request(request: Request): Promise<ApiResponse>;
  close(): void;
}

/** A server may end connections as often as it likes; one that ends each before it has looked at a request is no server. */
const mostTries = 5;

export interface HttpTransport extends Transport {
  /** Ends the connection, and what goes on over it; the next request makes another. */
  reconnect(): void;
}

export function httpTransport(options: HttpTransportOptions): HttpTransport {
  const url = new URL(options.server);
  const prefix = url.pathname.replace(/\/$/, "");
  let wire: Promise<Wire> | undefined;
  let closed = false;
  const connected = (): Promise<Wire> => {
    if (closed) throw new Error(`the transport to ${options.server} is closed`);
    if (wire !== undefined) return wire;
    const forget = (): void => {
      if (wire === opened) wire = undefined;
    };
    const opened = (url.protocol === "https:" ? connectTls(url, options, forget) : plainWire(url)).catch((error) => {
      forget();
      throw error;
    });
    wire = opened;
    return opened;
  };
  return {
    async request(request) {
      request.signal?.throwIfAborted();
      const headers = await headersOf(request, options);
      const path = prefix + request.path + (request.query && request.query.size > 0 ? `?${request.query}` : "");
      const body = bytesOf(request.body);
      const { method, signal } = request;
      for (let tries = 1; ; tries++) {
        try {
          return await (await connected()).request({ method, path, headers, body, signal });
        } catch (error) {
          if (!(error instanceof UnprocessedError) || closed || tries === mostTries) throw error;
        }
      }
    },
    reconnect() {
      const before = wire;
      wire = undefined;
      closeWire(before);
    },
    close() {
      closed = true;
      closeWire(wire);
    },
  };
}

function closeWire(wire: Promise<Wire> | undefined): void {
  wire?.then(
    (open) => open.close(),
    () => {},
  );
}

function bytesOf(body: ApiRequest["body"]): Uint8Array | undefined {
  return body === undefined || body instanceof Uint8Array ? body : new TextEncoder().encode(JSON.stringify(body));
}

async function headersOf(request: ApiRequest, options: HttpTransportOptions): Promise<Record<string, string>> {
  const headers: Record<string, string> = { ...options.headers };
  for (const [name, value] of Object.entries(request.headers)) if (value !== undefined) headers[name] = value;
  if (options.token !== undefined)
    headers["authorization"] = `Bearer ${typeof options.token === "string" ? options.token : await options.token()}`;
  else if (options.basic !== undefined)
    headers["authorization"] =
      `Basic ${Buffer.from(`${options.basic.username}:${options.basic.password}`).toString("base64")}`;
  return headers;
}

function headersOfAnswer(headers: http.IncomingHttpHeaders): Record<string, string | readonly string[]> {
  const found: Record<string, string | readonly string[]> = {};
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) found[name] = value;
  return found;
}

async function connectTls(url: URL, options: HttpTransportOptions, forget: () => void): Promise<Wire> {
  const port = Number(url.port || "443");
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const { cert, key } = options.certificate?.() ?? options;
  const tlsOptions: tls.ConnectionOptions = {
    host,
    port,
    ALPNProtocols: ["h2", "http/1.1"],
    rejectUnauthorized: options.insecure !== true,
    ...(options.ca !== undefined ? { ca: Buffer.from(options.ca), allowPartialTrustChain: true } : {}),
    ...(cert !== undefined ? { cert: Buffer.from(cert) } : {}),
    ...(key !== undefined ? { key: Buffer.from(key) } : {}),
    ...(options.serverName !== undefined ? { servername: options.serverName } : {}),
  };
  const socket = await connectSocket(tlsOptions, options.server);
  if (socket.alpnProtocol !== "h2") {
    socket.destroy();
    const agent = new https.Agent({ ...tlsOptions, ALPNProtocols: ["http/1.1"], keepAlive: true });
    return oneWire(url, (wanted) => https.request({ ...wanted, agent }), agent);
  }
  return sessionWire(url, socket, forget);
}

function connectSocket(options: tls.ConnectionOptions, server: string): Promise<tls.TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = tls.connect(options);
    const fail = (error: Error): void => {
      socket.destroy();
      reject(new Error(`cannot connect to ${server}: ${error.message}`, { cause: error }));
    };
    const late = (): void => fail(new Error(`no connection within ${connectTimeoutMs} ms`));
    socket.setTimeout(connectTimeoutMs, late);
    socket.once("error", fail);
    socket.once("secureConnect", () => {
      socket.setTimeout(0);
      socket.off("timeout", late);
      socket.off("error", fail);
      resolve(socket);
    });
  });
}

let unflushed: ClientConnection[] = [];

function flushAll(): void {
  const all = unflushed;
  unflushed = [];
  for (const connection of all) connection.flush();
}

/** Everything that is asked in one turn of the event loop leaves in one write. */
function flushSoon(connection: ClientConnection): void {
  if (unflushed.push(connection) === 1) process.nextTick(flushAll);
}

function sessionWire(url: URL, socket: tls.TLSSocket, forget: () => void): Wire {
  const connection: ClientConnection = new ClientConnection({
    sink: {
      write: (bytes, written) => void socket.write(bytes, written),
      flushSoon: () => flushSoon(connection),
      destroy: () => socket.destroySoon(),
    },
    authority: url.host,
    closing: forget,
  });
  socket.setTimeout(pingEveryMs, () => {
    if (connection.checkAlive()) return;
    connection.fail(new Error(`${url.origin} gave no sign of life for ${pingEveryMs} ms`));
    socket.destroy();
  });
  socket.on("data", (chunk: Uint8Array) => connection.receive(chunk));
  socket.once("end", () => connection.fail(new Error(`${url.origin} ended the connection`)));
  socket.once("error", (error) => connection.fail(error));
  socket.once("close", () => connection.fail(new Error(`the connection to ${url.origin} is gone`)));
  connection.open();
  return {
    request: (request) => connection.request(request),
    // What is open is not waited for: a stuck server never answers.
    close: () => {
      connection.fail(new Error(`the transport to ${url.origin} is closed`));
      socket.destroy();
    },
  };
}

async function plainWire(url: URL): Promise<Wire> {
  const agent = new http.Agent({ keepAlive: true });
  return oneWire(url, (options) => http.request({ ...options, agent }), agent);
}

function oneWire(url: URL, start: (options: http.RequestOptions) => http.ClientRequest, agent: http.Agent): Wire {
  return {
    request: ({ method, path, headers, body, signal }) =>
      new Promise<ApiResponse>((resolve, reject) => {
        const length = body === undefined ? {} : { "content-length": String(body.length) };
        const request = start({
          protocol: url.protocol,
          hostname: url.hostname.replace(/^\[|\]$/g, ""),
          port: url.port,
          method,
          path,
          headers: { ...headers, ...length },
          ...(signal ? { signal } : {}),
        });
        request.once("error", reject);
        request.once("response", (message) => {
          message.on("error", () => {}); // who reads the body is told; nobody has to read it
          resolve({ status: message.statusCode ?? 0, headers: headersOfAnswer(message.headers), stream: message });
        });
        request.end(body);
      }),
    close: () => agent.destroy(),
  };
}
