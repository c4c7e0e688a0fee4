// One HTTP/2 connection as a client sees it (RFC 9113), without its socket: bytes go in by `receive`, bytes come out by the sink.
//
// Contract: every request ends with an answer or an error. As many are open as the server allows, the others wait in their order. A request that the
// server has not looked at when it ends the connection fails with UnprocessedError. What a body's reader does not take stays within its window.
import {
  ConnectionFault,
  checkPing,
  errorCode,
  type Frame,
  FrameReader,
  flag,
  frameHeadBytes,
  frameType,
  goAwayOf,
  HeaderBlocks,
  type HeaderSection,
  HpackEncoder,
  incrementOf,
  initialWindow,
  largestWindow,
  paddingOf,
  preface,
  protocolFault,
  putFrameHead,
  putUint32,
  resetCodeOf,
  setting,
  settingsOf,
  settingsPayload,
  smallestMaxFrame,
} from "../../base/http2/index.ts";
import type { ApiResponse } from "../../machinery/index.ts";
import { Exchange, type ExchangeHost, type Request, streamWindow, UnprocessedError } from "./exchange.ts";
import { FrameBuffer, type FrameSink } from "./frame-buffer.ts";

export interface ClientSink extends FrameSink {
  /** Ends the socket now. */
  destroy(): void;
}

export interface ClientConnectionOptions {
  readonly sink: ClientSink;
  /** Host and port, as they are asked for. */
  readonly authority: string;
  /** Called once: no more requests are taken. */
  readonly closing: () => void;
}

const connectionWindow = 16 * 1024 * 1024;
const maxHeaderListBytes = 1024 * 1024;
/** Until the server says how many. */
const streamsAtFirst = 100;
const alivePing = new Uint8Array([0, 0, 0, 0, 0, 0, 0, 1]);
const empty = new Uint8Array(0);

export class ClientConnection implements ExchangeHost {
  readonly #options: ClientConnectionOptions;
  readonly #reader: FrameReader;
  readonly #blocks = new HeaderBlocks(maxHeaderListBytes);
  readonly #encoder = new HpackEncoder();
  readonly #output: FrameBuffer;
  readonly #open = new Map<number, Exchange>();
  /** As many are open as may be. */
  readonly #waiting = new Set<Exchange>();
  /** Their bodies wait for windows. */
  readonly #unsent = new Set<Exchange>();
  #nextId = 1;
  #maxStreams = streamsAtFirst;
  #sendWindow = initialWindow;
  #initialSendWindow = initialWindow;
  #receiveWindow = connectionWindow;
  #ungranted = 0;
  #awaitsPong = false;
  #closing = false;
  #error: Error | undefined;

