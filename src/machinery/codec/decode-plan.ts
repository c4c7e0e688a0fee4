// Turns a schema into a reader: a function from JSON values to what upstream's Go types would hold and write again. The typed
// reader (built-in kinds) checks types with Go's messages, drops unknown fields, normalises times and quantities, and adds or
// drops zero values field by field as the Go struct does. The loose reader (custom resources) only drops and reports unknown
// fields. Readers copy; their input may be frozen.
import { markEmpty } from "../empties.ts";
import { isObject, setOwn } from "../equal.ts";
import { quoteGo } from "../go-text.ts";
import { canonicalQuantity, QuantityError } from "../quantity.ts";
import type { Schema, Schemas, Shape } from "../schema.ts";
import { canonicalMicroTime, canonicalTime, TimeError } from "../time.ts";
import { bytesReader } from "./bytes-reader.ts";
import { JsonNumber, plainCopy } from "./json-text.ts";

/** What one decode collects. */
export class ReadContext {
  /** The first type error: Go keeps decoding but reports that one. */
  error: string | undefined;
  #aborted = false;
  /** Strict findings in document order: `unknown field "spec.foo"`, at most 100. */
  readonly findings = new Set<string>();
  readonly repeated: ReadonlyMap<object, readonly string[]>;
  /** Keys and indexes from the root. */
  readonly path: (string | number)[] = [];
  /** Struct fields from the root. */
  readonly fields: FieldReader[] = [];
  /** Lists that are always written come out as null when they are empty. */
  asStored = false;
  /** Above zero inside values whose own decoder is not strict. */
  silent = 0;
  /** Object members seen, to compare with those in the text. */
  members = 0;
  /** Names of an object's members in another order than they have. */
  namesOf: ((value: object) => readonly string[] | undefined) | undefined;
  /** The value was parsed for this read alone, by JSON.parse: parts that stay as they are need no copy. */
  readonly owned: boolean;

  constructor(repeated: ReadonlyMap<object, readonly string[]>, ownership: "owned" | "shared" = "shared") {
    this.repeated = repeated;
    this.owned = ownership === "owned";
  }

  fail(text: string): void {
    this.error ??= text;
  }

  /** A value whose own decoder refuses it ends the decoding: Go reports that, not what it found wrong before. */
  abort(text: string): void {
    if (!this.#aborted) this.error = text;
    this.#aborted = true;
  }

  typeError(value: unknown, type: string): void {
    if (this.error !== undefined) return;
    const field = this.fields.at(-1);
    const where =
      field === undefined
        ? "Go value"
        : `Go struct field ${field.struct}.${this.fields.map((each) => each.goName).join(".")}`;
    this.error = `json: cannot unmarshal ${describe(value, type)} into ${where} of type ${type}`;
  }

  find(kind: "unknown field" | "duplicate field", key: string): void {
    if (this.silent > 0 || this.findings.size >= 100) return;
    let path = "";
    for (const part of this.path) path += typeof part === "number" ? `[${part}]` : path === "" ? part : `.${part}`;
    this.findings.add(`${kind} ${quoteGo(path === "" ? key : `${path}.${key}`)}`);
  }

  findRepeated(value: object): void {
    if (this.repeated.size === 0) return;
    for (const key of this.repeated.get(value) ?? []) this.find("duplicate field", key);
  }
}

function describe(value: unknown, type: string): string {
  if (value instanceof JsonNumber) return numeric.test(type) ? `number ${value.text}` : "number";
  if (Array.isArray(value)) return "array";
  switch (typeof value) {
    case "string":
      return "string";
    case "boolean":
      return "bool";
    case "number":
    case "bigint":
      return numeric.test(type) ? `number ${value}` : "number";
    default:
      return "object";
  }
}
const numeric = /^(?:u?int|float)/;

/** `json: cannot unmarshal array into Go value of type …`. */
export function goTypeError(value: unknown, type: string): string {
  return `json: cannot unmarshal ${describe(value, type)} into Go value of type ${type}`;
}

/** Reads one value that is not null. `zero` makes what Go's zero value is written as. */
export interface Reader {
  readonly type: string;
  read(value: unknown, context: ReadContext): unknown;
  zero(): unknown;
}

/** k: as given. d: zero values are dropped. e: always written. n: null when absent. */
type Mode = "k" | "d" | "e" | "n";

export interface FieldReader {
  readonly name: string;
  readonly mode: Mode;
  readonly reader: Reader;
  /** Name of the struct, and of the field with the structs embedded on the way: `VolumeSource.iscsi`. */
  readonly struct: string;
  readonly goName: string;
}

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
        context.typeError(value, type);
        return fillWritten({}, written);
      }
      const out: Record<string, unknown> = {};
      for (const key of context.namesOf?.(value) ?? Object.keys(value)) readField(value, key, { fields, out, context });
      context.findRepeated(value);
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
    context.find("unknown field", key);
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

