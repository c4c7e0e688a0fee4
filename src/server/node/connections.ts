// The life of connections and of the exchanges on them, for both listeners: HTTP/2 streams, HTTP/1.1 messages and upgrades
// become requests to `handle`, answers become bytes no faster than the client reads.

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2Session, IncomingHttpHeaders, OutgoingHttpHeaders, ServerHttp2Stream } from "node:http2";
import type { Server as NetServer, Socket } from "node:net";
import type { Duplex, Readable, Writable } from "node:stream";
import { every } from "../../base/index.ts";
import { type ApiRequest, type ApiResponse, type Identity, internalError, StatusError } from "../../machinery/index.ts";
import type { PlainListenOptions } from "./listen-options.ts";
import { BodyAborted, type BodyBounds, maxRequestBodyBytes, readBody, requestOf } from "./request.ts";
import { bodyBytes, discard, encodedFor, HeldBytes, isStreaming, Stalls, writeStream } from "./respond.ts";

/** One for all: an abort without a reason makes an exception with a stack trace, for every request. */
const clientGone = new Error("the client closed the request");

/** Every layer below copies what it is given to write: this much at a time of a long answer. */
const largestWrite = 256 * 1024;
/** Long answers that wait for their clients; above it patience is short. */
const mostHeldBytes = 256 * 1024 * 1024;
const shortStallMs = 5_000;

/** What the two listeners share: adapters of both protocols and the life of their connections. */
export class Connections {
  readonly #options: PlainListenOptions;
  readonly #bounds: BodyBounds;
  readonly #sockets = new Set<Socket>();
  /** Sessions with the time of the ping that is still unanswered, if any. */
  readonly #sessions = new Map<Http2Session, { awaiting: boolean }>();
  readonly #stalls: Stalls;
  readonly #held = new HeldBytes();
  readonly #closing = new AbortController();
  /** Exchanges whose last byte is not written yet. */
  readonly #unclosed = new Set<Exchange>();
  /** Requests that are not answered yet; streams are once they have begun. */
  #open = 0;
  #settled: (() => void) | undefined;

  constructor(options: PlainListenOptions) {
    this.#options = options;
    const { clock, bodyTimeoutMs: mostMs = 60_000, maxBodyBytes: mostBytes = maxRequestBodyBytes } = options;
    this.#bounds = { clock, mostBytes, mostMs };
    this.#stalls = new Stalls(() => options.clock.monotonic());
    every(options.clock, options.pingMs ?? 15_000, () => this.#sweep(), this.#closing.signal);
  }

  trackSocket(socket: Socket): void {
    socket.setNoDelay(true);
    // A peer that is gone without a word, in the middle of a watch over HTTP/1.1.
    socket.setKeepAlive(true, 15_000);
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
    socket.on("error", (error) => this.#options.log.debug("connection failed", { error }));
  }

  trackSession(session: Http2Session): void {
    this.#sessions.set(session, { awaiting: false });
    session.once("close", () => this.#sessions.delete(session));
    session.on("error", (error) => this.#options.log.debug("HTTP/2 session failed", { error }));
  }

  http2(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders & Record<string, unknown>,
    identify: (socket: unknown) => Identity,
  ): void {
    const gone = new AbortController();
    const exchanged: Progress = { whole: false, finite: false, seenMs: undefined };
    stream.on("close", () => exchanged.whole || gone.abort(clientGone));
    stream.on("error", (error) => this.#options.log.debug("HTTP/2 stream failed", { error }));
    headers["host"] ??= headers[":authority"] as string | undefined;
    const head = {
      method: headers[":method"] as string,
      url: headers[":path"] as string,
      headers: headers as ApiRequest["headers"],
    };
    const send = (response: ApiResponse): Promise<void> => {
      if (stream.destroyed || stream.closed) return discard(response);
      const answer = { ":status": response.status, ...asWire(response.headers) } as OutgoingHttpHeaders;
      if (isStreaming(response) && head.method !== "HEAD") {
        stream.respond(answer);
        return writeStream(response, stream, this.#stalls);
      }
      return this.#sendWhole(response, {
        discardBody: head.method === "HEAD",
        begin: (length) =>
          stream.respond(length === undefined ? answer : { ...answer, "content-length": length }, {
            endStream: length === undefined || length === 0 || head.method === "HEAD",
          }),
        stream,
        end: (bytes) => stream.end(bytes),
      });
    };
    // `endAfterHeaders` is the END_STREAM flag: nothing to read.
    const body = stream.endAfterHeaders ? undefined : stream;
    void this.#answer({
      head,
      body,
      signal: gone.signal,
      exchanged,
      identity: identify(stream.session?.socket),
      send,
      destroy: () => stream.close(2),
      onClose: (listener) => (stream.closed ? listener() : void stream.once("close", listener)),
    });
  }

  http1(message: IncomingMessage, response: ServerResponse, identify: (socket: unknown) => Identity): void {
    const gone = new AbortController();
    const exchanged: Progress = { whole: false, finite: false, seenMs: undefined };
    response.on("close", () => exchanged.whole || gone.abort(clientGone));
    response.on("error", (error) => this.#options.log.debug("HTTP/1.1 answer failed", { error }));
    const head = {
      method: message.method ?? "GET",
      url: message.url ?? "/",
      headers: message.headers as ApiRequest["headers"],
    };
    const hasBody =
      message.headers["content-length"] !== undefined || message.headers["transfer-encoding"] !== undefined;
    const send = (answer: ApiResponse): Promise<void> => {
      if (response.destroyed) return discard(answer);
      response.statusCode = answer.status;
      const headers = asWire(answer.headers);
      for (const name in headers) response.setHeader(name, headers[name] as string | string[]);
      // Bytes of a refused body are still on the way: this connection can not carry another request.
      if (!message.complete && hasBody) response.setHeader("connection", "close");
      if (isStreaming(answer) && head.method !== "HEAD") {
        response.flushHeaders();
        return writeStream(answer, response, this.#stalls);
      }
      return this.#sendWhole(answer, {
        discardBody: head.method === "HEAD",
        begin: (length) => {
          if (length !== undefined && answer.status !== 204 && answer.status !== 304)
            response.setHeader("content-length", length);
        },
        stream: response,
        end: (bytes) => response.end(bytes),
      });
    };
    void this.#answer({
      head,
      body: hasBody ? message : undefined,
      signal: gone.signal,
      exchanged,
      identity: identify(message.socket),
      send,
      destroy: () => message.socket.destroy(),
      onClose: (listener) => (response.closed ? listener() : void response.once("close", listener)),
    });
  }

