// The hook that an audit log attaches to: called for every request when it has been identified and when it is answered.
import type { ApiResponse } from "../machinery/index.ts";
import type { RequestContext } from "./context.ts";

export interface Auditor {
  received(context: RequestContext): void;
  /** `context` is absent when nobody could be identified. */
  completed(context: RequestContext | undefined, response: ApiResponse): void;
}
