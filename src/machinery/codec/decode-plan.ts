// Turns a schema into a reader: a function from JSON values to what upstream's Go types would hold and write again. The typed
// reader (built-in kinds) checks types with Go's messages, drops unknown fields, normalises times and quantities, and adds or
// drops zero values field by field as the Go struct does. Custom resources have the loose reader (loose-reader.ts). Readers copy;
// their input may be frozen.
import { markEmpty } from "../empties.ts";
import { isObject, setOwn } from "../equal.ts";
import type { Schema, Schemas, Shape } from "../schema.ts";
import { bytesReader } from "./bytes-reader.ts";
import { JsonNumber } from "./json-text.ts";
import { looseReader } from "./loose-reader.ts";
import { countMembers, type FieldReader, type Mode, type ReadContext, type Reader } from "./read-context.ts";
import { floatReader, integerReader, openReader, scalarReader, specialReaders } from "./scalar-readers.ts";

const readers = new WeakMap<Schemas, WeakMap<Schema, Reader>>();

/** The reader of a root schema; made once. */
export function readerOf(schema: Schema, schemas: Schemas): Reader {
  let known = readers.get(schemas);
  if (known === undefined) readers.set(schemas, (known = new WeakMap()));
  const definition = schemas.resolve(schema);
  let reader = known.get(definition);
  if (reader === undefined) {
    const name = schemas.nameOf?.(definition);
    const shape = name === undefined ? undefined : schemas.shapeOf?.(name);
    reader =
      shape === undefined
        ? looseReader(definition, schemas)
        : structReader(definition, { schemas, name: name!, shape });
    known.set(definition, reader);
  }
  return reader;
}

/** The reader of a field's value, whatever its type. */
export const readerOfField = (schema: Schema, schemas: Schemas): Reader =>
  typedReader(schema, schemas, typeText(schema));

interface Definition {
  readonly schemas: Schemas;
  readonly name: string;
  readonly shape: Shape;
}

const lastPart = (name: string): string => name.slice(name.lastIndexOf(".") + 1);
const goTypeOfName = (name: string): string => name.split(".").slice(-2).join(".");

/** Go's name of a field's type, where the schema tells it. */
function typeText(schema: Schema): string {
  if (schema.r !== undefined) return goTypeOfName(schema.r);
  switch (schema.t) {
    case "string":
      return schema.f === "byte" ? "[]uint8" : "string";
    case "integer":
      return schema.f ?? "int64";
    case "number":
      return "float64";
    case "boolean":
      return "bool";
    case "array":
      return `[]${typeText(schema.i ?? {})}`;
    case "object":
      return schema.a === undefined ? "map[string]interface {}" : `map[string]${typeText(schema.a)}`;
    default:
      return "interface {}";
  }
}

function modeOf(schema: Schema, required: boolean): Mode {
  if (required) return "e";
  const scalar = schema.t === "integer" || schema.t === "boolean" || schema.t === "number";
  return schema.r !== undefined || scalar ? "k" : "d";
}

/** Kinds embed TypeMeta, which shows in the path of its two fields. */
const typeMeta = (schema: Schema, name: string): string =>
  (name === "kind" || name === "apiVersion") && schema.p?.["metadata"] !== undefined ? "TypeMeta." : "";

/** An empty list of managed fields is a request: begin anew. Whoever tracks them takes it out again. */
const keepsEmpty = (struct: string, name: string): boolean => struct === "ObjectMeta" && name === "managedFields";

function structReader(schema: Schema, definition: Definition): Reader {
  const struct = lastPart(definition.name);
  const type = goTypeOfName(definition.name);
  let compiled: { fields: Map<string, FieldReader>; written: FieldReader[] } | undefined;
  const compile = (): NonNullable<typeof compiled> => {
    const fields = new Map<string, FieldReader>();
    for (const [name, property] of Object.entries(schema.p ?? {})) {
      const [mode = "", goType = "", embedded = ""] = (definition.shape[name] ?? "").split("|");
      fields.set(name, {
        name,
        mode: (keepsEmpty(struct, name) ? "k" : mode || modeOf(property, schema.q?.includes(name) ?? false)) as Mode,
        reader: typedReader(property, definition.schemas, goType || typeText(property)),
        struct,
        goName: (embedded || typeMeta(schema, name)) + name,
      });
    }
    const written = [...fields.values()].filter(
      ({ mode, name }) =>
        (mode === "e" || mode === "n") &&
        // The two of TypeMeta come from who reads; names of kinds that are data are required.
        ((name !== "kind" && name !== "apiVersion") || schema.q?.includes(name) === true),
    );
    return (compiled = { fields, written });
  };
  return {
    type,
    zero: () => fillWritten({}, (compiled ?? compile()).written),
    read: (value, context) => {
      const { fields, written } = compiled ?? compile();
      if (!isPlainObject(value)) {
        context.structError(value, type);
        return fillWritten({}, written);
      }
      const out: Record<string, unknown> = {};
      const keys = context.namesOf?.(value) ?? Object.keys(value);
      const into = { fields, out, context };
      for (let index = 0; index < keys.length; index++) readField(value, keys[index]!, into);
      context.findRepeated(value, fields);
      return fillWritten(out, written);
    },
  };
}

