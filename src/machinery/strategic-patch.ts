import type { Schema, Schemas } from "./schema.ts";
/** `$patch`, `$deleteFromPrimitiveList/…`, `$setElementOrder/…`, `$retainKeys`. Throws StatusError with upstream's texts. */
export function applyStrategicMergePatch(
  _document: unknown,
  _patch: unknown,
  _types: { schema: Schema; schemas: Schemas },
): unknown {
  throw new Error("being written");
}
/**
 * The strategic merge patch that kubectl apply sends, from the last applied, the new and the live object.
 * Upstream: CreateThreeWayMergePatch.
 */
export function createThreeWayStrategicPatch(
  _objects: { original: unknown; modified: unknown; current: unknown },
  _types: { schema: Schema; schemas: Schemas },
): unknown {
  throw new Error("being written");
}
