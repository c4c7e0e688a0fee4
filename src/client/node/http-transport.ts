// The Transport over a network: one multiplexed HTTP/2 session for https servers, HTTP/1.1 for http ones and for servers that
// do not speak HTTP/2. A broken session fails its requests; the next request makes a new one.
import * as http from "node:http";
import * as http2 from "node:http2";
import * as https from "node:https";
import type { Readable } from "node:stream";
import * as tls from "node:tls";
import type { ApiRequest, ApiResponse, Transport } from "../../machinery/index.ts";

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

type Sent = { readonly status: number; readonly headers: http.IncomingHttpHeaders; readonly body: Readable };
type Wire = {
  request(request: WireRequest): Promise<Sent>;
  close(): void;
};
interface WireRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: Uint8Array | undefined;
  readonly signal: AbortSignal | undefined;
}

export function httpTransport(options: HttpTransportOptions): Transport {
  const url = new URL(options.server);
  const prefix = url.pathname.replace(/\/$/, "");
  let wire: Promise<Wire> | undefined;
  let closed = false;
  const connected = (): Promise<Wire> => {
    if (closed) throw new Error(`the transport to ${options.server} is closed`);
    wire ??= (url.protocol === "https:" ? connectTls(url, options, () => (wire = undefined)) : plainWire(url)).catch(
      (error) => {
        wire = undefined;
        throw error;
      },
    );
    return wire;
  };
  return {
    async request(request) {
      request.signal?.throwIfAborted();
      const headers = await headersOf(request, options);
      const path = prefix + request.path + (request.query && request.query.size > 0 ? `?${request.query}` : "");
      const body = bytesOf(request.body);
      const { method, signal } = request;
      return answerOf(await (await connected()).request({ method, path, headers, body, signal }));
    },
    close() {
      closed = true;
      wire?.then(
        (open) => open.close(),
        () => {},
      );
    },
  };
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

function answerOf(sent: Sent): ApiResponse {
  const headers: Record<string, string | readonly string[]> = {};
  for (const [name, value] of Object.entries(sent.headers))
    if (value !== undefined && !name.startsWith(":")) headers[name] = value;
  return { status: sent.status, headers, stream: sent.body };
}

async function connectTls(url: URL, options: HttpTransportOptions, forget: () => void): Promise<Wire> {
  const port = Number(url.port || "443");
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const tlsOptions: tls.ConnectionOptions = {
    host,
    port,
    ALPNProtocols: ["h2", "http/1.1"],
    rejectUnauthorized: options.insecure !== true,
    ...(options.ca !== undefined ? { ca: Buffer.from(options.ca) } : {}),
    ...(options.cert !== undefined ? { cert: Buffer.from(options.cert) } : {}),
    ...(options.key !== undefined ? { key: Buffer.from(options.key) } : {}),
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
    socket.setTimeout(connectTimeoutMs, () => fail(new Error(`no connection within ${connectTimeoutMs} ms`)));
    socket.once("error", fail);
    socket.once("secureConnect", () => {
      socket.setTimeout(0);
      socket.off("error", fail);
      resolve(socket);
    });
  });
}

function sessionWire(url: URL, socket: tls.TLSSocket, forget: () => void): Wire {
  const session = http2.connect(url.origin, { createConnection: () => socket });
  // The server decides how many streams a session may have; we keep ours from holding the process.
  session.setLocalWindowSize?.(16 * 1024 * 1024);
  let answered = true;
  session.setTimeout(pingEveryMs, () => {
    if (!answered) {
      session.destroy(new Error(`${url.origin} gave no sign of life for ${pingEveryMs} ms`));
      return;
    }
    answered = false;
    session.ping(() => (answered = true));
  });
  session.on("error", forget);
  session.on("goaway", forget);
  session.on("close", forget);
  return {
    request: (request) =>
      new Promise<Sent>((resolve, reject) => {
        const hasBody = request.body !== undefined;
        // Node ends the stream of a DELETE at once unless told otherwise.
        const stream = session.request(
          { ":method": request.method, ":path": request.path, ...request.headers },
          { endStream: !hasBody, ...(request.signal ? { signal: request.signal } : {}) },
        );
        stream.once("error", reject);
        stream.once("response", (headers) => {
          stream.off("error", reject);
          // An error after the answer began is the reader's: iterating the stream throws it.
          stream.on("error", () => {});
          resolve({ status: headers[":status"] ?? 0, headers, body: stream });
        });
        stream.once("close", () => reject(new Error(`${url.origin} closed the stream without an answer`)));
        if (hasBody) stream.end(request.body);
      }),
    // Not session.close(): that would wait for answers which a stuck server never gives.
    close: () => session.destroy(),
  };
}

async function plainWire(url: URL): Promise<Wire> {
  const agent = new http.Agent({ keepAlive: true });
  return oneWire(url, (options) => http.request({ ...options, agent }), agent);
}

function oneWire(url: URL, start: (options: http.RequestOptions) => http.ClientRequest, agent: http.Agent): Wire {
  return {
    request: ({ method, path, headers, body, signal }) =>
      new Promise<Sent>((resolve, reject) => {
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
          message.on("error", () => {});
          resolve({ status: message.statusCode ?? 0, headers: message.headers, body: message });
        });
        request.end(body);
      }),
    close: () => agent.destroy(),
  };
}
