// The streams of a connection as the peer opens, feeds and ends them: HEADERS, DATA, RST_STREAM, PRIORITY, WINDOW_UPDATE, and
// the windows of what is received. RFC 9113 §5, §6.

import type { Frame, HeaderSection } from "../../base/http2/index.ts";
import {
  ConnectionFault,
  copied,
  errorCode,
  flag,
  incrementOf,
  initialWindow,
  largestWindow,
  paddingOf,
  protocolFault,
  resetCodeOf,
  uint32,
} from "../../base/http2/index.ts";
import type { Sink } from "./output.ts";
import { areTrailers, requestHeadOf } from "./request-head.ts";
import { Sending } from "./sending.ts";
import { type AnswerHead, Http2Stream, type StreamHost } from "./stream.ts";

export interface StreamLimits {
  readonly maxStreams: number;
  readonly maxBodyBytes: number;
  /** A request's head is there. */
  readonly opened: (stream: Http2Stream) => void;
  /** A frame that brings nothing; throws when they are too many. */
  readonly idle: () => void;
  /** The last stream has been closed. */
  readonly emptied: () => void;
}

/** As kube-apiserver announces it: the 99th percentile of resource bodies fits. */
export const streamWindow = 256 * 1024;
const connectionWindow = 16 * 1024 * 1024;
/** Streams that were reset lately: what the peer had sent by then is no error. */
const mostReset = 256;
/** Copied, lest a small body holds the chunk it came in. */
const copiedBodyBytes = 64 * 1024;

export class Streams implements StreamHost {
  readonly sending: Sending;
  readonly #limits: StreamLimits;
  readonly #open = new Map<number, Http2Stream>();
  readonly #resetLately = new Set<number>();
  #lastStream = 0;
  #acceptedUntil = largestWindow;
  #receiveWindow = connectionWindow;
  #ungranted = 0;

