// What a typed client is: calls on one kind of object, over any Transport. Upstream: client-go's typed clients.
import type { KindDefinition, Verb } from "../api/index.ts";
import type { DeleteOptions, KubeList, KubeObject, NewObject, Transport } from "../machinery/index.ts";

export interface ListOptions {
  /** All namespaces when not given. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly limit?: number;
  readonly continue?: string;
  readonly resourceVersion?: string;
  readonly resourceVersionMatch?: "Exact" | "NotOlderThan";
}

export interface WatchOptions extends Omit<ListOptions, "limit" | "continue"> {
  readonly allowBookmarks?: boolean;
  readonly sendInitialEvents?: boolean;
  readonly timeoutSeconds?: number;
  readonly signal: AbortSignal;
}

export interface WriteOptions {
  readonly dryRun?: boolean;
  readonly fieldManager?: string;
  readonly fieldValidation?: "Strict" | "Warn" | "Ignore";
}

export type PatchType = "json" | "merge" | "strategic" | "apply";

export type WatchEvent<T> =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly object: T }
  | { readonly type: "BOOKMARK"; readonly resourceVersion: string; readonly initialEventsEnd: boolean };

/** Names one object. Namespace is "" for cluster-scoped kinds. */
export interface ObjectName {
  readonly namespace?: string;
  readonly name: string;
}

/** Every call throws StatusError for an answer of 4xx/5xx, and the transport's error when no answer came. */
export interface ResourceClient<T extends KubeObject> {
  readonly kind: KindDefinition<T>;
  get(name: ObjectName): Promise<T>;
  /** Undefined instead of a 404. */
  find(name: ObjectName): Promise<T | undefined>;
  list(options?: ListOptions): Promise<KubeList<T>>;
  create(object: NewObject<T>, options?: WriteOptions): Promise<T>;
  /** Whole replacement; metadata.resourceVersion guards it when set. */
  update(object: T, options?: WriteOptions): Promise<T>;
  updateStatus(object: T, options?: WriteOptions): Promise<T>;
  patch(
    name: ObjectName,
    patch: unknown,
    options: WriteOptions & { readonly type: PatchType; readonly subresource?: string; readonly force?: boolean },
  ): Promise<T>;
  delete(name: ObjectName, options?: Partial<DeleteOptions>): Promise<void>;
  deleteCollection(selection: ListOptions, options?: Partial<DeleteOptions>): Promise<void>;
  /** Throws StatusError from the iterator for an ERROR event (410 Expired among them). Ends when the server ends it. */
  watch(options: WatchOptions): AsyncIterable<WatchEvent<T>>;
  /** POST to a subresource: binding, eviction, token. */
  createSubresource<R = unknown>(
    name: ObjectName,
    subresource: string,
    body: object,
    options?: WriteOptions,
  ): Promise<R>;
  /** GET and PUT of a subresource: scale. */
  getSubresource<R = unknown>(name: ObjectName, subresource: string): Promise<R>;
  updateSubresource<R = unknown>(
    name: ObjectName,
    subresource: string,
    body: object,
    options?: WriteOptions,
  ): Promise<R>;
}

export interface Client {
  readonly transport: Transport;
  of<T extends KubeObject>(kind: KindDefinition<T>): ResourceClient<T>;
  /** A kind known only at run time (garbage collector, namespace controller): from discovery. */
  dynamic(resource: DynamicResource): ResourceClient<KubeObject>;
  /** Every served resource of the preferred versions, as discovery tells. */
  discover(): Promise<readonly DynamicResource[]>;
  /** Raw GET, e.g. /version. */
  raw(path: string, query?: URLSearchParams): Promise<{ readonly status: number; readonly text: string }>;
}

export interface DynamicResource {
  readonly group: string;
  readonly version: string;
  /** All versions that have it, as discovery tells; `version` alone when not given. */
  readonly versions?: readonly string[];
  readonly resource: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly verbs: readonly Verb[];
}
