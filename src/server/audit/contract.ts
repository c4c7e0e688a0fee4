// The hook that an audit log attaches to. Off, it costs one comparison a request.
import type { ApiRequest, ApiResponse, UserInfo } from "../../machinery/index.ts";
import type { RequestInfo } from "../request-info.ts";

export interface Auditor {
  /** Somebody has been identified, or is not to be. Undefined: nothing is written about this request. */
  begin(request: ApiRequest, of: AuditedRequest): AuditTrail | undefined;
  /** What is written so far is kept; nothing comes after. */
  close(): Promise<void>;
}

export interface AuditedRequest {
  readonly info: RequestInfo;
  /** Absent when nobody could be identified. */
  readonly user: UserInfo | undefined;
  readonly auditId: string;
  readonly receivedMs: number;
  readonly remoteAddress: string | undefined;
  readonly longRunning: boolean;
  /** Filled while the request is worked on. */
  readonly annotations: ReadonlyMap<string, string>;
}

export interface AuditTrail {
  /** False when the first event was lost and the request may not go on; a promise while a backend holds it up. */
  readonly received: boolean | Promise<boolean>;
  /** `constraint`: the verb that allowed it, unless it was plain `impersonate`. */
  impersonated(user: UserInfo, constraint: string | undefined): void;
  /** The body as it was read, in the form that the handler saw. */
  requestObject(body: unknown): void;
  /** The answer is known; of a streaming one only its head. */
  responded(response: ApiResponse): Promise<unknown> | undefined;
  /** Nothing more is sent. For streaming answers: their end. */
  completed(): Promise<unknown> | undefined;
}

/** The request is answered with 500 and nothing is done. Upstream: filters/audit.go "failed to store audit event". */
export class NotAudited extends Error {
  override readonly name = "NotAudited";
  constructor() {
    super("failed to store audit event");
  }
}
