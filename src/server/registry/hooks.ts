// What a kind does besides its own object when it is written: allocations that must be taken back when the write fails.
import type { KubeObject } from "../../machinery/index.ts";
import type { ServedResource } from "../catalog.ts";
import type { Answer } from "../content/answer.ts";
import type { RequestContext } from "../context.ts";

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
  /** DELETE handled as a whole by the kind (namespaces). */
  prepareDelete?(object: KubeObject, context: RequestContext): KubeObject | "proceed";
  /** Texts for Warning headers of a DELETE. */
  deleteWarnings?(options: { readonly propagationPolicy?: string; readonly orphanDependents?: boolean }): string[];
  /** GET and LIST of a kind that is not stored: what there is now. */
  computed?(): Promise<readonly KubeObject[]>;
  /** Subresources other than status and scale, by name and verb. */
  subresources?: Readonly<Record<string, SubresourceHandler>>;
}

export type SubresourceHandler = (context: RequestContext, resource: ServedResource) => Promise<Answer>;
