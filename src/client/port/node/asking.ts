// A thread's end of a message port at whose other end requests are answered: Transports, one for each name that this thread may ask in.
//
// Contract: as of any Transport. Requests and answers are bytes; what is aborted here is cancelled there; a stream is sent no further ahead
// of its reader than `streamWindow`. When the port closes, everything that is open fails.
import type { MessagePort } from "node:worker_threads";
import type { ApiRequest, ApiResponse, Transport } from "../../../machinery/index.ts";
import { AnswerBody } from "../../answer-body.ts";
import { type Answered, type Asked, type Batch, Outbox, openBatch, portWindow, streamWindow } from "./protocol.ts";

export interface Asking {
  /** Who asks is what the other end takes `seat` for. */
  transport(seat: number): Transport;
  /** Closes the port. */
  close(): void;
}

export function askOver(port: MessagePort): Asking {
  const asker = new Asker(port);
  return {
    transport: (seat) => ({ request: (request) => asker.ask(seat, request), close: () => {} }),
    close: () => port.close(),
  };
}

interface Exchange {
  readonly resolve: (answer: ApiResponse) => void;
  readonly reject: (error: unknown) => void;
  /** Takes back what was asked of the request's signal. */
  readonly detach: () => void;
  /** Once the head of a stream has come. */
  body: AnswerBody | undefined;
  /** Read, and not told yet. */
  taken: number;
}

const gone = (): Error => new Error("the thread that answers is gone");

class Asker {
  readonly #outbox: Outbox<Asked>;
  readonly #open = new Map<number, Exchange>();
  #nextId = 0;
  #received = 0;
  #closed = false;

  constructor(port: MessagePort) {
    this.#outbox = new Outbox(port);
    port.on("message", (batch: Batch<Answered>) => this.#receive(batch));
    port.on("close", () => {
      this.#closed = true;
      for (const id of [...this.#open.keys()]) this.#fail(id, gone());
    });
  }

  ask(seat: number, request: ApiRequest): Promise<ApiResponse> {
    const { method, path, query, headers, signal } = request;
    if (this.#closed) return Promise.reject(gone());
    if (signal?.aborted) return Promise.reject(signal.reason);
    const id = this.#nextId++;
    const { promise, resolve, reject } = Promise.withResolvers<ApiResponse>();
    const aborted = (): void => this.#cancel(id, signal?.reason);
    signal?.addEventListener("abort", aborted, { once: true });
    const detach = (): void => signal?.removeEventListener("abort", aborted);
    this.#open.set(id, { resolve, reject, detach, body: undefined, taken: 0 });
    const body = bytesOf(request.body);
    const asked = { id, seat, method, path, headers, query: query === undefined ? "" : String(query) };
    if (body === undefined) this.#outbox.say({ type: "request", ...asked });
    else this.#outbox.say({ type: "request", ...asked, bytes: body.length }, [body]);
    return promise;
  }

  #receive(batch: Batch<Answered>): void {
    for (const [what, bytes] of openBatch(batch)) this.#take(what, bytes);
    this.#received += batch.bytes.length;
    if (this.#received < portWindow / 4) return;
    this.#outbox.say({ type: "received", count: this.#received });
    this.#received = 0;
  }

  #take(what: Answered, bytes: Uint8Array): void {
    const { id } = what;
    const exchange = this.#open.get(id);
    if (exchange === undefined) return; // it was cancelled meanwhile
    switch (what.type) {
      case "answer": {
        const { status, headers } = what;
        if (what.streams) {
          exchange.body = new AnswerBody((count) => this.#took(id, count));
          exchange.resolve({ status, headers, stream: exchange.body });
        } else {
          this.#over(id);
          exchange.resolve({ status, headers, bytes: bytes.length === 0 ? [] : [bytes] });
        }
        break;
      }
      case "chunk":
        exchange.body?.push(bytes);
        break;
      case "end":
        this.#over(id);
        exchange.body?.end();
        break;
      case "failed":
        this.#fail(id, new Error(what.message));
    }
  }

  #took(id: number, count: number): void {
    const exchange = this.#open.get(id);
    if (exchange === undefined) return;
    if (count < 0) {
      this.#cancel(id, new Error("nobody reads the answer"));
      return;
    }
    exchange.taken += count;
    if (exchange.taken < streamWindow / 2) return;
    this.#outbox.say({ type: "taken", id, count: exchange.taken });
    exchange.taken = 0;
  }

  #cancel(id: number, reason: unknown): void {
    if (!this.#open.has(id)) return;
    this.#outbox.say({ type: "cancel", id });
    this.#fail(id, reason);
  }

  #fail(id: number, error: unknown): void {
    const exchange = this.#over(id);
    if (exchange?.body === undefined) exchange?.reject(error);
    else exchange.body.fail(error);
  }

  #over(id: number): Exchange | undefined {
    const exchange = this.#open.get(id);
    this.#open.delete(id);
    exchange?.detach();
    return exchange;
  }
}

const encoder = new TextEncoder();

function bytesOf(body: ApiRequest["body"]): Uint8Array | undefined {
  return body === undefined || body instanceof Uint8Array ? body : encoder.encode(JSON.stringify(body));
}
