// What an admission plugin is and what it is asked. The list of them is admission/list.ts.
import type { KindDefinition } from "../../api/index.ts";
import type { KubeObject, UserInfo } from "../../machinery/index.ts";

export type AdmissionOperation = "CREATE" | "UPDATE" | "DELETE" | "CONNECT";

export interface AdmissionAttributes {
  readonly operation: AdmissionOperation;
  readonly kind: KindDefinition;
  /** Group, version and kind of the body when it differs from the resource's (Scale, Binding, Eviction). */
  readonly bodyKind: { readonly group: string; readonly version: string; readonly kind: string };
  readonly subresource: string;
  readonly namespace: string;
  /** Empty on create with generateName until the name is made. */
  readonly name: string;
  /** Draft that mutating plugins may change; absent on DELETE. */
  readonly object?: KubeObject;
  /** Frozen; absent on CREATE. */
  readonly oldObject?: KubeObject;
  readonly options: Readonly<Record<string, unknown>>;
  readonly user: UserInfo;
  readonly dryRun: boolean;
  /** Adds a text to the answer's `Warning` headers. */
  warn(text: string): void;
  /** Adds an annotation to the audit event: `plugin/key`. */
  annotate(key: string, value: string): void;
  readonly reinvocation: Reinvocation;
  /** Aborts when the client is gone. */
  readonly signal?: AbortSignal;
}

/**
 * The mutating pass runs a second time when a webhook or a policy changed the object. What happened before is kept here, by
 * plugin. Upstream: admission.ReinvocationContext.
 */
export interface Reinvocation {
  /** The second run is under way. */
  readonly again: boolean;
  /** Asks for the second run. */
  request(): void;
  readonly values: Map<string, unknown>;
}

/**
 * One folder below admission/plugins and one line in admission/list.ts. `admit` runs in the mutating pass, `validate` in the
 * validating pass, both in the list's order. They refuse by throwing StatusError.
 */
export interface AdmissionPlugin {
  readonly name: string;
  handles(attributes: AdmissionAttributes): boolean;
  admit?(attributes: AdmissionAttributes): Promise<void> | void;
  validate?(attributes: AdmissionAttributes): Promise<void> | void;
  /** Before the first request. Rejects when what the plugin is told cannot be used: the server does not start then. */
  start?(): Promise<void>;
  close?(): void;
}
