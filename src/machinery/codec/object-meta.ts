// ObjectMeta of objects whose kind has no Go type: read strictly, as upstream reads it into metav1.ObjectMeta.

import type { ObjectMeta } from "../object.ts";
import { builtinSchemas } from "../schema.ts";
import { readerOf } from "./decode-plan.ts";
import { ReadContext } from "./read-context.ts";

export interface ReadMeta {
  /** Fresh; undefined when `error` is there. */
  readonly meta: ObjectMeta | undefined;
  /** Unknown fields, with `path` in front of them. */
  readonly unknown: readonly string[];
  /** Go's text: `json: cannot unmarshal array into Go value of type v1.ObjectMeta`. */
  readonly error: string | undefined;
}

const metaSchema = { r: "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta" };

export function readObjectMeta(value: unknown, path: string): ReadMeta {
  const context = new ReadContext(new Map());
  const read = value === null ? {} : readerOf(metaSchema, builtinSchemas()).read(value, context);
  if (context.error !== undefined) return { meta: undefined, unknown: [], error: context.error };
  const unknown = [...context.findings].map((text) => `${path}.${JSON.parse(text.slice("unknown field ".length))}`);
  return { meta: read as ObjectMeta, unknown, error: undefined };
}
