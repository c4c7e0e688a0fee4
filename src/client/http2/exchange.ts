// One request and its answer on an HTTP/2 connection. An answer that says how long it is is gathered and told when it is whole; any other is
// told with its head, and its body is read as it comes, so far ahead as the stream's window goes.
import { type HeaderSection, initialWindow } from "../../base/http2/index.ts";
import type { ApiResponse } from "../../machinery/index.ts";
import { AnswerBody } from "../answer-body.ts";

/** What a stream may send ahead of its reader. */
export const streamWindow = 1024 * 1024;
/** Answers that say to be longer are not gathered before they are told. */
const mostGatheredBytes = 64 * 1024 * 1024;

export interface Request {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The request was never looked at: it may be made again, whatever it is. */
export class UnprocessedError extends Error {
  override readonly name = "UnprocessedError";
}

/** What an exchange asks of its connection. */
export interface ExchangeHost {
  /** The reader has taken so many bytes. */
  consumed(exchange: Exchange, bytes: number): void;
  /** Nobody waits for the answer any more. */
  cancel(exchange: Exchange): void;
}

export class Exchange {
  readonly request: Request;
  readonly answer: Promise<ApiResponse>;
  /** 0 until it is opened. */
  id = 0;
  sendWindow = initialWindow;
  receiveWindow = streamWindow;
  ungranted = 0;
  /** Of the request's body. */
  sentBytes = 0;
  /** Nothing more comes or goes. */
  over = false;
  readonly #host: ExchangeHost;
  #resolve!: (answer: ApiResponse) => void;
  #reject!: (error: unknown) => void;
  #told = false;
  #head: { readonly status: number; readonly headers: Record<string, string | string[]> } | undefined;
  #whole: Uint8Array | undefined;
  #gathered = 0;
  #body: AnswerBody | undefined;
  readonly #onAbort: (() => void) | undefined;

  constructor(request: Request, host: ExchangeHost) {
    this.request = request;
    this.#host = host;
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    const { signal } = request;
    if (signal === undefined) return;
    this.#onAbort = () => {
      host.cancel(this);
      this.fail(signal.reason);
    };
    signal.addEventListener("abort", this.#onAbort, { once: true });
  }

  get bodyBytes(): number {
    return this.request.body?.length ?? 0;
  }

  /** A header block. False: it is none that an answer can have here. */
  headers({ endStream: ends, block: { fields } }: HeaderSection): boolean {
    if (this.#head !== undefined) return ends; // trailers
    const status = Number(fields[0]?.name === ":status" ? fields[0].value : Number.NaN);
    if (!(status >= 100 && status <= 999)) return false;
    if (status < 200) return !ends;
    const headers: Record<string, string | string[]> = {};
    for (const { name, value, kind } of fields) {
      if (kind !== "regular") continue;
      const before = headers[name];
      if (before === undefined) headers[name] = value;
      else if (typeof before === "string") headers[name] = [before, value];
      else before.push(value);
    }
    this.#head = { status, headers };
    const length = Number(headers["content-length"] ?? (ends ? 0 : Number.NaN));
    if (length >= 0 && length <= mostGatheredBytes && this.request.method !== "HEAD")
      this.#whole = new Uint8Array(length);
    else if (!ends) this.#stream();
    return true;
  }

  #stream(): void {
    this.#body = new AnswerBody((bytes) => {
      if (bytes >= 0) this.#host.consumed(this, bytes);
      else this.#host.cancel(this);
    });
    this.#told = true;
    this.#resolve({ ...this.#head!, stream: this.#body });
  }

  /** False: there is no answer yet, or it is longer than it said. The bytes must not change. */
  data(bytes: Uint8Array): boolean {
    if (this.#body !== undefined) {
      this.#body.push(bytes);
      return true;
    }
    const whole = this.#whole;
    if (whole === undefined || this.#gathered + bytes.length > whole.length) return false;
    whole.set(bytes, this.#gathered);
    this.#gathered += bytes.length;
    this.#host.consumed(this, bytes.length);
    return true;
  }

  /** False: the answer is shorter than it said, or there is none. */
  end(): boolean {
    if (this.#head === undefined || (this.#whole !== undefined && this.#gathered < this.#whole.length)) return false;
    this.#settle();
    this.#body?.end();
    if (!this.#told) this.#resolve({ ...this.#head, bytes: this.#whole === undefined ? [] : [this.#whole] });
    return true;
  }

  fail(error: unknown): void {
    this.#settle();
    this.#body?.fail(error);
    if (!this.#told) this.#reject(error);
  }

  #settle(): void {
    this.over = true;
    if (this.#onAbort !== undefined) this.request.signal?.removeEventListener("abort", this.#onAbort);
  }
}
