// The door between clients and the API server. HTTP adapters and the in-process transport speak these shapes; every
// request, whatever way it came, goes through the whole of the server's pipeline.

import type { KubeObject } from "./object.ts";

export type HttpMethod = "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS" | "CONNECT";

export interface ApiRequest {
  readonly method: HttpMethod;
  /** Path without query, percent-encoded as on the wire: `/api/v1/namespaces/default/pods`. */
  readonly path: string;
  readonly query?: URLSearchParams;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Bytes as they came from the wire, or the decoded value when the caller is in process (frozen; never mutated). */
  readonly body?: Uint8Array | object;
  /** In-process callers take decoded, frozen objects instead of bytes (`ApiResponse.object`, `WatchFrame.object`). */
  readonly objects?: boolean;
  /** Aborts when the client is gone; ends watches and long work. */
  readonly signal?: AbortSignal;
}

export interface ApiResponse {
  readonly status: number;
  /** Lower-case names. `warning` may have several values. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  /** Exactly one of the four is present (none: an empty body). */
  readonly bytes?: readonly Uint8Array[];
  /** May be called, once nobody reads `bytes` any more: their memory may be given back at once. */
  readonly release?: () => void;
  /** A decoded, frozen value; only when the request asked for `objects`. */
  readonly object?: unknown;
  /** A watch. Ends when the server ends it; the consumer ends it with `return()` or the request's signal. */
  readonly watch?: WatchSource;
  /** Any other stream of bytes, e.g. followed logs. */
  readonly stream?: AsyncIterable<Uint8Array>;
  /** `bytes` longer than this may travel compressed to who accepts that. */
  readonly compress?: { readonly aboveBytes: number };
  /** The last on its HTTP/2 connection: GOAWAY follows. */
  readonly isLast?: true;
}

export type WatchEventType = "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";

/** One watch event: framed bytes (one JSON document and a newline) for the wire, the object for callers in process. */
export interface WatchFrame {
  readonly type: WatchEventType;
  readonly bytes?: Uint8Array;
  /** A KubeObject, or a Status when the type is ERROR. */
  readonly object?: KubeObject;
}

/** A watch as its consumer takes it: iterated, or followed where that is offered; either of them, once. */
export interface WatchSource extends AsyncIterable<readonly WatchFrame[]> {
  /** Hands frames on as they come, the first ones at once. Returns how to go on after `take` has said no. The request's signal ends it. */
  follow?(follower: WatchFollower): () => void;
}

export interface WatchFollower {
  /** False: nothing more until told to go on. */
  readonly take: (frame: WatchFrame) => boolean;
  /** Called once: nothing more comes. With an error, the watch is broken. */
  readonly ended: (error?: unknown) => void;
}

/** What a client holds. Identity belongs to the transport: who it was made for is who asks. */
export interface Transport {
  /** Rejects only when no answer came (refused, reset, aborted); an error answer is a response. */
  request(request: ApiRequest): Promise<ApiResponse>;
  close(): void;
}

/** Who asks, once authenticated. */
export interface UserInfo {
  readonly username: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** What an HTTP adapter knows of the peer before authentication. */
export interface PeerInfo {
  /** Client certificate verified by TLS against the client CA: subject CN and O, DER for its fingerprint. */
  readonly certificate?: {
    readonly commonName: string;
    readonly organizations: readonly string[];
    readonly uid?: string;
    readonly raw: Uint8Array;
    /** Which of the configured authorities signed it; only the client authority when absent. */
    readonly authorities?: readonly ("client" | "requestHeader")[];
  };
  /** A certificate was shown that no authority vouches for, or that is out of date: why. */
  readonly certificateError?: string;
  readonly remoteAddress?: string;
}

/** An authenticator's verdict given by a composition root: the in-process transport of one component. */
export type Identity =
  | { readonly kind: "user"; readonly user: UserInfo }
  | { readonly kind: "peer"; readonly peer: PeerInfo };

/** The one door of the API server. */
export type Handle = (request: ApiRequest, identity: Identity) => Promise<ApiResponse>;

/** The in-process transport: `handle` with a fixed identity. */
export function inProcessTransport(handle: Handle, user: UserInfo): Transport {
  const identity: Identity = { kind: "user", user };
  return { request: (request) => handle({ ...request, objects: true }, identity), close: () => {} };
}
