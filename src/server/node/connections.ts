// The life of connections and of the exchanges on them, for both listeners: HTTP/2 streams, HTTP/1.1 messages and upgrades
// become requests to `handle`, answers become bytes no faster than the client reads.

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Server as NetServer, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { errorText, every } from "../../base/index.ts";
import { type ApiRequest, type ApiResponse, type Identity, internalError, StatusError } from "../../machinery/index.ts";
import type { Http2Connection } from "../http2/connection.ts";
import { dataBytes } from "../http2/output.ts";
import type { Http2Stream } from "../http2/stream.ts";
import { http2OverSocket } from "./http2-socket.ts";
import type { PlainListenOptions } from "./listen-options.ts";
import {
  BodyAborted,
  type BodyBounds,
  BodyWaits,
  maxHeaderBytes,
  maxRequestBodyBytes,
  readBody,
  requestOf,
} from "./request.ts";
import {
  bodyBytes,
  discard,
  encodedFor,
  HeldBytes,
  isStreaming,
  type Outlet,
  outletOf,
  Stalls,
  writeStream,
} from "./respond.ts";

/** One for all: an abort without a reason makes an exception with a stack trace, for every request. */
const clientGone = new Error("the client closed the request");

/** Every layer below copies what it is given to write: this much at a time of a long answer. */
const largestWrite = 16 * dataBytes;
/** Long answers that wait for their clients; above it patience is short. */
const mostHeldBytes = 256 * 1024 * 1024;
const shortStallMs = 5_000;
/** As Go's server in upstream: an HTTP/2 connection without streams is kept for so long. */
const idleMs = 90_000;
/** On close, so long for the last bytes. */
const lingerMs = 1_000;

/** What the two listeners share: adapters of both protocols and the life of their connections. */
export class Connections {
  readonly #options: PlainListenOptions;
  readonly #bounds: BodyBounds;
  readonly #sockets = new Set<Socket>();
  /** HTTP/2 connections with the time since which nothing is open on them, as sweeps saw it. */
  readonly #http2 = new Map<Http2Connection, { readonly socket: Socket; idleSinceMs: number | undefined }>();
  readonly #bodies: BodyWaits;
  readonly #stalls: Stalls;
  readonly #held = new HeldBytes();
  readonly #closing = new AbortController();
  #dateSecond = Number.NaN;
  #dateText = "";
  /** Exchanges whose last byte is not written yet. */
  readonly #unclosed = new Set<Exchange>();
  /** Requests that are not answered yet; streams are once they have begun. */
  #open = 0;
  #settled: (() => void) | undefined;

  constructor(options: PlainListenOptions) {
    this.#options = options;
    const { clock, bodyTimeoutMs: mostMs = 60_000, maxBodyBytes: mostBytes = maxRequestBodyBytes } = options;
    this.#bounds = { clock, mostBytes, mostMs };
    this.#bodies = new BodyWaits(this.#bounds);
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

  /** A connection whose peer has chosen HTTP/2. */
  http2(socket: Socket, identify: (socket: unknown) => Identity): void {
    const { clock, log, maxStreams = 1000 } = this.#options;
    const connection: Http2Connection = http2OverSocket(socket, {
      clock,
      log,
      maxStreams,
      maxBodyBytes: this.#bounds.mostBytes,
      maxHeaderListBytes: maxHeaderBytes,
      request: (stream) => this.#stream(stream, connection, identify(socket)),
    });
    this.#http2.set(connection, { socket, idleSinceMs: undefined });
    socket.once("close", () => this.#http2.delete(connection));
  }

  #stream(stream: Http2Stream, connection: Http2Connection, identity: Identity): void {
    const gone = new AbortController();
    const exchanged: Progress = { whole: false, finite: false, seenMs: undefined };
    const { head, body } = stream;
    let release: (() => void) | undefined;
    void this.#answer({
      head,
      // What follows a CONNECT is for a tunnel, and there is none.
      body: head.method === "CONNECT" ? undefined : body?.type === "whole" ? body.bytes : () => this.#bodies.of(stream),
      signal: gone.signal,
      exchanged,
      identity,
      handled: () => connection.handled(),
      send: (response) => {
        ({ release } = response);
        const sent = this.#sendStream(stream, response);
        if (response.isLast === true || this.#sendsAway()) connection.sendAway();
        return sent;
      },
      destroy: () => stream.destroy(),
      onClose: (listener) =>
        stream.onClose(() => {
          if (!exchanged.whole && !stream.localEnded) gone.abort(clientGone);
          release?.(); // The stream has copied what it has sent, and forgotten the rest.
          listener();
        }),
    });
  }

