// Extension servers: other API servers that answer for group versions of their own behind this one. The seams between what is
// always there (index.ts: one empty map) and what is loaded with the first of them.
import type { ApiRequest, ApiResponse, HttpMethod } from "../../machinery/index.ts";
import type { RequestContext } from "../context.ts";

/** Where an extension server is, and how it proves who it is. */
export interface ExtensionTarget {
  readonly host: string;
  readonly port: number;
  /** Whom its certificate must be for. */
  readonly serverName: string;
  /** PEM of the authorities that vouch for it; the machine's own when absent. */
  readonly authorities?: string;
  /** Its certificate is not checked. */
  readonly insecure: boolean;
}

export interface ExtensionRequest {
  readonly method: HttpMethod;
  /** With the query. */
  readonly path: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: Uint8Array;
  readonly signal?: AbortSignal;
}

/** Reaches extension servers with the front proxy's client certificate. Node's sockets live behind this door. */
export interface ExtensionDialer {
  /** Rejects with an Error when no answer came; its message says why in Go's words. The answer streams. */
  request(target: ExtensionTarget, request: ExtensionRequest): Promise<ApiResponse>;
  /** For a request that asks to switch protocols. */
  upgrade(target: ExtensionTarget, request: ExtensionRequest): ExtensionUpgrade;
  close(): void;
}

export interface ExtensionUpgrade {
  /** Owns the client's socket from here on; `head` are the bytes that came behind the request. */
  takeOver(socket: unknown, head: Uint8Array): void;
}

/** One entry of the merged discovery. */
export interface RemoteVersion {
  readonly group: string;
  readonly version: string;
  readonly groupPriority: number;
  readonly versionPriority: number;
  /** In the form of apidiscovery.k8s.io; empty until it has been fetched. */
  readonly resources: readonly object[];
  readonly freshness: "Current" | "Stale";
}

/** What answers below one path instead of this server. */
export interface Extension {
  serve(context: RequestContext): Promise<ApiResponse>;
  /** An answer when there is nothing to connect to. */
  upgrade(context: RequestContext): ExtensionUpgrade | ApiResponse;
}

/** What the pipeline and the documents see. */
export interface Aggregation {
  /** Undefined: this server answers itself. */
  find(path: string): Extension | undefined;
  /** Registered versions of extension servers; a new list after every change. */
  readonly remote: readonly RemoteVersion[];
  /** OpenAPI v3 paths (`apis/group/version`) of extension servers with their hashed addresses. */
  openApiPaths(): Promise<Readonly<Record<string, string>>>;
  /** One of these documents, as its server gives it. */
  openApiDocument(path: string, request: ApiRequest): Promise<ApiResponse | undefined>;
  /** OpenAPI v2 documents of extension servers. */
  openApiV2(): Promise<readonly object[]>;
  start(): Promise<void>;
  close(): void;
}
