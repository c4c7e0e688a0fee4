// One HTTP/2 connection as a server sees it (RFC 9113), without its socket: bytes go in by `receive`, bytes come out by the sink, and
// each request becomes a stream that is handed to `request` when its head is there and the chunk that brought it has been read.
//
// A peer is held to: so many open streams and handlers, a header list of so many bytes, bodies of so many bytes, windows in both
// directions, so many frames that ask for nothing but work. Whoever passes one of them loses the stream or the connection.

import {
  ConnectionFault,
  checkPing,
  errorCode,
  type Frame,
  FrameReader,
  flag,
  frameType,
  goAwayOf,
  HeaderBlocks,
  largestWindow,
  protocolFault,
  setting,
  settingsOf,
  settingsPayload,
} from "../../base/http2/index.ts";
import type { Output, Sink } from "./output.ts";
import type { Http2Stream } from "./stream.ts";
import { Streams, streamWindow } from "./streams.ts";

export interface Http2ConnectionOptions {
  readonly sink: Sink;
  /** Called with each new request; `stream.body` may be there already. `handled` has to be called for each. */
  readonly request: (stream: Http2Stream) => void;
  /** Says why a connection was ended. */
  readonly failed: (reason: ConnectionFault) => void;
  readonly maxStreams: number;
  readonly maxBodyBytes: number;
  readonly maxHeaderListBytes: number;
}

/** As kube-apiserver announces it: most bodies are one frame. */
const frameBytes = 256 * 1024;
/** Frames that bring nothing, between two signs of life. */
const mostIdleFrames = 10_000;
const livePing = new Uint8Array([0, 0, 0, 0, 0, 0, 0, 1]);
const drainPing = new Uint8Array([0, 0, 0, 0, 0, 0, 0, 2]);
const empty = new Uint8Array(0);

export class Http2Connection {
  readonly #options: Http2ConnectionOptions;
  readonly #reader: FrameReader;
  readonly #blocks: HeaderBlocks;
  readonly #streams: Streams;
  readonly #output: Output;
  /** Requests of the chunk that is being read. */
  #fresh: Http2Stream[] = [];
  /** Requests that wait because as many are being handled as may be open: resets do not make room for more work. */
  #waiting: Http2Stream[] = [];
  #handling = 0;
  #idleFrames = 0;
  #awaitsPong = false;
  #ended = false;

