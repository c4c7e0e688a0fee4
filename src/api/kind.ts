// What a kind is. One folder a kind: `kind.ts` (this file's KindDefinition: names, columns, selectable fields) and
// `serve.ts` (ServeRules: defaults, validation, what create and update do). `kinds.ts` and `serve.ts` beside this file are the
// two explicit lists. Everything here is plain functions over plain data; nothing reads a clock or a store.

import type { FieldError, GroupVersionKind, KubeObject } from "../machinery/index.ts";

export interface KindDefinition<T extends KubeObject = KubeObject> {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** Plural, lower case: the path segment. */
  readonly resource: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  readonly verbs: readonly Verb[];
  /** Served below `/{resource}/{name}/`: status, scale, binding, eviction, token, log, exec, … in discovery's order. */
  readonly subresources: readonly SubresourceDefinition[];
  /** Never stored: the create call itself is the answer (access reviews, token reviews, bindings). */
  readonly virtual?: true;
  /** Columns of the Table form, in upstream's order; the first is always Name. */
  readonly columns: readonly Column<T>[];
  /** The order of the Table form's rows when it is not the list's. */
  rowOrder?(a: T, b: T): number;
  /** Metadata as rows of the Table form show it, when it is not the object's. */
  rowMetadata?(object: T): KubeObject["metadata"];
  /** What an object in which nothing is set says nevertheless: a bookmark of a watch is one. */
  readonly blank?: {
    readonly annotations?: Readonly<Record<string, string>>;
    readonly spec?: Readonly<Record<string, unknown>>;
  };
  /** Fields besides metadata.name and metadata.namespace that field selectors may ask for. */
  readonly selectableFields?: Readonly<Record<string, FieldReader<T>["read"]>>;
  /** Store key prefix when it differs from `/registry/[group/]resource/` (upstream's layout: see api/keys.ts). */
  readonly storageName?: string;
  /** Served only while this gate is on, besides what --runtime-config says of its version. */
  readonly featureGate?: string;
  /** Another served version of the same stored kind (autoscaling/v1 of autoscaling/v2): converted at the door. */
  readonly storedAs?: { readonly group: string; readonly version: string };
  /** Selectable fields that the stored version calls otherwise: this version's name to that one's. */
  readonly storedFieldNames?: Readonly<Record<string, string>>;
}

interface FieldReader<T> {
  read(object: T): string;
}

export type Verb = "create" | "delete" | "deletecollection" | "get" | "list" | "patch" | "update" | "watch";

/** All that stored kinds usually have, in discovery's order. */
export const allVerbs: readonly Verb[] = [
  "create",
  "delete",
  "deletecollection",
  "get",
  "list",
  "patch",
  "update",
  "watch",
];

export interface SubresourceDefinition {
  readonly name: string;
  /** Kind of its body, when it is another one: Scale, Binding, Eviction, TokenRequest. */
  readonly kind?: GroupVersionKind;
  readonly verbs: readonly Verb[];
}

export interface Column<T> {
  readonly name: string;
  readonly type: "string" | "integer" | "number" | "boolean" | "date";
  readonly format?: string;
  /** 0 is shown by default, 1 with `-o wide`. */
  readonly priority: 0 | 1;
  readonly description: string;
  /** A cell that upstream prints without a column for it. */
  readonly unannounced?: true;
  /** Cell value. `now` in ms since 1970, for ages. */
  cell(object: T, context: { readonly now: number }): string | number | boolean;
}

/** What the rules may know of the request besides the object. */
export interface RuleContext {
  /** RFC 3339 time of the request, for fields that hold one. */
  readonly now: string;
  readonly nowMs: number;
  readonly user: {
    readonly username: string;
    readonly groups: readonly string[];
    readonly uid?: string;
    readonly extra?: Readonly<Record<string, readonly string[]>>;
  };
  readonly featureEnabled: (gate: string) => boolean;
  /** Whether containers may be privileged at all: --allow-privileged. */
  readonly allowPrivileged: boolean;
  readonly uuid: () => string;
  readonly dryRun: boolean;
  /** Runs compilations and evaluations of CEL, whose times are told. */
  readonly timed?: <T>(what: "compilation" | "evaluation", work: () => T) => T;
  /** Adds a text to the answer's `Warning` headers: findings that are let through. */
  readonly warn?: (text: string) => void;
}

/**
 * Create, in this order: default → prepareCreate → validate.
 * Update: default → prepareUpdate (copies what the caller may not change from `old`) → validate → validateUpdate.
 * Objects passed in are drafts that the function may change, `old` is frozen. Validation returns findings with upstream's
 * texts, in upstream's order; metadata common to all kinds is checked by the registry.
 */