/** Members of all objects within a value. */
function countMembers(value: unknown): number {
  if (value === null || typeof value !== "object" || value instanceof JsonNumber) return 0;
  let count = 0;
  if (Array.isArray(value)) for (const item of value) count += countMembers(item);
  else for (const key in value) count += 1 + countMembers((value as Record<string, unknown>)[key]);
  return count;
}

/** Around a quantity's JSON text, where line breaks and tabs stand escaped and are none. */
const spaceAround = /^[\p{Z}\u0085]+|[\p{Z}\u0085]+$/gu;

const special: Readonly<Record<string, Reader>> = {
  "io.k8s.apimachinery.pkg.apis.meta.v1.Time": timeReader(canonicalTime),
  "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime": timeReader(canonicalMicroTime),
  "io.k8s.apimachinery.pkg.api.resource.Quantity": {
    type: "resource.Quantity",
    zero: () => "0",
    read: (value, context) => {
      const text = value instanceof JsonNumber ? value.text : typeof value === "number" ? String(value) : value;
      try {
        return canonicalQuantity(typeof text === "string" ? text.replace(spaceAround, "") : "not a quantity");
      } catch (error) {
        if (!(error instanceof QuantityError)) throw error;
        context.abort(error.message);
        return "0";
      }
    },
  },
  "io.k8s.apimachinery.pkg.util.intstr.IntOrString": {
    type: "intstr.IntOrString",
    zero: () => 0,
    read: (value, context) => (typeof value === "string" ? value : int32.read(value, context)),
  },
};

function timeReader(canonical: (text: string) => string): Reader {
  return {
    type: "v1.Time",
    zero: () => null,
    read: (value, context) => {
      if (typeof value !== "string") {
        context.typeError(value, "string");
        return null;
      }
      try {
        return canonical(value);
      } catch (error) {
        if (!(error instanceof TimeError)) throw error;
        context.abort(error.message);
        return null;
      }
    },
  };
}

/** Values that upstream keeps as they are: raw extensions, FieldsV1, any. */
const open: Reader = {
  type: "interface {}",
  zero: () => null,
  read: (value, context) => {
    context.members += countMembers(value);
    return context.owned ? value : plainCopy(value);
  },
};

function scalarReader(type: string, accepts: "string" | "boolean", zero: unknown): Reader {
  return {
    type,
    zero: () => zero,
    read: (value, context) => {
      if (typeof value === accepts) return value;
      context.typeError(value, type);
      return zero;
    },
  };
}

function integerReader(type: string): Reader {
  const limit = type === "int32" ? 2n ** 31n : 2n ** 63n;
  return {
    type,
    zero: () => 0,
    read: (value, context) => {
      if (
        typeof value === "number" &&
        Number.isSafeInteger(value) &&
        (type !== "int32" || Math.abs(value) < 2147483648)
      )
        return value;
      const text =
        value instanceof JsonNumber
          ? value.text
          : typeof value === "number" || typeof value === "bigint"
            ? String(value)
            : "";
      if (/^-?[0-9]+$/.test(text)) {
        const exact = BigInt(text);
        if (exact >= -limit && exact < limit) return Number.isSafeInteger(Number(exact)) ? Number(exact) : exact;
      }
      context.typeError(value, type);
      return 0;
    },
  };
}
const int32 = integerReader("int32");

