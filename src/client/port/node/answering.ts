// The end of a message port that answers: every request of the thread at the other end goes through the door that is given here.
//
// Contract: answers go out as bytes, in the order in which they were made; what the other end cancels is aborted. A stream is followed no
// faster than it is read there, and while that thread takes nothing at all every stream waits: what is on the way to it is bounded. When the
// port closes, everything that is open is aborted.
import type { MessagePort } from "node:worker_threads";
import { errorText } from "../../../base/index.ts";
import type { ApiRequest, ApiResponse, WatchFrame, WatchSource } from "../../../machinery/index.ts";
import {
  type Answered,
  type Asked,
  type Batch,
  lengthOf,
  Outbox,
  openBatch,
  portWindow,
  type Request,
  streamWindow,
} from "./protocol.ts";

export interface AnsweringOptions {
  readonly port: MessagePort;
  /** `seat`: in whose name the thread asks. */
  readonly handle: (request: ApiRequest, seat: number) => Promise<ApiResponse>;
}

/** Answers until the port closes. */
export function answerOver(options: AnsweringOptions): void {
  new Answerer(options);
}

/** Something that is being answered. */
interface Exchange {
  readonly id: number;
  readonly controller: AbortController;
  /** Sent and not read yet. */
  ahead: number;
  /** Continues a stream that waits for room. */
  goOn: (() => void) | undefined;
}

class Answerer {
  readonly #handle: AnsweringOptions["handle"];
  readonly #outbox: Outbox<Answered>;
  readonly #open = new Map<number, Exchange>();
  readonly #waiting = new Set<Exchange>();
  /** Bytes that the thread has not received yet. */
  #onTheWay = 0;

  constructor({ port, handle }: AnsweringOptions) {
    this.#handle = handle;
    this.#outbox = new Outbox(port);
    port.on("message", (batch: Batch<Asked>) => {
      for (const [what, bytes] of openBatch(batch)) this.#take(what, bytes);
    });
    port.on("close", () => {
      for (const exchange of [...this.#open.values()]) this.#cancel(exchange);
    });
  }

  #take(what: Asked, bytes: Uint8Array): void {
    if (what.type === "request") {
      void this.#answer(what, bytes);
      return;
    }
    if (what.type === "received") {
      this.#onTheWay -= what.count;
      for (const exchange of [...this.#waiting]) this.#wake(exchange);
      return;
    }
    const exchange = this.#open.get(what.id);
    if (exchange === undefined) return; // it ended meanwhile
    if (what.type === "cancel") this.#cancel(exchange);
    else {
      exchange.ahead -= what.count;
      this.#wake(exchange);
    }
  }

  async #answer({ id, seat, method, path, query, headers, bytes }: Request, body: Uint8Array): Promise<void> {
    const controller = new AbortController();
    const exchange: Exchange = { id, controller, ahead: 0, goOn: undefined };
    this.#open.set(id, exchange);
    try {
      const request: ApiRequest = {
        ...{ method, path, headers, signal: controller.signal },
        ...(query === "" ? {} : { query: new URLSearchParams(query) }),
        ...(bytes === undefined ? {} : { body }),
      };
      await this.#send(exchange, await this.#handle(request, seat));
    } catch (error) {
      if (this.#over(exchange)) this.#say({ type: "failed", id, message: errorText(error) });
    }
  }

  async #send(exchange: Exchange, answer: ApiResponse): Promise<void> {
    const { id } = exchange;
    const { status, headers, watch, stream, release } = answer;
    if (!this.#open.has(id)) {
      release?.();
      await (watch ?? stream)?.[Symbol.asyncIterator]().return?.();
      return;
    }
    const pieces = bodyOf(answer);
    const streams = watch !== undefined || stream !== undefined;
    this.#say({ type: "answer", id, status, headers, streams, bytes: lengthOf(pieces) }, pieces, release);
    if (watch?.follow !== undefined) await this.#follow(exchange, (follower) => watch.follow!(follower));
    else if (streams) await this.#iterate(exchange, (watch ?? stream)!);
    if (this.#over(exchange) && streams) this.#say({ type: "end", id });
  }

  #follow(exchange: Exchange, follow: NonNullable<WatchSource["follow"]>): Promise<void> {
    return new Promise((resolve, reject) => {
      const goOn = follow({
        take: (frame) => {
          if (!this.#open.has(exchange.id)) return true;
          this.#sendChunk(exchange, wireBytes(frame));
          if (this.#hasRoom(exchange)) return true;
          this.#wait(exchange, () => goOn());
          return false;
        },
        ended: (error) => (error === undefined ? resolve() : reject(error)),
      });
    });
  }

  async #iterate(exchange: Exchange, chunks: AsyncIterable<Uint8Array | readonly WatchFrame[]>): Promise<void> {
    for await (const chunk of chunks) {
      if (!this.#open.has(exchange.id)) return;
      if (chunk instanceof Uint8Array) this.#sendChunk(exchange, chunk);
      else for (const frame of chunk) this.#sendChunk(exchange, wireBytes(frame));
      if (!this.#hasRoom(exchange)) await new Promise<void>((resolve) => this.#wait(exchange, resolve));
    }
  }

  #sendChunk(exchange: Exchange, chunk: Uint8Array): void {
    exchange.ahead += chunk.length;
    this.#say({ type: "chunk", id: exchange.id, bytes: chunk.length }, [chunk]);
  }

  #say(what: Answered, pieces?: readonly Uint8Array[], sent?: () => void): void {
    this.#onTheWay += what.bytes ?? 0;
    this.#outbox.say(what, pieces, sent);
  }

  #hasRoom({ ahead }: Exchange): boolean {
    return ahead < streamWindow && this.#onTheWay < portWindow;
  }

  #wait(exchange: Exchange, goOn: () => void): void {
    exchange.goOn = goOn;
    this.#waiting.add(exchange);
  }

  #wake(exchange: Exchange): void {
    if (!this.#hasRoom(exchange) || !this.#waiting.delete(exchange)) return;
    exchange.goOn?.();
  }

  #cancel(exchange: Exchange): void {
    const waited = this.#waiting.has(exchange);
    this.#over(exchange);
    exchange.controller.abort(new DOMException("nobody waits for the answer", "AbortError"));
    if (waited) exchange.goOn?.(); // to see that nobody reads
  }

  #over(exchange: Exchange): boolean {
    this.#waiting.delete(exchange);
    return this.#open.delete(exchange.id);
  }
}

const encoder = new TextEncoder();

function bodyOf({ bytes, object }: ApiResponse): readonly Uint8Array[] {
  if (bytes !== undefined) return bytes;
  return object === undefined ? [] : [encoder.encode(JSON.stringify(object))];
}

function wireBytes({ type, bytes }: WatchFrame): Uint8Array {
  if (bytes === undefined) throw new Error(`a ${type} watch frame for another thread has no bytes`);
  return bytes;
}
