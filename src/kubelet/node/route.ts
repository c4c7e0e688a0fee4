// What the handlers of the kubelet's API are given, and how they end a request that has no answer.
import type { ServerResponse } from "node:http";

/** Ends a request with a status and a line of text. */
export class RouteError extends Error {
  override readonly name = "RouteError";
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export interface RouteRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly response: ServerResponse;
  /** Aborts when the caller is gone. */
  readonly signal: AbortSignal;
}
