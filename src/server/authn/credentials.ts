// What is common to all ways of proving who one is: bad credentials, and checks of one kind of token.
import { StatusError } from "../../machinery/index.ts";

/** Credentials were shown and are not good. The answer says only "Unauthorized"; `why` is for TokenReview and the log. */
export class InvalidCredentials extends StatusError {
  readonly why: string;

  constructor(why: string) {
    super({ code: 401, reason: "Unauthorized", message: "Unauthorized" });
    this.why = why;
  }
}

/** Checks one kind of bearer token. Undefined: not a token of its kind. Throws InvalidCredentials for a bad one. */
export type TokenCheck = (
  token: string,
  audiences: readonly string[],
) => Promise<import("../contract.ts").Authenticated | undefined>;
