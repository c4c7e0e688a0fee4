// What decoding does to a custom resource that Go's types do to built-in ones: metadata is read strictly, unknown fields and
// wrong nulls go. Upstream: unstructuredSchemaCoercer in pkg/apiserver/customresource_handler.go.
import {
  asFields,
  formatApiVersion,
  type GroupVersionKind,
  type KubeObject,
  readObjectMeta,
} from "../../../machinery/index.ts";
import { isCanonicalMeta, isPruned } from "./in-form.ts";
import { coerceEmbedded, wellFormed } from "./object-meta.ts";
import { dropNulls, pruneResource } from "./pruning.ts";
import type { JsonSchema } from "./schema.ts";
import { shapeOf } from "./shape.ts";

export class CoercionError extends Error {
  override readonly name = "CoercionError";
}

export interface CoercionOf {
  readonly identity: GroupVersionKind;
  readonly schema: JsonSchema | undefined;
  /** spec.preserveUnknownFields of the definition. */
  readonly preserves: boolean;
  readonly dropInvalid: boolean;
}

/** Changes the draft; returns the paths of unknown fields in upstream's order. Throws CoercionError. */
export function coerceResource(draft: Record<string, unknown>, of: CoercionOf): readonly string[] {
  const { identity, schema, dropInvalid } = of;
  const read = draft["metadata"] === undefined ? undefined : readObjectMeta(draft["metadata"], "metadata");
  if (read?.error !== undefined && !dropInvalid) throw new CoercionError(read.error);
  const metadata = read === undefined ? undefined : (read.meta ?? wellFormed(draft["metadata"]));
  let unknown: readonly string[] = read?.unknown ?? [];
  if (draft["kind"] === identity.kind && draft["apiVersion"] === formatApiVersion(identity)) {
    if (!of.preserves && (schema === undefined || !isPruned(draft, schema))) {
      unknown = unknown.concat(pruneResource(draft, schema));
      dropNulls(draft, schema);
    }
    if (schema !== undefined && shapeOf(schema).hasEmbedded) {
      const embedded = coerceEmbedded(draft, schema, { dropInvalid });
      if (embedded.error !== undefined) throw new CoercionError(`${embedded.error.field}: ${embedded.error.message}`);
      unknown = unknown.concat(embedded.unknown);
    }
  }
  if (metadata !== undefined) draft["metadata"] = metadata;
  return unknown;
}

/** Whether coercion is known to change nothing; it may say no of an object that is as it should be. */
export function isCoerced(object: KubeObject, of: Omit<CoercionOf, "dropInvalid">): boolean {
  const { identity, schema, preserves } = of;
  if (object.kind !== identity.kind || object.apiVersion !== formatApiVersion(identity)) return false;
  if (schema === undefined ? !preserves : preserves && shapeOf(schema).hasEmbedded) return false;
  if (!isCanonicalMeta(object.metadata)) return false;
  return preserves || isPruned(asFields(object), schema!);
}
