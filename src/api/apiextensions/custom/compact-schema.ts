// The schema of a custom resource in the compact form in which fields are tracked and applied.
// Upstream: pkg/controller/openapi/builder, kube-openapi pkg/schemaconv.
import type { Schema } from "../../../machinery/index.ts";
import { additionalOf, isEmbedded, isIntOrString, itemsOf, type JsonSchema, preservesUnknown } from "./schema.ts";

const objectMeta: Schema = { r: "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta" };
const text: Schema = { t: "string" };
const scalarTypes: ReadonlySet<string> = new Set(["string", "integer", "number", "boolean"]);

/** For a whole resource; without a schema everything below the metadata is tracked as it comes. */
export function compactResource(schema: JsonSchema | undefined): Schema {
  const typeMeta = { apiVersion: text, kind: text, metadata: objectMeta };
  if (schema === undefined || (schema.type !== undefined && schema.type !== "object"))
    return { t: "object", p: typeMeta, a: {} };
  const own = compact(schema);
  return { ...own, t: "object", p: { ...own.p, ...typeMeta } };
}

/** `open`: something above preserves unknown fields; upstream tracks everything below it the same way, unlike pruning. */
function compact(schema: JsonSchema, open = false): Schema {
  if (isIntOrString(schema)) return withDefault(schema, { t: "string", f: "int-or-string" });
  if (schema.type === "array") return withDefault(schema, compactList(schema, open));
  if (schema.type === "object" || schema.properties !== undefined || schema.additionalProperties !== undefined)
    return withDefault(schema, compactObject(schema, open));
  if (schema.type === undefined || !scalarTypes.has(schema.type)) return {};
  const made: Schema = { t: schema.type as NonNullable<Schema["t"]> };
  // Text with a format is any scalar to those who track fields.
  return withDefault(schema, schema.type === "string" && schema.format ? { ...made, f: schema.format } : made);
}

const withDefault = (schema: JsonSchema, made: Schema): Schema =>
  schema.default === undefined || schema.default === null ? made : { ...made, d: schema.default };

function compactList(schema: JsonSchema, above: boolean): Schema {
  const items = itemsOf(schema);
  const type = schema["x-kubernetes-list-type"];
  const keys = schema["x-kubernetes-list-map-keys"];
  return {
    t: "array",
    i: items === undefined ? {} : compact(items, above || preservesUnknown(schema)),
    l: type === "set" || type === "map" ? type : "atomic",
    ...(keys === undefined ? {} : { k: keys }),
  };
}

function compactObject(schema: JsonSchema, above: boolean): Schema {
  const properties: Record<string, Schema> = {};
  const preserves = above || preservesUnknown(schema);
  for (const [name, property] of Object.entries(schema.properties ?? {}))
    properties[name] = compact(property, preserves);
  if (isEmbedded(schema)) Object.assign(properties, { apiVersion: text, kind: text, metadata: objectMeta });
  const additional = additionalOf(schema);
  const open = preserves || schema.additionalProperties === true;
  return {
    t: "object",
    ...(Object.keys(properties).length > 0 ? { p: properties } : {}),
    ...(additional !== undefined ? { a: compact(additional, preserves) } : open ? { a: {} } : {}),
    ...(schema["x-kubernetes-map-type"] === "atomic" ? { m: "atomic" as const } : {}),
  };
}