const floatReader: Reader = {
  type: "float64",
  zero: () => 0,
  read: (value, context) => {
    if (typeof value === "number") return value;
    if (value instanceof JsonNumber && Number.isFinite(Number(value.text))) return Number(value.text);
    context.typeError(value, "float64");
    return 0;
  },
};

function typedReader(schema: Schema, schemas: Schemas, type: string): Reader {
  if (schema.r !== undefined) return refReader(schema.r, schemas, schema);
  switch (schema.t) {
    case "string":
      if (schema.f === "byte") return bytesReader;
      if (schema.f === "int-or-string") return special["io.k8s.apimachinery.pkg.util.intstr.IntOrString"]!;
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
      return schema.a === undefined ? open : mapReader(schema.a, schemas, type);
    default:
      return open;
  }
}

function refReader(name: string, schemas: Schemas, schema: Schema): Reader {
  const found = special[name];
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

/** Custom resources: unknown fields go, everything else stays as it is. */
function looseReader(schema: Schema, schemas: Schemas): Reader {
  return {
    type: "map[string]interface {}",
    zero: () => null,
    read: (value, context) => readLoose(value, { schema, schemas, context }),
  };
}

interface Loose {
  readonly schema: Schema | undefined;
  readonly schemas: Schemas;
  readonly context: ReadContext;
}

function readLoose(value: unknown, loose: Loose): unknown {
  if (value instanceof JsonNumber) refuseInfinite(value, loose.context);
  if (value === null || typeof value !== "object" || value instanceof JsonNumber) return plainCopy(value);
  const schema = loose.schema === undefined ? undefined : loose.schemas.resolve(loose.schema);
  const { context } = loose;
  if (Array.isArray(value)) {
    return value.map((item, index) => {
      context.path.push(index);
      const read = readLoose(item, { ...loose, schema: schema?.i });
      context.path.pop();
      return read;
    });
  }
  const out: Record<string, unknown> = {};
  for (const key in value) {
    const member = (value as Record<string, unknown>)[key];
    if (member === undefined) continue;
    context.members++;
    const property = schema?.p !== undefined && Object.hasOwn(schema.p, key) ? schema.p[key] : schema?.a;
    if (property === undefined && schema?.p !== undefined) {
      context.find("unknown field", key);
      context.members += countMembers(member);
      continue;
    }
    context.path.push(key);
    setOwn(out, key, readLoose(member, { ...loose, schema: property }));
    context.path.pop();
  }
  context.findRepeated(value);
  return out;
}

/** What readAny reports, without a copy of the value. */
export function checkAny(value: unknown, context: ReadContext): void {
  if (value === null || typeof value !== "object") return;
  if (value instanceof JsonNumber) refuseInfinite(value, context);
  else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      if (item === null || typeof item !== "object") continue;
      context.path.push(index);
      checkAny(item, context);
      context.path.pop();
    }
  } else {
    for (const key in value) {
      const member = (value as Record<string, unknown>)[key];
      if (member === null || typeof member !== "object") continue;
      context.path.push(key);
      checkAny(member, context);
      context.path.pop();
    }
    context.findRepeated(value);
  }
}

function refuseInfinite({ text }: JsonNumber, context: ReadContext): void {
  if (!Number.isFinite(Number(text)))
    context.fail(`json: cannot unmarshal number ${text} into Go value of type float64`);
}

/** Reads without any schema: everything stays; only repeated keys are reported. */
export function readAny(value: unknown, context: ReadContext, schemas: Schemas): unknown {
  return readLoose(value, { schema: undefined, schemas, context });
}