  constructor(sink: Sink, limits: StreamLimits) {
    this.#limits = limits;
    this.sending = new Sending(sink, (stream) => this.#localEnded(stream));
  }

  get size(): number {
    return this.#open.size;
  }

  get lastStream(): number {
    return this.#lastStream;
  }

  /** What came so far was the last. */
  acceptNoMore(): void {
    this.#acceptedUntil = this.#lastStream;
  }

  get acceptsMore(): boolean {
    return this.#acceptedUntil === largestWindow;
  }

  /** The connection's window, which begins as small as every window. */
  openWindow(): void {
    this.sending.windowUpdate(0, connectionWindow - initialWindow);
  }

  closeAll(): void {
    for (const stream of [...this.#open.values()]) this.#close(stream);
  }

  /** SETTINGS_INITIAL_WINDOW_SIZE. Streams that wait have to be told by `sendWaiting`. */
  setInitialWindow(bytes: number): void {
    this.sending.setInitialWindow(bytes, this.#open.values());
  }

  sendWaiting(): void {
    for (const stream of [...this.#open.values()]) if (stream.queuedBytes > 0) this.sending.send(stream);
  }

  respond(stream: Http2Stream, answer: AnswerHead): void {
    this.sending.respond(stream, answer);
  }

  send(stream: Http2Stream): void {
    this.sending.send(stream);
  }

  sendNow(stream: Http2Stream, bytes: Uint8Array): boolean {
    return this.sending.sendNow(stream, bytes);
  }

  reset(stream: Http2Stream, code: number): void {
    this.#resetId(stream.id, code);
    this.#close(stream);
  }

  #close(stream: Http2Stream): void {
    this.#open.delete(stream.id);
    this.sending.forget(stream);
    stream.close();
    if (this.#open.size === 0) this.#limits.emptied();
  }

  #resetId(id: number, code: number): void {
    this.#resetLately.add(id);
    if (this.#resetLately.size > mostReset) this.#resetLately.delete(this.#resetLately.values().next().value!);
    this.sending.resetStream(id, code);
  }

  /** What the peer still has to say about a request that is answered is not read. RFC 9113 §8.1. */
  #localEnded(stream: Http2Stream): void {
    stream.localEnded = true;
    if (!stream.remoteEnded) this.#resetId(stream.id, errorCode.noError);
    this.#close(stream);
  }

  #isIdle(id: number): boolean {
    return id % 2 === 0 || id > this.#lastStream;
  }

  /** DATA. */
  data(frame: Frame): void {
    const { stream: id, flags, bytes, start, end } = frame;
    if (id === 0) throw protocolFault("DATA is of a stream");
    if (this.#isIdle(id)) throw protocolFault(`DATA on stream ${id}, which is not open`);
    const length = end - start;
    this.#receiveWindow -= length;
    if (this.#receiveWindow < 0)
      throw new ConnectionFault(errorCode.flowControlError, "more data than the connection's window allows");
    this.#grant(length);
    const padding = paddingOf(frame);
    const stream = this.#open.get(id);
    if (stream === undefined || stream.remoteEnded) {
      if (stream !== undefined) this.reset(stream, errorCode.streamClosed);
      else if (!this.#resetLately.has(id)) this.#resetId(id, errorCode.streamClosed);
      return;
    }
    stream.receiveWindow -= length;
    if (stream.receiveWindow < 0) {
      this.reset(stream, errorCode.flowControlError);
      return;
    }
    const endStream = (flags & flag.endStream) !== 0;
    const from = padding === 0 ? start : start + 1;
    const to = padding === 0 ? end : end - padding + 1;
    if (from < to) this.#body(stream, { bytes, start: from, end: to });
    else if (!endStream) this.#limits.idle();
    if (stream.closed) return;
    if (endStream) {
      this.#remoteEnded(stream);
      return;
    }
    stream.ungranted += length;
    if (stream.ungranted < streamWindow / 2 || !stream.takesBody) return;
    stream.receiveWindow += stream.ungranted;
    this.sending.windowUpdate(id, stream.ungranted);
    stream.ungranted = 0;
  }

  #body(
    stream: Http2Stream,
    { bytes, start, end }: { readonly bytes: Uint8Array; readonly start: number; readonly end: number },
  ): void {
    const { contentLength } = stream.head;
    if (contentLength !== undefined && stream.receivedBytes + end - start > contentLength) {
      this.reset(stream, errorCode.protocolError);
      return;
    }
    // A payload that was gathered is nobody else's.
    const owned = start === 0 && end === bytes.length && bytes.byteLength === bytes.buffer.byteLength;
    const piece = owned
      ? bytes
      : end - start <= copiedBodyBytes
        ? copied(bytes, start, end)
        : bytes.subarray(start, end);
    stream.receive(piece, this.#limits.maxBodyBytes);
  }

  #grant(bytes: number): void {
    this.#ungranted += bytes;
    if (this.#ungranted < connectionWindow / 4) return;
    this.#receiveWindow += this.#ungranted;
    this.sending.windowUpdate(0, this.#ungranted);
    this.#ungranted = 0;
  }

  #remoteEnded(stream: Http2Stream): void {
    const { contentLength } = stream.head;
    if (contentLength !== undefined && contentLength !== stream.receivedBytes) {
      this.reset(stream, errorCode.protocolError);
      return;
    }
    stream.remoteEnded = true;
    stream.bodyEnded();
  }

  /** A whole block of HEADERS; undefined: it goes on. */
  headers(section: HeaderSection | undefined): void {
    if (section === undefined) return;
    const { stream: id, endStream, block } = section;
    if (id % 2 === 0) throw protocolFault(`stream ${id} is not a client's to open`);
    const open = this.#open.get(id);
    if (open !== undefined) {
      if (open.remoteEnded) {
        this.reset(open, errorCode.streamClosed);
        return;
      }
      if (!endStream || !areTrailers(block.fields)) {
        this.reset(open, errorCode.protocolError);
        return;
      }
      this.#remoteEnded(open);
      return;
    }
    if (id <= this.#lastStream) {
      if (this.#resetLately.has(id)) return;
      throw new ConnectionFault(errorCode.streamClosed, `stream ${id} is closed`);
    }
    this.#lastStream = id;
    if (id > this.#acceptedUntil) return;
    if (section.dependsOnItself) {
      this.#resetId(id, errorCode.protocolError);
      return;
    }
    if (this.#open.size >= this.#limits.maxStreams) {
      this.#resetId(id, errorCode.refusedStream);
      return;
    }
    this.#accept(section);
  }

  #accept({ stream: id, endStream, block }: HeaderSection): void {
    if (block.tooLarge) {
      this.#refuseHeaders(id, endStream);
      return;
    }
    const head = requestHeadOf(block.fields);
    if (head === undefined || (endStream && (head.contentLength ?? 0) > 0)) {
      this.#resetId(id, errorCode.protocolError);
      return;
    }
    const stream = new Http2Stream(id, head, this);
    stream.sendWindow = this.sending.initialWindow;
    stream.receiveWindow = streamWindow;
    this.#open.set(id, stream);
    this.#limits.opened(stream);
    if (endStream) {
      stream.remoteEnded = true;
      stream.bodyEnded();
    } else if (head.headers["expect"]?.toLowerCase() === "100-continue")
      this.sending.headers(id, { status: 100, headers: {}, endStream: false });
  }

  /** The answer of Go's server to a list of fields that is too long. */
  #refuseHeaders(id: number, endStream: boolean): void {
    const body = new TextEncoder().encode("<h1>HTTP Error 431</h1><p>Request Header Field(s) Too Large</p>");
    const headers = { "content-type": "text/html; charset=utf-8", "content-length": String(body.length) };
    const stream = new Http2Stream(id, { method: "", url: "", headers: {}, contentLength: undefined }, this);
    stream.sendWindow = this.sending.initialWindow;
    stream.remoteEnded = endStream;
    this.#open.set(id, stream);
    stream.respond({ status: 431, headers, endStream: false });
    stream.end(body);
  }

  /** PRIORITY: its rules are kept, its wishes are not. */
  priority({ stream: id, bytes, start, end }: Frame): void {
    if (id === 0) throw protocolFault("PRIORITY is of a stream");
    this.#limits.idle();
    const code =
      end - start !== 5
        ? errorCode.frameSizeError
        : (uint32(bytes, start) & 0x7fffffff) === id
          ? errorCode.protocolError
          : undefined;
    if (code === undefined) return;
    const stream = this.#open.get(id);
    if (stream === undefined) this.#resetId(id, code);
    else this.reset(stream, code);
  }

  /** RST_STREAM. */
  resetByPeer(frame: Frame): void {
    const { stream: id } = frame;
    resetCodeOf(frame);
    if (id === 0 || this.#isIdle(id)) throw protocolFault("RST_STREAM of a stream that is not open");
    const stream = this.#open.get(id);
    if (stream === undefined) {
      this.#limits.idle();
      return;
    }
    this.#close(stream);
  }

  /** WINDOW_UPDATE. */
  windowUpdate(frame: Frame): void {
    const { stream: id } = frame;
    const increment = incrementOf(frame);
    if (id === 0) {
      if (increment === 0) throw protocolFault("a window grows by something");
      this.sending.grant(increment);
      return;
    }
    if (this.#isIdle(id)) throw protocolFault(`WINDOW_UPDATE on stream ${id}, which is not open`);
    const stream = this.#open.get(id);
    if (stream === undefined) return;
    if (increment === 0) {
      this.reset(stream, errorCode.protocolError);
      return;
    }
    stream.sendWindow += increment;
    if (stream.sendWindow > largestWindow) {
      this.reset(stream, errorCode.flowControlError);
      return;
    }
    this.sending.send(stream);
  }
}