const isPlainObject = (value: unknown): value is Record<string, unknown> =>
  isObject(value) && !(value instanceof JsonNumber);

function readField(
  value: Record<string, unknown>,
  key: string,
  { fields, out, context }: { fields: Map<string, FieldReader>; out: Record<string, unknown>; context: ReadContext },
): void {
  const member = value[key];
  if (member === undefined) return;
  context.members++;
  const field = fields.get(key);
  if (field === undefined) {
    context.findUnknown(value, key);
    context.members += countMembers(member);
    return;
  }
  if (member === null) return;
  context.path.push(key);
  context.fields.push(field);
  const read = field.reader.read(member, context);
  context.path.pop();
  context.fields.pop();
  if (context.asStored && field.mode === "e" && Array.isArray(read) && read.length === 0) out[key] = null;
  else if (field.mode !== "d" || !isZero(read)) out[key] = read;
  else if (typeof read === "object" && read !== null) markEmpty(out, key);
}

function fillWritten(out: Record<string, unknown>, written: readonly FieldReader[]): Record<string, unknown> {
  for (const field of written)
    if (out[field.name] === undefined) out[field.name] = field.mode === "n" ? null : field.reader.zero();
  return out;
}

function isZero(value: unknown): boolean {
  if (value === null || value === "" || value === 0 || value === false) return true;
  if (typeof value !== "object") return false;
  if (Array.isArray(value)) return value.length === 0;
  for (const _ in value) return false;
  return true;
}

function typedReader(schema: Schema, schemas: Schemas, type: string): Reader {
  if (schema.r !== undefined) return refReader(schema.r, schemas, schema);
  switch (schema.t) {
    case "string":
      if (schema.f === "byte") return bytesReader;
      if (schema.f === "int-or-string") return specialReaders["io.k8s.apimachinery.pkg.util.intstr.IntOrString"]!;
      return scalarReader(type, "string", "");
    case "integer":
      return integerReader(type);
    case "number":
      return floatReader;
    case "boolean":
      return scalarReader(type, "boolean", false);
    case "array":
      return listReader(schema.i ?? {}, schemas, type);
    case "object":
      return schema.a === undefined ? openReader : mapReader(schema.a, schemas, type);
    default:
      return openReader;
  }
}

function refReader(name: string, schemas: Schemas, schema: Schema): Reader {
  const found = specialReaders[name];
  if (found !== undefined) return found;
  if (/\.JSONSchemaPropsOr(?:Array|Bool|StringArray)$/.test(name)) return schemaOrReader(name, schemas);
  const target = schemas.resolve(schema);
  return target.p === undefined ? typedReader(target, schemas, typeText(target)) : readerOf(schema, schemas);
}

/** A JSON schema, a list of them, or something simple; its own decoder is not strict. */
function schemaOrReader(name: string, schemas: Schemas): Reader {
  const props: Schema = { r: name.slice(0, name.indexOf("Or", name.lastIndexOf("JSONSchemaProps"))) };
  const strings = listReader({ t: "string" }, schemas, "[]string");
  return {
    type: goTypeOfName(name),
    zero: () => null,
    read: (value, context) => {
      const list = Array.isArray(value);
      if (name.endsWith("OrBool")) {
        if (typeof value === "boolean") return value;
        if (!isPlainObject(value)) {
          context.fail("boolean or JSON schema expected");
          return null;
        }
      } else if (!list && !isPlainObject(value)) return [];
      if (list && name.endsWith("OrStringArray")) return strings.read(value, context);
      context.silent++;
      const reader = readerOf(props, schemas);
      const read = Array.isArray(value) ? value.map((item) => reader.read(item, context)) : reader.read(value, context);
      context.silent--;
      return read;
    },
  };
}

const elementType = (type: string, prefix: string, schema: Schema): string =>
  (type.startsWith(prefix) ? type.slice(prefix.length) : typeText(schema)).replace(/^\*/, "");

function listReader(item: Schema, schemas: Schemas, type: string): Reader {
  let compiled: Reader | undefined;
  return {
    type,
    zero: () => null,
    read: (value, context) => {
      if (!Array.isArray(value)) {
        context.typeError(value, type);
        return null;
      }
      const reader = (compiled ??= typedReader(item, schemas, elementType(type, "[]", item)));
      const out = new Array<unknown>(value.length);
      for (let index = 0; index < value.length; index++) {
        context.path.push(index);
        out[index] = value[index] === null ? reader.zero() : reader.read(value[index], context);
        context.path.pop();
      }
      return out;
    },
  };
}

function mapReader(item: Schema, schemas: Schemas, type: string): Reader {
  let compiled: Reader | undefined;
  return {
    type,
    zero: () => null,
    read: (value, context) => {
      if (!isPlainObject(value)) {
        context.typeError(value, type);
        return null;
      }
      const reader = (compiled ??= typedReader(item, schemas, elementType(type, "map[string]", item)));
      const out: Record<string, unknown> = {};
      for (const key of context.namesOf?.(value) ?? Object.keys(value)) {
        const member = value[key];
        if (member === undefined) continue;
        context.members++;
        context.path.push(key);
        setOwn(out, key, member === null ? reader.zero() : reader.read(member, context));
        context.path.pop();
      }
      context.findRepeated(value);
      return out;
    },
  };
}
