/**
 * CEL types: immutable descriptions of what an expression may evaluate to, which are themselves
 * values (`type(1) == int`). Two types are the same when `sameType` says so, never by identity.
 * Texts are those of the type checker's messages.
 * Source: github.com/google/cel-spec, doc/langdef.md, "Values" and "Gradual type checking".
 */

/** The shape of a type; `struct` is a named object type, `opaque` a named type with parameters. */
export type TypeKind =
  | "dyn"
  | "any"
  | "error"
  | "bool"
  | "bytes"
  | "double"
  | "int"
  | "uint"
  | "string"
  | "null"
  | "duration"
  | "timestamp"
  | "list"
  | "map"
  | "struct"
  | "opaque"
  | "type"
  | "typeParam";

/** One type. Build with the constants and functions below, not with `new`. */
export class CelType {
  readonly kind: TypeKind;
  /** The runtime name: what `type(x)` prints and what two opaque or struct types are compared by. */
  readonly name: string;
  readonly parameters: readonly CelType[];
  /** A primitive that also takes null, as the protobuf wrapper messages do. */
  readonly nullable: boolean;
  #text: string | undefined;

  constructor(kind: TypeKind, name: string, parameters: readonly CelType[] = [], nullable = false) {
    this.kind = kind;
    this.name = name;
    this.parameters = parameters;
    this.nullable = nullable;
  }

  /** The type as the checker's messages spell it, such as `map(string, list(int))`. */
  toString(): string {
    this.#text ??= typeText(this);
    return this.#text;
  }
}

export const DYN = new CelType("dyn", "dyn");
export const ANY = new CelType("any", "google.protobuf.Any");
export const ERROR = new CelType("error", "error");
export const BOOL = new CelType("bool", "bool");
export const BYTES = new CelType("bytes", "bytes");
export const DOUBLE = new CelType("double", "double");
export const INT = new CelType("int", "int");
export const UINT = new CelType("uint", "uint");
export const STRING = new CelType("string", "string");
export const NULL = new CelType("null", "null_type");
export const DURATION = new CelType("duration", "google.protobuf.Duration");
export const TIMESTAMP = new CelType("timestamp", "google.protobuf.Timestamp");
/** The type of types, without saying which. */
export const TYPE = new CelType("type", "type");
/** The run-time types of aggregates, whose parameters are not known at run time. */
export const LIST = new CelType("list", "list", [DYN]);
export const MAP = new CelType("map", "map", [DYN, DYN]);

/** `list(element)`. */
export function listOf(element: CelType): CelType {
  return element === DYN ? LIST : new CelType("list", "list", [element]);
}

/** `map(key, value)`. */
export function mapOf(key: CelType, value: CelType): CelType {
  return new CelType("map", "map", [key, value]);
}

/** The type of a type: what the identifier `int` has. */
export function typeOf(type: CelType): CelType {
  return new CelType("type", "type", [type]);
}

/** A named object type whose fields the type provider knows. */
export function structType(name: string): CelType {
  return new CelType("struct", name);
}

/** A named type CEL knows nothing about but its name and parameters. */
export function opaqueType(name: string, ...parameters: readonly CelType[]): CelType {
  return new CelType("opaque", name, parameters);
}

/** `optional_type(value)`. */
export function optionalOf(value: CelType): CelType {
  return opaqueType("optional_type", value);
}

/** A type variable of a function signature. */
export function typeParam(name: string): CelType {
  return new CelType("typeParam", name);
}

/** A primitive that also takes null: `wrapper(int)`. */
export function nullable(type: CelType): CelType {
  return new CelType(type.kind, type.name, type.parameters, true);
}

/** Whether two types are the same, parameters included. */
export function sameType(a: CelType, b: CelType): boolean {
  if (a === b) return true;
  if (a.kind !== b.kind || a.name !== b.name || a.parameters.length !== b.parameters.length) return false;
  return a.parameters.every((parameter, index) => {
    const other = b.parameters[index];
    return other !== undefined && sameType(parameter, other);
  });
}

export function isOptional(type: CelType): boolean {
  return type.kind === "opaque" && type.name === "optional_type";
}

function typeText(type: CelType): string {
  switch (type.kind) {
    case "any":
      return "any";
    case "null":
      return "null";
    case "duration":
      return "duration";
    case "timestamp":
      return "timestamp";
    case "error":
      return "!error!";
    case "typeParam":
      return type.name;
    case "type":
      return type.parameters.length === 0 ? "type" : `type(${type.parameters.join(", ")})`;
    default:
      if (type.nullable) return `wrapper(${type.name})`;
      return type.parameters.length === 0 ? type.name : `${type.name}(${type.parameters.join(", ")})`;
  }
}