  /** By chance: clients that have to connect anew spread over the servers. */
  #sendsAway(): boolean {
    const { goAway } = this.#options;
    return goAway !== undefined && goAway.rng.next() < goAway.chance;
  }

  #sendStream(stream: Http2Stream, response: ApiResponse): Promise<void> {
    if (stream.closed) {
      response.release?.();
      return discard(response);
    }
    const { status } = response;
    const headers = { date: this.#date(), ...asWire(response.headers) };
    const isHead = stream.head.method === "HEAD";
    if (isStreaming(response) && !isHead) {
      stream.respond({ status, headers, endStream: false });
      return writeStream(response, stream, this.#stalls);
    }
    return this.#sendWhole(response, {
      discardBody: isHead,
      begin: (length) => {
        const announced =
          length === undefined || !mayHaveBody(status) ? headers : { ...headers, "content-length": String(length) };
        stream.respond({ status, headers: announced, endStream: length === undefined || length === 0 || isHead });
      },
      outlet: stream,
    });
  }

  #date(): string {
    const second = Math.floor(this.#options.clock.now() / 1000);
    if (second !== this.#dateSecond) {
      this.#dateSecond = second;
      this.#dateText = new Date(second * 1000).toUTCString();
    }
    return this.#dateText;
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
        return writeStream(answer, outletOf(response), this.#stalls);
      }
      return this.#sendWhole(answer, {
        discardBody: head.method === "HEAD",
        begin: (length) => {
          if (length !== undefined && mayHaveBody(answer.status)) response.setHeader("content-length", length);
        },
        outlet: outletOf(response),
      });
    };
    void this.#answer({
      head,
      body: hasBody ? () => readBody(message, this.#bounds) : undefined,
      signal: gone.signal,
      exchanged,
      identity: identify(message.socket),
      handled: () => {},
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
      for (const connection of this.#http2.keys()) connection.drain();
      await this.#allAnswered(graceMs);
      await this.#lastBytes();
    }
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  /** The last answers may still be on their way to the kernel. */
  async #lastBytes(): Promise<void> {
    const ended = [...this.#http2].map(([connection, { socket }]) => {
      const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
      connection.shutDown();
      return closed;
    });
    const late = Promise.withResolvers<void>();
    const timer = this.#options.clock.setTimeout(late.resolve, lingerMs);
    await Promise.race([Promise.all(ended), late.promise]);
    timer.cancel();
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
    for (const [connection, state] of this.#http2) {
      if (!connection.checkAlive()) {
        this.#options.log.debug("HTTP/2 peer does not answer pings", {});
        state.socket.destroy();
      } else if (connection.size > 0) state.idleSinceMs = undefined;
      else if (clock.monotonic() - (state.idleSinceMs ??= clock.monotonic()) >= idleMs) connection.drain();
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
      const body = typeof exchange.body === "function" ? await exchange.body() : exchange.body;
      const request = requestOf(exchange.head, { signal: exchange.signal, body });
      response = await this.#options.handle(request, exchange.identity);
    } catch (error) {
      if (error instanceof BodyAborted) return exchange.destroy();
      response = this.#failure(error);
    } finally {
      exchange.handled();
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
    const status = error instanceof StatusError ? error : internalError(errorText(error));
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
      return out.outlet.end();
    }
    const chunks = bodyBytes(response);
    let length = 0;
    for (const chunk of chunks) length += chunk.length;
    out.begin(length);
    if (length === 0 || out.discardBody) return out.outlet.end();
    // A write costs more than a copy of this size.
    if (length <= largestWrite) return out.outlet.end(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks, length));
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
        if (out.outlet.destroyed) return;
        if (!out.outlet.write(chunk.subarray(at, at + largestWrite))) await this.#stalls.drained(out.outlet);
      }
    if (!out.outlet.destroyed) out.outlet.end();
  }
}

/** Warnings are UTF-8 on the wire; node writes one byte a character. */
function asWire(headers: ApiResponse["headers"]): ApiResponse["headers"] {
  const { warning } = headers;
  if (warning === undefined) return headers;
  const encode = (text: string): string => Buffer.from(text).toString("latin1");
  return { ...headers, warning: typeof warning === "string" ? encode(warning) : warning.map(encode) };
}

const mayHaveBody = (status: number): boolean => status !== 204 && status !== 304;

interface WholeWriter {
  readonly discardBody: boolean;
  /** Undefined: the length is not known (HEAD of a stream). */
  begin(length: number | undefined): void;
  readonly outlet: Outlet;
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
  /** What is there already, or how to read it. */
  readonly body: Uint8Array | undefined | (() => Promise<Uint8Array | undefined>);
  readonly signal: AbortSignal;
  readonly exchanged: Progress;
  readonly identity: Identity;
  /** Nobody works for it any more, even if the client has long gone. */
  handled(): void;
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