export interface ServeRules<T extends KubeObject = KubeObject> {
  /** Awaited before anything else on a write: loads what the rules need and other kinds do not (CEL). */
  ready?(): Promise<void>;
  /** Idempotent. Runs after every decode of a request body and never on read. Without features all gates are as by default. */
  default?(draft: T, features?: Pick<RuleContext, "featureEnabled">): void;
  /**
   * Awaited after mutating admission, before preparation: finds out what validation needs of this object and cannot know at
   * once (a signature). `old` is what an update changes. Validation finds the answer by the draft.
   */
  examine?(draft: T, old: T | undefined): Promise<void>;
  prepareCreate?(draft: T, context: RuleContext): void;
  /** After all that could refuse a create: what upstream's storage makes of the object when it is read back. */
  prepareStored?(draft: T): void;
  prepareUpdate?(draft: T, old: T, context: RuleContext): void;
  /** Findings on what the object says it is: with any, a create has none on metadata. */
  typeMeta?(object: T): FieldError[];
  validate?(object: T, context: RuleContext): FieldError[];
  validateUpdate?(object: T, old: T, context: RuleContext): FieldError[];
  /** `validate` is for create alone: `validateUpdate` repeats what an update has to keep. */
  validateOnUpdate?: false;
  /**
   * Which metadata rules upstream's strategy runs on update beside those of the registry: of an update (mostly), of a
   * create (once or twice), both, or none. It decides how often a finding is listed among the causes.
   */
  metadataOnUpdate?: "update" | "create" | "createTwice" | "both" | "none";
  /** Finalizers need not be names of a domain: upstream judges the metadata by the general rules alone. */
  anyFinalizers?: true;
  /** A generated name is the prefix as it was sent: upstream's name generator of addresses does nothing. */
  generatesNoNames?: true;
  /** The name check; DNS-1123 subdomain when not given. Texts as in machinery/names.ts. */
  validateName?(name: string, prefix: boolean): string[];
  /** Texts for `Warning` headers (deprecated fields, odd values). */
  warnings?(object: T, old: T | undefined): string[];
  /**
   * metadata.generation starts at 1 and grows when this differs; spec when true is given, "exact" for kinds to which an
   * empty list is not the same as none. Absent: no generation.
   */
  generation?: true | "exact" | Generation<T>["of"];
  /** Status is written through `/status` only: create clears it, update keeps the old one. Rules of the status update. */
  status?: {
    /** Create keeps the status that the client sends (Node). */
    keptOnCreate?: true;
    /** `prepareCreate` writes the whole of it, so nothing need be cleared before (Pod). */
    writtenOnCreate?: true;
    prepareUpdate?(draft: T, old: T, context: RuleContext): void;
    validateUpdate?(object: T, old: T, context: RuleContext): FieldError[];
  };
  /**
   * Dotted paths of the fields that a write may not own, by subresource, "" for none: `{ "": ["spec", "status"] }`. Where
   * nothing is said of a kind with status: `status`, and `spec` for `/status`. Upstream: the strategies' GetResetFields.
   */
  readonly resetFields?: Readonly<Record<string, readonly string[]>>;
  /** The group of the kind that all versions become inside upstream, when it is another one; validation errors name it. */
  readonly internalGroup?: string;
  /**
   * Other parts that are written by themselves (`pods/resize`, `certificatesigningrequests/approval`), by name: preparation
   * puts back all that the part may not change.
   */
  readonly parts?: Readonly<
    Record<
      string,
      {
        prepareUpdate(draft: T, old: T, context: RuleContext): void;
        validateUpdate(object: T, old: T, context: RuleContext): FieldError[];
      }
    >
  >;
  /** `/scale`: where its numbers live. */
  scale?: {
    read(object: T): { replicas: number; statusReplicas: number; selector: string };
    write(draft: T, replicas: number): void;
    /** Field names that lead to the replicas, for managed fields; `spec.replicas` when not given. */
    readonly path?: readonly string[];
    /** The error of a GET on an object that does not have the field of replicas; undefined when it has. */
    missing?(object: T): Error | undefined;
  };
  /** PUT on a name that is not there creates it (Lease, Endpoints, …: upstream's AllowCreateOnUpdate). */
  createOnUpdate?: true;
  /** PUT without resourceVersion is allowed (upstream's AllowUnconditionalUpdate). Most kinds: true. */
  unconditionalUpdate?: boolean;
  /** For kinds with `storedAs`: to the stored form and back. Both return new objects and are called at the door only. */
  convert?: { toStored(object: T): KubeObject; fromStored(stored: KubeObject): T };
  /** Finalizers and grace of deletion; Pod sets its own. */
  gracefulDeletion?(object: T, requestedSeconds: number | undefined): { gracePeriodSeconds: number } | undefined;
  /** Propagation when the request names none: a Job and a ReplicationController leave their pods alone. */
  defaultPropagation?: "Background" | "Orphan" | "Unsupported";
}

interface Generation<T> {
  of(object: T): unknown;
}

/** An entry of the list in serve.ts. */
export interface ServedKind<T extends KubeObject = KubeObject> {
  readonly kind: KindDefinition<T>;
  readonly rules: ServeRules<T>;
}

export const gvkOf = (kind: KindDefinition): GroupVersionKind => kind;

/** Keeps a definition's precise object type while the lists hold plain ones. */
export const defineKind = <T extends KubeObject>(kind: KindDefinition<T>): KindDefinition<T> => kind;
export const defineRules = <T extends KubeObject>(rules: ServeRules<T>): ServeRules<T> => rules;
