// Field sets that were written when the schema was another one: a list or map that is one piece now is owned as one piece.
// Upstream: sigs.k8s.io/structured-merge-diff typed/reconcile_schema.go.
import type { Schema, Schemas } from "../schema.ts";
import { type FieldSet, fieldSet, leafFieldSet } from "./field-set.ts";
import { typedNode } from "./typed.ts";

/** Sets that a schema leaves as they are: most are asked about again at the next write. */
const unchanged = new WeakMap<FieldSet, Schema>();

/** The set itself when nothing changes. */
export function reconcileFields(set: FieldSet, schema: Schema, schemas: Schemas): FieldSet {
  if (unchanged.get(set) === schema) return set;
  const result = reconcile(set, schema, schemas);
  if (result === set) unchanged.set(set, schema);
  return result;
}

function reconcile(set: FieldSet, schema: Schema | undefined, schemas: Schemas): FieldSet {
  if (schema === undefined || set.children.size === 0) return set;
  const target = schemas.resolve(schema);
  // Which kind of node it is depends on the value only where the schema says nothing.
  const node = typedNode(schema, undefined, schemas);
  if (node.kind === "scalar") return set;
  if (node.atomic) return leafFieldSet;
  let changed = false;
  const children: [string, FieldSet][] = [];
  for (const [element, child] of set.children) {
    const below =
      node.kind === "list" ? target.i : element.startsWith("f:") ? node.member(element.slice(2)).schema : undefined;
    const inner = reconcile(child, below, schemas);
    changed ||= inner !== child;
    children.push([element, inner]);
  }
  return changed ? fieldSet(children, set.self) : set;
}