  constructor(options: ClientConnectionOptions) {
    this.#options = options;
    this.#output = new FrameBuffer(options.sink);
    this.#reader = new FrameReader({
      maxFrameBytes: smallestMaxFrame,
      from: "server",
      take: (frame) => this.#frame(frame),
    });
  }

  /** Sends the client's preface. */
  open(): void {
    const buffer = this.#output.reserve(preface.length);
    buffer.set(preface, this.#output.at);
    this.#output.at += preface.length;
    const payload = settingsPayload([
      [setting.enablePush, 0],
      [setting.initialWindowSize, streamWindow],
      [setting.maxHeaderListSize, maxHeaderListBytes],
    ]);
    this.#output.frame({ type: frameType.settings, flags: 0, stream: 0 }, payload);
    this.#windowUpdate(0, connectionWindow - initialWindow);
  }

  request(request: Request): Promise<ApiResponse> {
    if (request.signal?.aborted) return Promise.reject(request.signal.reason);
    const refusal = this.#error ?? (this.#closing ? new UnprocessedError("the connection is closing") : undefined);
    if (refusal !== undefined) return Promise.reject(refusal);
    const exchange = new Exchange(request, this);
    if (this.#open.size < this.#maxStreams && this.#waiting.size === 0) this.#begin(exchange);
    else this.#waiting.add(exchange);
    return exchange.answer;
  }

  receive(chunk: Uint8Array): void {
    if (this.#error !== undefined) return;
    try {
      this.#reader.read(chunk);
    } catch (error) {
      if (!(error instanceof ConnectionFault)) throw error;
      this.#goAway(error.code);
      this.fail(error);
    }
  }

  flush(): void {
    if (this.#error === undefined) this.#output.flush();
  }

  /** Sends a ping. False: the one before was never answered. */
  checkAlive(): boolean {
    if (this.#awaitsPong) return false;
    this.#awaitsPong = true;
    this.#output.frame({ type: frameType.ping, flags: 0, stream: 0 }, alivePing);
    return true;
  }

  /** Everything that is open fails with this error. */
  fail(error: Error): void {
    if (this.#error !== undefined) return;
    this.#error = error;
    this.#reader.stop();
    this.#close();
    const open = [...this.#open.values()];
    this.#open.clear();
    for (const each of open) each.fail(error);
    this.#failWaiting(error.message);
    this.#options.sink.destroy();
  }

  consumed(exchange: Exchange, bytes: number): void {
    exchange.ungranted += bytes;
    if (exchange.over || exchange.ungranted < streamWindow / 2) return;
    exchange.receiveWindow += exchange.ungranted;
    this.#windowUpdate(exchange.id, exchange.ungranted);
    exchange.ungranted = 0;
  }

  cancel(exchange: Exchange): void {
    if (this.#waiting.delete(exchange) || exchange.over || this.#error !== undefined) return;
    exchange.over = true;
    this.#reset(exchange.id, errorCode.cancel);
    this.#forget(exchange);
  }

  #begin(exchange: Exchange): void {
    exchange.id = this.#nextId;
    exchange.sendWindow = this.#initialSendWindow;
    this.#nextId += 2;
    this.#open.set(exchange.id, exchange);
    this.#headers(exchange);
    if (exchange.bodyBytes > 0) this.#send(exchange);
    if (this.#nextId > largestWindow - 2) this.#close();
  }

  #headers({ id, request, bodyBytes }: Exchange): void {
    const { method, path, headers } = request;
    const { authority } = this.#options;
    const most = this.#encoder.mostBytes(headers) + path.length + authority.length + method.length + 64;
    const endStream = bodyBytes === 0 ? flag.endStream : 0;
    const output = this.#output;
    if (most > smallestMaxFrame) {
      const block = new Uint8Array(most);
      const length = this.#encoder.encodeRequest(block, 0, { method, path, authority, headers });
      for (let at = 0; at < length; at += smallestMaxFrame) {
        const end = Math.min(length, at + smallestMaxFrame);
        const type = at === 0 ? frameType.headers : frameType.continuation;
        const flags = (end === length ? flag.endHeaders : 0) | (at === 0 ? endStream : 0);
        output.frame({ type, flags, stream: id }, block.subarray(at, end));
      }
      return;
    }
    const buffer = output.reserve(frameHeadBytes + most);
    const start = output.at + frameHeadBytes;
    const end = this.#encoder.encodeRequest(buffer, start, { method, path, authority, headers });
    const flags = flag.endHeaders | endStream;
    putFrameHead(buffer, output.at, { length: end - start, type: frameType.headers, flags, stream: id });
    output.at = end;
  }

  /** As much of the body as the windows take. */
  #send(exchange: Exchange): void {
    const { id, bodyBytes, request } = exchange;
    while (exchange.sentBytes < bodyBytes) {
      const length = Math.min(smallestMaxFrame, bodyBytes - exchange.sentBytes, exchange.sendWindow, this.#sendWindow);
      if (length <= 0) {
        this.#unsent.add(exchange);
        return;
      }
      const from = exchange.sentBytes;
      exchange.sentBytes += length;
      exchange.sendWindow -= length;
      this.#sendWindow -= length;
      const flags = exchange.sentBytes === bodyBytes ? flag.endStream : 0;
      this.#output.frame({ type: frameType.data, flags, stream: id }, request.body!.subarray(from, from + length));
    }
    this.#unsent.delete(exchange);
  }

  #sendAll(): void {
    for (const each of [...this.#unsent]) this.#send(each);
  }

  #forget(exchange: Exchange): void {
    this.#unsent.delete(exchange);
    this.#open.delete(exchange.id);
    for (const each of this.#waiting) {
      if (this.#open.size >= this.#maxStreams || this.#closing) break;
      this.#waiting.delete(each);
      this.#begin(each);
    }
    if (this.#closing && this.#open.size === 0 && this.#error === undefined)
      this.fail(new UnprocessedError("the server has ended the connection"));
  }

  #close(): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#options.closing();
  }

  #failWaiting(message: string): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const each of waiting) each.fail(new UnprocessedError(message));
  }

  #reset(stream: number, code: number): void {
    const payload = new Uint8Array(4);
    putUint32(payload, 0, code);
    this.#output.frame({ type: frameType.resetStream, flags: 0, stream }, payload);
  }

  #windowUpdate(stream: number, bytes: number): void {
    const payload = new Uint8Array(4);
    putUint32(payload, 0, bytes);
    this.#output.frame({ type: frameType.windowUpdate, flags: 0, stream }, payload);
  }

  /** The last word: it is flushed at once, since the socket ends behind it. */
  #goAway(code: number): void {
    const payload = new Uint8Array(8);
    putUint32(payload, 4, code);
    this.#output.frame({ type: frameType.goAway, flags: 0, stream: 0 }, payload);
    this.#output.flush();
  }

  #frame(frame: Frame): void {
    const { type } = frame;
    this.#blocks.inOrder(frame);
    switch (type) {
      case frameType.data:
        this.#data(frame);
        return;
      case frameType.headers:
        this.#section(this.#blocks.headers(frame));
        return;
      case frameType.continuation:
        this.#section(this.#blocks.continuation(frame));
        return;
      case frameType.resetStream:
        this.#resetByPeer(frame);
        return;
      case frameType.settings:
        this.#settings(frame);
        return;
      case frameType.pushPromise:
        throw protocolFault("nothing may be pushed");
      case frameType.ping:
        this.#ping(frame);
        return;
      case frameType.goAway:
        this.#goneAway(frame);
        return;
      case frameType.windowUpdate:
        this.#granted(frame);
        return;
    }
  }

  #opened(id: number): Exchange | undefined {
    if (id % 2 === 0 || id >= this.#nextId) throw protocolFault(`stream ${id} was not opened`);
    return this.#open.get(id);
  }

  #data(frame: Frame): void {
    const { stream: id, flags, bytes, start, end } = frame;
    const length = end - start;
    this.#receiveWindow -= length;
    if (this.#receiveWindow < 0)
      throw new ConnectionFault(errorCode.flowControlError, "more data than the connection's window allows");
    this.#ungranted += length;
    if (this.#ungranted >= connectionWindow / 4) {
      this.#receiveWindow += this.#ungranted;
      this.#windowUpdate(0, this.#ungranted);
      this.#ungranted = 0;
    }
    const exchange = this.#opened(id);
    if (exchange === undefined) return; // given up meanwhile
    exchange.receiveWindow -= length;
    if (exchange.receiveWindow < 0)
      throw new ConnectionFault(errorCode.flowControlError, "more data than the stream's window allows");
    const padding = paddingOf(frame);
    const from = padding === 0 ? start : start + 1;
    const to = padding === 0 ? end : end - padding + 1;
    if (padding > 0) this.consumed(exchange, padding);
    if (from < to && !exchange.data(bytes.subarray(from, to))) this.#broken(exchange);
    else if ((flags & flag.endStream) !== 0) this.#ended(exchange);
  }

  #section(section: HeaderSection | undefined): void {
    if (section === undefined) return;
    const exchange = this.#opened(section.stream);
    if (exchange === undefined) return;
    if (section.block.tooLarge || !exchange.headers(section)) this.#broken(exchange);
    else if (section.endStream) this.#ended(exchange);
  }

  #ended(exchange: Exchange): void {
    if (!exchange.end()) {
      this.#broken(exchange);
      return;
    }
    // The rest of the request's body changes nothing any more.
    if (exchange.sentBytes < exchange.bodyBytes) this.#reset(exchange.id, errorCode.noError);
    this.#forget(exchange);
  }

  #broken(exchange: Exchange): void {
    this.#reset(exchange.id, errorCode.protocolError);
    exchange.fail(new Error("the server's answer is no HTTP/2"));
    this.#forget(exchange);
  }

  #resetByPeer(frame: Frame): void {
    const code = resetCodeOf(frame);
    const exchange = this.#opened(frame.stream);
    if (exchange === undefined) return;
    const message = `the server broke the stream off with error ${code}`;
    exchange.fail(code === errorCode.refusedStream ? new UnprocessedError(message) : new Error(message));
    this.#forget(exchange);
  }

  #goneAway(frame: Frame): void {
    const { lastStream, code } = goAwayOf(frame);
    const message = `the server ends the connection with error ${code}`;
    this.#close();
    for (const each of [...this.#open.values()]) {
      if (each.id <= lastStream) continue;
      each.fail(new UnprocessedError(message));
      this.#open.delete(each.id);
      this.#unsent.delete(each);
    }
    this.#failWaiting(message);
    if (this.#open.size === 0) this.fail(new UnprocessedError(message));
  }

  #granted(frame: Frame): void {
    const increment = incrementOf(frame);
    if (frame.stream === 0) {
      this.#sendWindow += increment;
      if (increment === 0 || this.#sendWindow > largestWindow)
        throw new ConnectionFault(errorCode.flowControlError, "the connection's window grows to what it can not be");
    } else {
      const exchange = this.#opened(frame.stream);
      if (exchange === undefined) return;
      exchange.sendWindow += increment;
    }
    this.#sendAll();
  }

  #settings(frame: Frame): void {
    const settings = settingsOf(frame);
    if (settings === undefined) return;
    for (const [name, value] of settings) this.#setting(name, value);
    this.#output.frame({ type: frameType.settings, flags: flag.ack, stream: 0 }, empty);
    this.#sendAll();
  }

  #setting(name: number, value: number): void {
    switch (name) {
      case setting.headerTableSize:
        this.#encoder.limitTable(value);
        return;
      case setting.maxConcurrentStreams:
        this.#maxStreams = value;
        return;
      case setting.initialWindowSize: {
        const difference = value - this.#initialSendWindow;
        this.#initialSendWindow = value;
        for (const each of this.#open.values()) each.sendWindow += difference;
      }
    }
  }

  #ping(frame: Frame): void {
    checkPing(frame);
    const { flags, bytes, start, end } = frame;
    if ((flags & flag.ack) !== 0) this.#awaitsPong = false;
    else this.#output.frame({ type: frameType.ping, flags: flag.ack, stream: 0 }, bytes.subarray(start, end));
  }
}
