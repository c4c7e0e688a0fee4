// Metadata of custom resources and of resources embedded in them. Upstream: pkg/apiserver/schema/objectmeta.
import {
  dns1035Label,
  type FieldError,
  field,
  isObject,
  type ObjectMeta,
  readObjectMeta,
} from "../../../machinery/index.ts";
import { pathName, validateObjectMeta } from "../../lib/metadata.ts";
import {
  additionalOf,
  childPath,
  indexPath,
  isEmbedded,
  itemsOf,
  type JsonSchema,
  keyPath,
  propertyOf,
} from "./schema.ts";
import { shapeOf } from "./shape.ts";

export interface Coercion {
  /** Malformed metadata of what was stored long ago is dropped instead of refused. */
  readonly dropInvalid: boolean;
}

export interface Coerced {
  readonly unknown: string[];
  readonly error?: FieldError;
}

/** Brings metadata of embedded resources into its form, in place. */
export function coerceEmbedded(value: unknown, schema: JsonSchema | undefined, options: Coercion, at = ""): Coerced {
  const unknown: string[] = [];
  const error = coerce(value, schema, { at, unknown, options });
  return error === undefined ? { unknown: unknown.sort() } : { unknown: unknown.sort(), error };
}

interface Walk {
  readonly at: string;
  readonly unknown: string[];
  readonly options: Coercion;
}

function coerce(value: unknown, schema: JsonSchema | undefined, walk: Walk): FieldError | undefined {
  if (schema === undefined) return undefined;
  const { at } = walk;
  if (Array.isArray(value)) {
    const items = itemsOf(schema);
    for (const [index, each] of value.entries()) {
      const error = coerce(each, items, { ...walk, at: indexPath(at, index) });
      if (error !== undefined) return error;
    }
  } else if (isObject(value)) {
    for (const key of Object.keys(value)) {
      const error = isEmbedded(schema) ? coerceTypeMeta(value, key, walk) : undefined;
      if (error !== undefined) return error;
      const property = propertyOf(schema, key);
      const inner =
        property !== undefined
          ? coerce(value[key], property, { ...walk, at: childPath(at, key) })
          : schema.additionalProperties !== undefined
            ? coerce(value[key], additionalOf(schema), { ...walk, at: keyPath(at, key) })
            : undefined;
      if (inner !== undefined) return inner;
    }
  }
  return undefined;
}

function coerceTypeMeta(value: Record<string, unknown>, key: string, walk: Walk): FieldError | undefined {
  const { at, unknown, options } = walk;
  if (key === "apiVersion" || key === "kind") {
    if (typeof value[key] === "string") return undefined;
    if (!options.dropInvalid) return field.invalid(childPath(at, key), value[key], "must be a string");
    delete value[key];
  } else if (key === "metadata") {
    const path = childPath(at, "metadata");
    const read = readObjectMeta(value["metadata"], path);
    if (read.meta !== undefined) {
      for (const each of read.unknown) unknown.push(each);
      value["metadata"] = read.meta;
    } else if (!options.dropInvalid) return field.invalid(path, value["metadata"], read.error ?? "");
    else value["metadata"] = wellFormed(value["metadata"]);
  }
  return undefined;
}

/** What of malformed metadata can be read, member by member. */
export function wellFormed(metadata: unknown): ObjectMeta {
  const kept: Record<string, unknown> = {};
  if (isObject(metadata))
    for (const [key, value] of Object.entries(metadata)) {
      const { meta } = readObjectMeta({ [key]: value }, "");
      if (meta !== undefined) Object.assign(kept, meta);
    }
  return kept as unknown as ObjectMeta;
}

/** Findings about embedded resources; the metadata of the whole is the registry's to check. */
export function validateEmbedded(value: unknown, schema: JsonSchema | undefined, at = ""): FieldError[] {
  if (schema === undefined || !shapeOf(schema).hasEmbedded) return [];
  if (Array.isArray(value))
    return value.flatMap((each, index) => validateEmbedded(each, itemsOf(schema), indexPath(at, index)));
  if (!isObject(value)) return [];
  const own = isEmbedded(schema) ? embeddedFindings(value, at) : [];
  return [
    ...own,
    ...Object.entries(value).flatMap(([key, each]) => {
      const property = propertyOf(schema, key);
      if (property !== undefined) return validateEmbedded(each, property, childPath(at, key));
      return schema.additionalProperties === undefined
        ? []
        : validateEmbedded(each, additionalOf(schema), keyPath(at, key));
    }),
  ];
}

function embeddedFindings(value: Record<string, unknown>, at: string): FieldError[] {
  const found: FieldError[] = [];
  const apiVersion = value["apiVersion"];
  const kind = value["kind"];
  const versionPath = childPath(at, "apiVersion");
  const kindPath = childPath(at, "kind");
  if (apiVersion === undefined) found.push(field.required(versionPath));
  else if (typeof apiVersion !== "string") found.push(field.invalid(versionPath, apiVersion, "must be a string"));
  else if (apiVersion === "") found.push(field.invalid(versionPath, apiVersion, "must not be empty"));
  else if (apiVersion.split("/").length > 2)
    found.push(field.invalid(versionPath, apiVersion, `unexpected GroupVersion string: ${apiVersion}`));
  if (kind === undefined) found.push(field.required(kindPath));
  else if (typeof kind !== "string") found.push(field.invalid(kindPath, kind, "must be a string"));
  else if (kind === "") found.push(field.invalid(kindPath, kind, "must not be empty"));
  else {
    const problems = dns1035Label(kind.toLowerCase());
    if (problems.length > 0)
      found.push(
        field.invalid(kindPath, kind, `may have mixed case, but should otherwise match: ${problems.join(",")}`),
      );
  }
  if (value["metadata"] !== undefined) found.push(...metadataFindings(value["metadata"], childPath(at, "metadata")));
  return found;
}

function metadataFindings(metadata: unknown, at: string): FieldError[] {
  const { meta, error } = readObjectMeta(metadata, at);
  if (meta === undefined) return [field.invalid(at, metadata, error ?? "")];
  const named = { ...meta, name: meta.name || "fakename" };
  return validateObjectMeta(named, { namespaced: (meta.namespace ?? "") !== "" }, pathName).map((finding) => ({
    ...finding,
    field: at + finding.field.slice("metadata".length),
  }));
}
