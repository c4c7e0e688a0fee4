// Field ownership: sets of field paths in fieldsV1 form, and what create, update and patch write into managedFields.
// Upstream: sigs.k8s.io/structured-merge-diff, k8s.io/apimachinery/pkg/util/managedfields.
import type { KubeObject, ManagedFieldsEntry } from "./object.ts";
import type { Schema, Schemas } from "./schema.ts";

/**
 * A set of field paths as a tree. A key is a path element in fieldsV1 form: `f:name`, `k:{"containerPort":80,"protocol":"TCP"}`,
 * `v:"x"`, `i:0`; `self` says that the path itself is a member.
 */
export interface FieldSet {
  readonly self: boolean;
  readonly children: ReadonlyMap<string, FieldSet>;
}

export interface ManagedFieldsUpdate {
  /** The object before; undefined on create. */
  readonly before: KubeObject | undefined;
  /** The object to be stored; its metadata.managedFields are what the client sent. */
  readonly after: KubeObject;
  readonly manager: string;
  readonly subresource: string;
  readonly time: string;
  readonly schema: Schema;
  readonly schemas: Schemas;
}

/** The new metadata.managedFields of a non-apply write (operation Update). */
export function managedFieldsAfterUpdate(_update: ManagedFieldsUpdate): ManagedFieldsEntry[] | undefined {
  throw new Error("being written");
}
export function fieldSetOf(_object: unknown, _schema: Schema, _schemas: Schemas): FieldSet {
  throw new Error("being written");
}
export function parseFieldsV1(_fields: Record<string, unknown>): FieldSet {
  throw new Error("being written");
}
export function formatFieldsV1(_set: FieldSet): Record<string, unknown> {
  throw new Error("being written");
}