  constructor(options: Http2ConnectionOptions) {
    this.#options = options;
    this.#reader = new FrameReader({ maxFrameBytes: frameBytes, from: "client", take: (frame) => this.#frame(frame) });
    this.#blocks = new HeaderBlocks(options.maxHeaderListBytes);
    this.#streams = new Streams(options.sink, {
      ...options,
      opened: (stream) => this.#fresh.push(stream),
      idle: () => this.#idle(),
      emptied: () => this.#emptied(),
    });
    this.#output = this.#streams.sending.output;
  }

  /** Sends the server's part of the preface. */
  open(): void {
    this.#greet();
  }

  /** Streams that are open. */
  get size(): number {
    return this.#streams.size;
  }

  receive(chunk: Uint8Array): void {
    if (this.#ended) return;
    try {
      this.#reader.read(chunk);
    } catch (error) {
      if (!(error instanceof ConnectionFault)) throw error;
      this.#fail(error);
      return;
    }
    if (this.#fresh.length === 0) return;
    const fresh = this.#fresh;
    this.#fresh = [];
    for (const stream of fresh) this.#begin(stream);
  }

  flush(): void {
    this.#output.flush();
  }

  /** The socket is gone: everything that is open is over. */
  lost(): void {
    this.#ended = true;
    this.#reader.stop();
    this.#output.lost();
    this.#closeAll();
  }

  /** A request given to `request` has its answer or needs none. */
  handled(): void {
    this.#handling--;
    while (this.#handling < this.#options.maxStreams) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      if (!next.closed) this.#handle(next);
    }
  }

  /** Sends a ping. False: the one before was never answered. */
  checkAlive(): boolean {
    this.#idleFrames = 0;
    if (this.#awaitsPong) return false;
    if (this.#ended) return true;
    this.#awaitsPong = true;
    this.#output.control({ type: frameType.ping, flags: 0, stream: 0 }, livePing);
    return true;
  }

  /** No new streams; those that are open end as they will. RFC 9113 §6.8: what the peer sends meanwhile is still taken. */
  drain(): void {
    if (this.#ended || !this.#streams.acceptsMore) return;
    this.#goAway(largestWindow, errorCode.noError, "");
    this.#output.control({ type: frameType.ping, flags: 0, stream: 0 }, drainPing);
  }

  /** The streams that came so far are the last; when they have ended the connection does. */
  sendAway(): void {
    if (!this.#ended && this.#streams.acceptsMore) this.#drained();
  }

  /** Nothing goes on, and what has been written is the last. */
  shutDown(): void {
    if (this.#ended) return;
    this.#end(errorCode.noError, "");
  }

  #greet(): void {
    const { maxStreams, maxHeaderListBytes } = this.#options;
    const payload = settingsPayload([
      [setting.maxConcurrentStreams, maxStreams],
      [setting.initialWindowSize, streamWindow],
      [setting.maxFrameSize, frameBytes],
      [setting.maxHeaderListSize, maxHeaderListBytes],
    ]);
    this.#output.control({ type: frameType.settings, flags: 0, stream: 0 }, payload);
    this.#streams.openWindow();
  }

  #fail(fault: ConnectionFault): void {
    this.#options.failed(fault);
    this.#end(fault.code, fault.message);
  }

  #end(code: number, message: string): void {
    this.#ended = true;
    this.#reader.stop();
    this.#closeAll();
    this.#goAway(this.#streams.lastStream, code, message);
    this.#output.end();
  }

  #closeAll(): void {
    this.#fresh = [];
    this.#waiting = [];
    this.#streams.closeAll();
  }

  #emptied(): void {
    if (this.#streams.acceptsMore || this.#ended) return;
    this.#ended = true;
    this.#output.end();
  }

  #goAway(lastStream: number, code: number, message: string): void {
    this.#streams.sending.goAway(lastStream, code, message);
  }

  #begin(stream: Http2Stream): void {
    if (stream.closed) return;
    if (this.#handling < this.#options.maxStreams) {
      this.#handle(stream);
      return;
    }
    this.#waiting.push(stream);
    if (this.#waiting.length > 4 * this.#options.maxStreams)
      this.#fail(new ConnectionFault(errorCode.enhanceYourCalm, "requests are given up faster than they can be ended"));
  }

  #handle(stream: Http2Stream): void {
    this.#handling++;
    this.#options.request(stream);
  }

  #frame(frame: Frame): void {
    const { type } = frame;
    this.#blocks.inOrder(frame);
    switch (type) {
      case frameType.data:
        this.#streams.data(frame);
        return;
      case frameType.headers:
        this.#streams.headers(this.#blocks.headers(frame));
        return;
      case frameType.continuation:
        this.#streams.headers(this.#blocks.continuation(frame));
        return;
      case frameType.priority:
        this.#streams.priority(frame);
        return;
      case frameType.resetStream:
        this.#streams.resetByPeer(frame);
        return;
      case frameType.settings:
        this.#settings(frame);
        return;
      case frameType.pushPromise:
        throw protocolFault("a client can not push");
      case frameType.ping:
        this.#ping(frame);
        return;
      case frameType.goAway:
        goAwayOf(frame);
        return;
      case frameType.windowUpdate:
        this.#streams.windowUpdate(frame);
        return;
      default:
        this.#idle();
        return;
    }
  }

  #idle(): void {
    if (++this.#idleFrames > mostIdleFrames)
      throw new ConnectionFault(errorCode.enhanceYourCalm, "too many frames that bring nothing");
  }

  #settings(frame: Frame): void {
    const settings = settingsOf(frame);
    if (settings === undefined) return;
    this.#idle();
    for (const [name, value] of settings) {
      if (name === setting.headerTableSize) this.#streams.sending.encoder.limitTable(value);
      else if (name === setting.initialWindowSize) this.#streams.setInitialWindow(value);
      // Our frames are never longer than the smallest length that may be agreed on.
    }
    this.#output.control({ type: frameType.settings, flags: flag.ack, stream: 0 }, empty);
    this.#streams.sendWaiting();
  }

  #ping(frame: Frame): void {
    checkPing(frame);
    const { flags, bytes, start, end } = frame;
    if ((flags & flag.ack) === 0) {
      this.#idle();
      const payload = bytes.subarray(start, end);
      this.#output.control({ type: frameType.ping, flags: flag.ack, stream: 0 }, payload);
      return;
    }
    if (bytes[end - 1] === livePing[7]) this.#awaitsPong = false;
    else if (bytes[end - 1] === drainPing[7] && this.#streams.acceptsMore) this.#drained();
  }

  /** The peer knows that it must not open streams: those it opened before count. */
  #drained(): void {
    this.#streams.acceptNoMore();
    this.#goAway(this.#streams.lastStream, errorCode.noError, "");
    if (this.#streams.size > 0) return;
    this.#ended = true;
    this.#output.end();
  }
}
