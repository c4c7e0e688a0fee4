// JSON patch (RFC 6902), merge patch (RFC 7386) and strategic merge patch. All return new data and leave inputs alone.
import type { Schema, Schemas } from "./schema.ts";

export interface JsonPatchOperation {
  readonly op: "add" | "remove" | "replace" | "move" | "copy" | "test";
  readonly path: string;
  readonly from?: string;
  readonly value?: unknown;
}

/** Throws StatusError 422/400 with upstream's texts. */
export function applyJsonPatch(_document: unknown, _patch: readonly JsonPatchOperation[]): unknown {
  throw new Error("being written");
}
export function applyMergePatch(_document: unknown, _patch: unknown): unknown {
  throw new Error("being written");
}
/** `$patch`, `$deleteFromPrimitiveList/…`, `$setElementOrder/…`, `$retainKeys`. Throws StatusError with upstream's texts. */
export function applyStrategicMergePatch(
  _document: unknown,
  _patch: unknown,
  _types: { schema: Schema; schemas: Schemas },
): unknown {
  throw new Error("being written");
}
/** The merge patch that turns `original` into `modified`: what clients and controllers send. */
export function createMergePatch(_original: unknown, _modified: unknown): unknown {
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
