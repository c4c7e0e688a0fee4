// What every request that is answered soon passes before it is authorized: a bound on how many run at a time.
import { StatusError, type UserInfo } from "../../machinery/index.ts";
import type { RequestInfo } from "../request-info.ts";

export interface Arrival {
  readonly info: RequestInfo;
  readonly user: UserInfo;
  readonly query: URLSearchParams | undefined;
  readonly signal: AbortSignal | undefined;
  /** Monotonic. */
  readonly arrivedMs: number;
  /** How long it may wait for its turn, from its arrival on. */
  readonly waitLimitMs: number;
}

export interface Pass {
  /** Sent with the answer, whatever that is. */
  readonly headers: Readonly<Record<string, string>> | undefined;
  /** To be called once: when the request is answered, or its watch has begun. */
  leave(): void;
}

/** Two kinds: API priority and fairness, and two plain numbers (in-flight.ts). */
export interface RequestGate {
  /** Throws TooManyRequests. Not a promise when the request may run at once. */
  enter(arrival: Arrival): Pass | Promise<Pass>;
  /** Inside, at this moment. */
  readonly reading: number;
  readonly mutating: number;
}

/** Answered with a line of text, not a Status. */
export class TooManyRequests extends StatusError {
  /** For the headers that a matched flow schema gives. */
  readonly passHeaders: Readonly<Record<string, string>>;

  constructor(retryAfterSeconds: number, passHeaders: Readonly<Record<string, string>> = {}) {
    super(
      {
        code: 429,
        reason: "TooManyRequests",
        message: "Too many requests, please try again later.",
        details: { retryAfterSeconds },
      },
      { "retry-after": String(retryAfterSeconds) },
    );
    this.passHeaders = passHeaders;
  }
}

const readingVerbs: ReadonlySet<string> = new Set(["get", "list", "watch"]);

/** Upstream tells the two kinds by the verb: of other paths than resources' it is the method in small letters. */
export const isMutating = (info: RequestInfo): boolean => !readingVerbs.has(info.verb);