  upgrade(
    message: IncomingMessage,
    connection: { socket: Duplex; head: Uint8Array },
    identify: (socket: unknown) => Identity,
  ): void {
    const { socket, head } = connection;
    const gone = new AbortController();
    const onGone = (): void => gone.abort(clientGone);
    socket.on("close", onGone);
    socket.on("error", (error) => this.#options.log.debug("upgraded connection failed", { error }));
    const request = requestOf(
      { method: message.method ?? "GET", url: message.url ?? "/", headers: message.headers as ApiRequest["headers"] },
      { signal: gone.signal },
    );
    const identity = identify(message.socket);
    // Without an upgrade handler the request is served as an ordinary one, as servers do that do not know the protocol.
    const answered = this.#options.upgrade?.(request, identity) ?? this.#options.handle(request, identity);
    answered.then(
      (answer) => ("takeOver" in answer ? answer.takeOver(socket, head) : writeRaw(answer, socket)),
      (error) => writeRaw(this.#failure(error), socket),
    );
  }

  async close(server: NetServer, graceMs = 0): Promise<void> {
    this.#closing.abort();
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    if (graceMs > 0 && this.#open > 0) {
      // Peers open nothing more on these connections.
      for (const session of this.#sessions.keys()) session.close();
      await this.#allAnswered(graceMs);
    }
    for (const session of this.#sessions.keys()) session.destroy();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #allAnswered(graceMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#options.clock.setTimeout(() => resolve(), graceMs);
      this.#settled = () => {
        timer.cancel();
        resolve();
      };
    });
  }

  #sweep(): void {
    const { stallMs = 60_000, clock } = this.#options;
    this.#stalls.sweep(stallMs);
    this.#endUntaken(clock.monotonic(), stallMs);
    for (const [session, state] of this.#sessions) {
      if (state.awaiting) {
        this.#options.log.debug("HTTP/2 peer does not answer pings", {});
        session.destroy();
        continue;
      }
      state.awaiting = session.ping((error) => {
        if (error === null) state.awaiting = false;
      });
    }
  }

