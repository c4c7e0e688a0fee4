// What a request meets inside, as types: the kinds that are served, what they do besides their own object, the server's parts,
// what travels with the request, what a verb returns. They name each other, so they are one module; the functions on each are
// in catalog.ts, context.ts, admission/chain.ts and registry/.
import type { Column, KindDefinition, RuleContext, ServeRules } from "../api/index.ts";
import type { Clock, Logger, Rng } from "../base/index.ts";
import type {
  ApiRequest,
  ApiResponse,
  GroupResource,
  KubeObject,
  Schema,
  Schemas,
  UserInfo,
} from "../machinery/index.ts";
import type { Store } from "../store/index.ts";
import type { AdmissionAttributes, AdmissionOperation } from "./admission/contract.ts";
import type { Accepted } from "./content/negotiate.ts";
import type { RequestInfo } from "./request-info.ts";
import type { CachedObject, CacheHub, Watcher } from "./watchcache/index.ts";

export interface ServedResource {
  readonly kind: KindDefinition;
  readonly rules: ServeRules;
  readonly apiVersion: string;
  readonly groupResource: GroupResource;
  readonly schema: Schema | undefined;
  readonly schemas: Schemas;
  /** Present for kinds whose writes touch more than their own object. */
  readonly hooks: KindHooks | undefined;
  /** The kind as it is stored: another version's definition for kinds with `storedAs`. */
  readonly stored: KindDefinition;
  /** Present for kinds that a CustomResourceDefinition describes. */
  readonly custom?: CustomServing;
}

/** What is different at the door for kinds without a Go type. */
export interface CustomServing {
  readonly listKind: string;
  /** Texts for the `Warning` headers of every use. */
  readonly warnings: readonly string[];
  /** Its definition is being deleted: nothing is created any more. */
  readonly terminating: boolean;
  /** In discovery. Upstream serves a little earlier than it says so. */
  readonly established: boolean;
  /** For the published documents. */
  readonly openApi: unknown;
  /**
   * Brings a decoded body of this version into its form, in place; returns the paths of unknown fields. Throws an error
   * whose message is upstream's.
   */
  coerce(draft: Record<string, unknown>): readonly string[];
  /** The stored object as this version shows it: the same when its bytes can go out as they are. */
  served(cached: CachedObject): CachedObject;
  /** Awaited before `served` is asked, when another process takes part in the conversion. */
  convert?(cached: readonly CachedObject[]): Promise<void>;
  /**
   * Whether an object of this version can be seen as one of another for the sake of managed fields. Nothing is pruned for
   * that: a field that the other version does not know makes upstream give up who manages what.
   */
  comparable(object: KubeObject, apiVersion: string): boolean;
  /** A draft in the form of the storage version. */
  toStored(object: KubeObject): KubeObject;
  /** In place of `toStored`, when another process takes part. */
  convertToStored?(object: KubeObject): Promise<KubeObject>;
}

export interface Catalog {
  find(group: string, version: string, resource: string): ServedResource | undefined;
  /** Also of kinds that are turned off: the server's own objects are kept all the same. */
  of(kind: KindDefinition): ServedResource;
  /** What is served, in the order of the list in api/serve.ts, custom kinds after it. A new list after every change. */
  readonly all: readonly ServedResource[];
  /** The versions of one custom kind in place of those that were there under its name (`plural.group`); none removes it. */
  setCustom(name: string, resources: readonly ServedResource[]): void;
  hasVersion(group: string, version: string): boolean;
  hasGroup(group: string): boolean;
}

// What a kind does besides its own object when it is written: allocations that must be taken back when the write fails.

/** Exactly one of the two is called. */
export interface Reservation {
  commit(): void;
  rollback(): void;
}

