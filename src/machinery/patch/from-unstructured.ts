// What upstream's converter from maps to Go types says of a strategically patched object: the first value that does not fit,
// and unknown fields. Upstream: k8s.io/apimachinery/pkg/runtime/converter.go.
import { readerOfField } from "../codec/decode-plan.ts";
import { ReadContext } from "../codec/read-context.ts";
import { isObject } from "../equal.ts";
import type { Schema, Schemas } from "../schema.ts";
import { goType } from "./strategic-lists.ts";

export interface ConversionFaults {
  /** The first value that cannot be converted, fields in Go's order. */
  readonly error: string | undefined;
  /** `unknown field "spec.foo"`, sorted. */
  readonly unknown: readonly string[];
}

interface Walk {
  readonly schemas: Schemas;
  readonly unknown: string[];
}

/** Types that read themselves from JSON. */
const selfReading = /\.(?:Time|MicroTime|Quantity|IntOrString|RawExtension|FieldsV1|JSON|JSONSchemaPropsOr\w+)$/;

export function conversionFaults(value: unknown, types: { schema: Schema; schemas: Schemas }): ConversionFaults {
  const walk: Walk = { schemas: types.schemas, unknown: [] };
  const error = faultOf(value, { schema: types.schema, path: "" }, walk);
  return { error, unknown: walk.unknown.map((path) => `unknown field "${path}"`).sort() };
}

/** A copy in which integers that a field is too small for have lost their upper bits, as Go's conversion leaves them. */
export function wrapIntegers(value: unknown, types: { schema: Schema; schemas: Schemas }): unknown {
  const { schema, schemas } = types;
  const target = schemas.resolve(schema);
  if (schema.r !== undefined && selfReading.test(schema.r)) return value;
  const wrapped = (member: unknown, of: Schema | undefined): unknown =>
    of === undefined ? member : wrapIntegers(member, { schema: of, schemas });
  if (Array.isArray(value)) return value.map((item) => wrapped(item, target.i));
  if (isObject(value))
    return Object.fromEntries(
      Object.entries(value).map(([key, member]) => [
        key,
        wrapped(member, target.p === undefined ? target.a : Object.hasOwn(target.p, key) ? target.p[key] : undefined),
      ]),
    );
  const isInteger = typeof value === "bigint" || Number.isSafeInteger(value);
  return target.f === "int32" && isInteger ? Number(BigInt.asIntN(32, BigInt(value as number))) : value;
}

/** `goType`: what Go calls a field's type when it has a name of its own. */
type Place = { readonly schema: Schema; readonly path: string; readonly goType?: string | undefined };

function faultOf(value: unknown, place: Place, walk: Walk): string | undefined {
  if (value === null || value === undefined) return undefined;
  const { schema } = place;
  const target = walk.schemas.resolve(schema);
  if (schema.r !== undefined && selfReading.test(schema.r)) return selfRead(value, schema, walk.schemas);
  if (target.p !== undefined) return structFault(value, place, { target, walk });
  switch (target.t) {
    case "array":
      if (!Array.isArray(value)) return `cannot restore slice from ${reflectKind(value)}`;
      return firstFault(value.keys(), (index) =>
        faultOf(
          value[index],
          { schema: target.i ?? {}, path: `${place.path}[${index}]`, goType: itemType(place) },
          walk,
        ),
      );
    case "object":
      if (!isObject(value)) return `cannot restore map from ${reflectKind(value)}`;
      return firstFault(Object.keys(value).sort(), (key) =>
        faultOf(value[key], { schema: target.a ?? {}, path: place.path }, walk),
      );
    default:
      return scalarFault(value, { target, goType: place.goType }, walk.schemas);
  }
}

const itemType = ({ goType }: Place): string | undefined => (goType?.startsWith("[]") ? goType.slice(2) : undefined);

function structFault(
  value: unknown,
  { path }: Place,
  { target, walk }: { target: Schema; walk: Walk },
): string | undefined {
  if (!isObject(value)) return `cannot restore struct from: ${reflectKind(value)}`;
  const fields = target.p ?? {};
  const definition = walk.schemas.nameOf?.(target);
  const shape = definition === undefined ? undefined : walk.schemas.shapeOf?.(definition);
  const goType = (key: string): string | undefined => shape?.[key]?.split("|")[1];
  const below = (key: string): string => (path === "" ? key : `${path}.${key}`);
  for (const key of Object.keys(value)) if (!Object.hasOwn(fields, key)) walk.unknown.push(below(key));
  return firstFault(Object.keys(fields), (key) =>
    Object.hasOwn(value, key)
      ? faultOf(value[key], { schema: fields[key]!, path: below(key), goType: goType(key) }, walk)
      : undefined,
  );
}

function firstFault<T>(items: Iterable<T>, fault: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const found = fault(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

function scalarFault(
  value: unknown,
  { target, goType: named }: { target: Schema; goType: string | undefined },
  schemas: Schemas,
): string | undefined {
  const wanted = target.t;
  if (wanted === undefined) return undefined;
  if (target.f === "byte")
    return typeof value === "string" ? base64Fault(value, schemas) : `cannot restore slice from ${reflectKind(value)}`;
  const goKind =
    wanted === "integer"
      ? (target.f ?? "int64")
      : wanted === "boolean"
        ? "bool"
        : wanted === "number"
          ? "float64"
          : "string";
  const isNumber = typeof value === "number" || typeof value === "bigint";
  if (wanted === "string" ? typeof value === "string" : wanted === "boolean" ? typeof value === "boolean" : false)
    return undefined;
  if ((wanted === "integer" || wanted === "number") && isNumber)
    return wanted === "number" || typeof value === "bigint" || Number.isInteger(value)
      ? undefined
      : `cannot convert float64 to ${goKind}`;
  // Go converts integers to strings, as a rune, but the converter does not go along.
  if (wanted === "string" && isNumber && goType(value) === "int64")
    return `cannot convert int64 to ${named || "string"}`;
  return `unrecognized type: ${goKind}`;
}

function base64Fault(value: string, schemas: Schemas): string | undefined {
  const fault = selfRead(value, { t: "string", f: "byte" }, schemas);
  return fault === undefined ? undefined : `error decoding from json: ${fault}`;
}

/** The type's own complaint. */
function selfRead(value: unknown, schema: Schema, schemas: Schemas): string | undefined {
  const context = new ReadContext(new Map());
  readerOfField(schema, schemas).read(value, context);
  return context.error;
}

const reflectKind = (value: unknown): string =>
  Array.isArray(value)
    ? "slice"
    : isObject(value)
      ? "map"
      : typeof value === "boolean"
        ? "bool"
        : typeof value === "string"
          ? "string"
          : goType(value);