  /** Answers that are there in full have to be taken within the time, as upstream's requests have to be served within it. */
  #endUntaken(nowMs: number, stallMs: number): void {
    for (const exchange of this.#unclosed) {
      const { exchanged } = exchange;
      if (!exchanged.whole && !exchanged.finite) continue;
      exchanged.seenMs ??= nowMs;
      if (nowMs - exchanged.seenMs > stallMs) exchange.destroy();
    }
  }

  async #answer(exchange: Exchange): Promise<void> {
    this.#open++;
    this.#unclosed.add(exchange);
    let open = true;
    const settle = (): void => {
      if (open && --this.#open === 0) this.#settled?.();
      open = false;
    };
    exchange.onClose(() => {
      this.#unclosed.delete(exchange);
      settle();
    });
    await this.#exchange(exchange, settle);
  }

  async #exchange(exchange: Exchange, begun: () => void): Promise<void> {
    let response: ApiResponse;
    try {
      const body = exchange.body === undefined ? undefined : await readBody(exchange.body, this.#bounds);
      const request = requestOf(exchange.head, { signal: exchange.signal, body });
      response = await this.#options.handle(request, exchange.identity);
    } catch (error) {
      if (error instanceof BodyAborted) return exchange.destroy();
      response = this.#failure(error);
    }
    // A stream is not waited for.
    if (isStreaming(response)) begun();
    else exchange.exchanged.finite = true;
    try {
      await exchange.send(encodedFor(exchange.head.headers["accept-encoding"], response));
      exchange.exchanged.whole = true;
    } catch (error) {
      // The head is out, so the only honest end is a broken one.
      if (!exchange.signal.aborted) this.#options.log.error("an answer broke off", { error, path: exchange.head.url });
      exchange.destroy();
    }
  }

  #failure(error: unknown): ApiResponse {
    const status =
      error instanceof StatusError ? error : internalError(error instanceof Error ? error.message : String(error));
    if (!(error instanceof StatusError)) this.#options.log.error("a request failed outside the pipeline", { error });
    return {
      status: status.code,
      headers: { "content-type": "application/json", ...status.headers },
      bytes: [new TextEncoder().encode(JSON.stringify(status.status))],
    };
  }

  /** A body that is there in full: its length is announced, a long one goes out no faster than the client reads. */
  async #sendWhole(response: ApiResponse, out: WholeWriter): Promise<void> {
    if (isStreaming(response)) {
      await discard(response);
      out.begin(undefined);
      return out.end();
    }
    const chunks = bodyBytes(response);
    let length = 0;
    for (const chunk of chunks) length += chunk.length;
    out.begin(length);
    if (length === 0 || out.discardBody) return out.end();
    // A write costs more than a copy of this size.
    if (length <= largestWrite) return out.end(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks, length));
    const bytes = this.#held.hold(chunks[0]!, length);
    if (bytes > (this.#options.mostHeldBytes ?? mostHeldBytes)) this.#stalls.sweep(shortStallMs);
    try {
      await this.#writeLong(chunks, out);
    } finally {
      this.#held.release(chunks[0]!, length);
    }
  }

  async #writeLong(chunks: readonly Uint8Array[], out: WholeWriter): Promise<void> {
    for (const chunk of chunks)
      for (let at = 0; at < chunk.length; at += largestWrite) {
        if (out.stream.destroyed) return;
        if (!out.stream.write(chunk.subarray(at, at + largestWrite))) await this.#stalls.drained(out.stream);
      }
    if (!out.stream.destroyed) out.end();
  }
}

/** Warnings are UTF-8 on the wire; node writes one byte a character. */
function asWire(headers: ApiResponse["headers"]): ApiResponse["headers"] {
  const { warning } = headers;
  if (warning === undefined) return headers;
  const encode = (text: string): string => Buffer.from(text).toString("latin1");
  return { ...headers, warning: typeof warning === "string" ? encode(warning) : warning.map(encode) };
}

interface WholeWriter {
  readonly discardBody: boolean;
  /** Undefined: the length is not known (HEAD of a stream). */
  begin(length: number | undefined): void;
  readonly stream: Writable;
  end(bytes?: Uint8Array): void;
}

interface Progress {
  /** Set once the answer is handed over: the end of the stream is then no news to anybody. */
  whole: boolean;
  /** Set when all of the answer is there and is being written. */
  finite: boolean;
  /** When a sweep first saw it so. */
  seenMs: number | undefined;
}

interface Exchange {
  readonly head: { readonly method: string; readonly url: string; readonly headers: ApiRequest["headers"] };
  readonly body: Readable | undefined;
  readonly signal: AbortSignal;
  readonly exchanged: Progress;
  readonly identity: Identity;
  send(response: ApiResponse): Promise<void>;
  destroy(): void;
  /** Called when the last byte is written, or nobody is there to read it. */
  onClose(listener: () => void): void;
}

/** An ordinary answer on a connection that node has already given up parsing. */
function writeRaw(response: ApiResponse, socket: Duplex): void {
  const chunks = bodyBytes(response);
  const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  let head = `HTTP/1.1 ${response.status} ${statusText(response.status)}\r\n`;
  for (const [name, value] of Object.entries({
    ...response.headers,
    "content-length": String(length),
    connection: "close",
  }))
    for (const each of typeof value === "string" ? [value] : value) head += `${name}: ${each}\r\n`;
  socket.write(`${head}\r\n`);
  for (const chunk of chunks) socket.write(chunk);
  socket.end();
}

const statusText = (status: number): string => (status === 101 ? "Switching Protocols" : status < 400 ? "OK" : "Error");