export interface KindHooks {
  /** After the name is known, before preparation and validation; may change the draft. */
  beginCreate?(draft: KubeObject, context: RequestContext, dryRun: boolean): Promise<Reservation> | Reservation;
  beginUpdate?(
    draft: KubeObject,
    old: KubeObject,
    context: RequestContext,
    dryRun: boolean,
  ): Promise<Reservation> | Reservation;
  afterDelete?(object: KubeObject): void;
  /** The object is kept although its last finalizer is gone (namespaces keep spec.finalizers). */
  keepWhileFinalizing?(object: KubeObject): boolean;
  /** DELETE answers with the object instead of a Status. */
  returnsDeleted?: true;
  /**
   * Upstream stores this object without something that reading it adds: the first write after its creation stores it anew, even one
   * that changes nothing.
   */
  storedIncomplete?(object: KubeObject): boolean;
  /** DELETE handled as a whole by the kind (namespaces). */
  prepareDelete?(object: KubeObject, context: RequestContext): KubeObject | "proceed" | "pending";
  /** Texts for Warning headers of a DELETE. */
  deleteWarnings?(options: { readonly propagationPolicy?: string; readonly orphanDependents?: boolean }): string[];
  /** GET and LIST of a kind that is not stored: what there is now. */
  computed?(): Promise<readonly KubeObject[]>;
  /** Subresources other than status and scale, by name and verb. */
  subresources?: Readonly<Record<string, SubresourceHandler>>;
}

export type SubresourceHandler = (context: RequestContext, resource: ServedResource) => Promise<Answer>;

/** Everything a verb needs of the server. */
export interface ServerCore {
  readonly store: Store;
  readonly hub: CacheHub;
  readonly catalog: Catalog;
  readonly admission: AdmissionChain;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly log: Logger;
  readonly featureEnabled: (gate: string) => boolean;
  readonly allowPrivileged: boolean;
  readonly timed: NonNullable<RuleContext["timed"]>;
  /** Watches that name no end get one between this and twice this. */
  readonly minWatchMs: number;
  /** How long events are kept; an hour when not given. */
  readonly eventTtlSeconds?: number;
}

export interface RequestContext {
  readonly core: ServerCore;
  readonly request: ApiRequest;
  readonly info: RequestInfo;
  readonly query: URLSearchParams;
  readonly user: UserInfo;
  readonly auditId: string;
  readonly accepted: Accepted;
  readonly nowMs: number;
  /** Texts for `Warning` headers, each once, in order. */
  readonly warnings: string[];
  /** For the audit event. */
  readonly annotations: Map<string, string>;
}

export interface AdmissionInput {
  readonly operation: AdmissionOperation;
  readonly object?: KubeObject;
  readonly oldObject?: KubeObject;
  readonly options: Readonly<Record<string, unknown>>;
  readonly dryRun: boolean;
  /** When it is not the request's (members of a collection). */
  readonly name?: string;
  /** Group, version and kind of the body when it is not the resource's own. */
  readonly bodyKind?: { readonly group: string; readonly version: string; readonly kind: string };
  readonly subresource?: string;
}

export interface AdmissionChain {
  readonly pluginNames: readonly string[];
  attributes(context: RequestContext, resource: ServedResource, input: AdmissionInput): AdmissionAttributes;
  admit(attributes: AdmissionAttributes): Promise<void>;
  validate(attributes: AdmissionAttributes): Promise<void>;
  /** Before the first request. Rejects when a plugin cannot use what it is told. */
  start(): Promise<void>;
  close(): void;
}

export interface ListResult {
  readonly items: readonly CachedObject[];
  readonly revision: number;
  readonly continue?: string;
  readonly remainingItemCount?: number;
  /** Of lists that are a shard of the whole one. */
  readonly shardInfo?: { readonly selector: string };
}

/** What a verb returns; respond.ts writes it in the form the client asked for. */
export type Answer =
  | {
      readonly type: "object";
      readonly status: number;
      readonly resource: ServedResource;
      readonly object: CachedObject;
    }
  /** Anything that is not one stored object: Scale, Status, reviews, documents. */
  | {
      readonly type: "value";
      readonly status: number;
      readonly value: object;
      /** Of the Table form; without columns there is none. */
      readonly columns?: readonly Column<KubeObject>[];
    }
  /** A value in the form that was asked for already. */
  | { readonly type: "made"; readonly value: object }
  | { readonly type: "list"; readonly resource: ServedResource; readonly list: ListResult }
  | { readonly type: "watch"; readonly watcher: Watcher }
  | { readonly type: "response"; readonly response: ApiResponse };
