// What decoding does to a custom resource that Go's types do to built-in ones: metadata is read strictly, unknown fields and
// wrong nulls go. Upstream: unstructuredSchemaCoercer in pkg/apiserver/customresource_handler.go.
import { formatApiVersion, type GroupVersionKind, readObjectMeta } from "../../../machinery/index.ts";
import { coerceEmbedded, wellFormed } from "./object-meta.ts";
import { dropNulls, pruneResource } from "./pruning.ts";
import type { JsonSchema } from "./schema.ts";

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
    if (!of.preserves) {
      unknown = unknown.concat(pruneResource(draft, schema));
      dropNulls(draft, schema);
    }
    const embedded = coerceEmbedded(draft, schema, { dropInvalid });
    if (embedded.error !== undefined) throw new CoercionError(`${embedded.error.field}: ${embedded.error.message}`);
    unknown = unknown.concat(embedded.unknown);
  }
  if (metadata !== undefined) draft["metadata"] = metadata;
  return unknown;
}
