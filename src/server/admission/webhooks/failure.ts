// A webhook that could not be asked, or that answered nonsense: failurePolicy decides what becomes of the request.
// Upstream: apiserver/pkg/util/webhook ErrCallingWebhook.
import { internalError, quoteGo, type StatusError } from "../../../machinery/index.ts";

export class CallFailure extends Error {
  override readonly name = "CallFailure";
  /** HTTP status that metrics count it under. */
  readonly code: number;

  constructor(message: string, code: number) {
    super(message);
    this.code = code;
  }
}

/** 500 with the name of the webhook. */
export const failedCall = (webhookName: string, { message }: CallFailure): StatusError =>
  internalError(`failed calling webhook ${quoteGo(webhookName)}: ${message}`);
