/**
 * The functions, operators and macros every environment has.
 * Source: cel-spec doc/langdef.md "List of Standard Definitions"; overload ids are cel-go's.
 */
import type { FunctionDecl, Library, OverloadDecl, VariableDecl } from "../contract.ts";
import { add, contains, multiply, negate, quotient, remainder, subtract, unfit } from "../runtime/arithmetic.ts";
import { compare, NO_SUCH_OVERLOAD } from "../runtime/compare.ts";
import { codePoints, typeOfValue } from "../runtime/describe.ts";
import {
  BOOL,
  BYTES,
  type CelType,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  LIST,
  listOf,
  MAP,
  mapOf,
  NULL,
  STRING,
  TIMESTAMP,
  TYPE,
  typeOf,
  typeParam,
  UINT,
} from "../types.ts";
import { CelError, CelList, CelMap, type Result, type Value } from "../values.ts";
import { CONVERSIONS } from "./conversions.ts";
import { STANDARD_MACROS } from "./macros.ts";
import { matchesOverloads } from "./regex.ts";
import { TIME } from "./times.ts";

const A = typeParam("A");
const B = typeParam("B");
const LIST_OF_A = listOf(A);
const MAP_OF_A_B = mapOf(A, B);

/** An overload without an implementation of its own. */
function signature(id: string, args: readonly CelType[], result: CelType): OverloadDecl {
  return { id, args, result };
}

function method(id: string, args: readonly CelType[], result: CelType): OverloadDecl {
  return { id, args, result, member: true };
}

function unimplemented(): Result {
  return NO_SUCH_OVERLOAD;
}

const COMPARED: readonly (readonly [string, CelType, CelType])[] = [
  ["bool", BOOL, BOOL],
  ["int64", INT, INT],
  ["int64_double", INT, DOUBLE],
  ["int64_uint64", INT, UINT],
  ["uint64", UINT, UINT],
  ["uint64_double", UINT, DOUBLE],
  ["uint64_int64", UINT, INT],
  ["double", DOUBLE, DOUBLE],
  ["double_int64", DOUBLE, INT],
  ["double_uint64", DOUBLE, UINT],
  ["string", STRING, STRING],
  ["bytes", BYTES, BYTES],
  ["timestamp", TIMESTAMP, TIMESTAMP],
  ["duration", DURATION, DURATION],
];

function comparison(name: string, id: string, holds: (order: number) => boolean): FunctionDecl {
  return {
    name,
    overloads: COMPARED.map(([suffix, left, right]) => signature(`${id}_${suffix}`, [left, right], BOOL)),
    evaluate(left: Value, right: Value) {
      const order = compare(left, right);
      if (!(order instanceof CelError)) return holds(order);
      return order === NO_SUCH_OVERLOAD ? unfit(name, left) : order;
    },
  };
}

const COMPARISONS: readonly FunctionDecl[] = [
  comparison("_<_", "less", (order) => order < 0),
  comparison("_<=_", "less_equals", (order) => order <= 0),
  comparison("_>_", "greater", (order) => order > 0),
  comparison("_>=_", "greater_equals", (order) => order >= 0),
];

const LOGIC: readonly FunctionDecl[] = [
  { name: "_?_:_", overloads: [signature("conditional", [BOOL, A, A], A)], evaluate: unimplemented },
  { name: "_&&_", overloads: [signature("logical_and", [BOOL, BOOL], BOOL)], evaluate: unimplemented },
  { name: "_||_", overloads: [signature("logical_or", [BOOL, BOOL], BOOL)], evaluate: unimplemented },
  {
    name: "!_",
    overloads: [signature("logical_not", [BOOL], BOOL)],
    evaluate: (value: Value) => (typeof value === "boolean" ? !value : NO_SUCH_OVERLOAD),
  },
  {
    name: "@not_strictly_false",
    overloads: [signature("not_strictly_false", [BOOL], BOOL)],
    evaluate: unimplemented,
  },
  { name: "_==_", overloads: [signature("equals", [A, A], BOOL)], evaluate: unimplemented },
  { name: "_!=_", overloads: [signature("not_equals", [A, A], BOOL)], evaluate: unimplemented },
];

const ARITHMETIC: readonly FunctionDecl[] = [
  {
    name: "_+_",
    overloads: [
      signature("add_bytes", [BYTES, BYTES], BYTES),
      signature("add_double", [DOUBLE, DOUBLE], DOUBLE),
      signature("add_duration_duration", [DURATION, DURATION], DURATION),
      signature("add_duration_timestamp", [DURATION, TIMESTAMP], TIMESTAMP),
      signature("add_timestamp_duration", [TIMESTAMP, DURATION], TIMESTAMP),
      signature("add_int64", [INT, INT], INT),
      signature("add_list", [LIST_OF_A, LIST_OF_A], LIST_OF_A),
      signature("add_string", [STRING, STRING], STRING),
      signature("add_uint64", [UINT, UINT], UINT),
    ],
    evaluate: add,
  },
  {
    name: "_/_",
    overloads: [
      signature("divide_double", [DOUBLE, DOUBLE], DOUBLE),
      signature("divide_int64", [INT, INT], INT),
      signature("divide_uint64", [UINT, UINT], UINT),
    ],
    evaluate: quotient,
  },
  {
    name: "_%_",
    overloads: [signature("modulo_int64", [INT, INT], INT), signature("modulo_uint64", [UINT, UINT], UINT)],
    evaluate: remainder,
  },
  {
    name: "_*_",
    overloads: [
      signature("multiply_double", [DOUBLE, DOUBLE], DOUBLE),
      signature("multiply_int64", [INT, INT], INT),
      signature("multiply_uint64", [UINT, UINT], UINT),
    ],
    evaluate: multiply,
  },
  {
    name: "-_",
    overloads: [signature("negate_double", [DOUBLE], DOUBLE), signature("negate_int64", [INT], INT)],
    evaluate: negate,
  },
  {
    name: "_-_",
    overloads: [
      signature("subtract_double", [DOUBLE, DOUBLE], DOUBLE),
      signature("subtract_duration_duration", [DURATION, DURATION], DURATION),
      signature("subtract_int64", [INT, INT], INT),
      signature("subtract_timestamp_duration", [TIMESTAMP, DURATION], TIMESTAMP),
      signature("subtract_timestamp_timestamp", [TIMESTAMP, TIMESTAMP], DURATION),
      signature("subtract_uint64", [UINT, UINT], UINT),
    ],
    evaluate: subtract,
  },
];

function size(value: Value): Result {
  if (typeof value === "string") return BigInt(codePoints(value));
  if (value instanceof CelList || value instanceof CelMap) return BigInt(value.size);
  return value instanceof Uint8Array ? BigInt(value.length) : new CelError("no such overload: size");
}

const AGGREGATES: readonly FunctionDecl[] = [
  {
    name: "_[_]",
    overloads: [signature("index_list", [LIST_OF_A, INT], A), signature("index_map", [MAP_OF_A_B, A], B)],
    evaluate: unimplemented,
  },
  {
    name: "@in",
    overloads: [signature("in_list", [A, LIST_OF_A], BOOL), signature("in_map", [A, MAP_OF_A_B], BOOL)],
    evaluate: contains,
  },
  {
    name: "size",
    overloads: [
      signature("size_bytes", [BYTES], INT),
      method("bytes_size", [BYTES], INT),
      signature("size_list", [LIST_OF_A], INT),
      method("list_size", [LIST_OF_A], INT),
      signature("size_map", [MAP_OF_A_B], INT),
      method("map_size", [MAP_OF_A_B], INT),
      signature("size_string", [STRING], INT),
      method("string_size", [STRING], INT),
    ],
    evaluate: size,
  },
];

function textTest(name: string, id: string, test: (text: string, part: string) => boolean): FunctionDecl {
  return {
    name,
    overloads: [{ ...method(id, [STRING, STRING], BOOL), evaluate: test }],
  };
}

const TEXT: readonly FunctionDecl[] = [
  textTest("contains", "contains_string", (text, part) => text.includes(part)),
  textTest("endsWith", "ends_with_string", (text, part) => text.endsWith(part)),
  textTest("startsWith", "starts_with_string", (text, part) => text.startsWith(part)),
  { name: "matches", overloads: matchesOverloads() },
];

const TYPES: readonly FunctionDecl[] = [
  { name: "type", overloads: [signature("type", [A], typeOf(A))], evaluate: (value: Value) => typeOfValue(value) },
  { name: "dyn", overloads: [signature("to_dyn", [A], DYN)], evaluate: (value: Value) => value },
];

function typeName(name: string, type: CelType): VariableDecl {
  return { name, type: typeOf(type), value: type };
}

const TYPE_NAMES: readonly VariableDecl[] = [
  typeName("bool", BOOL),
  typeName("bytes", BYTES),
  typeName("double", DOUBLE),
  typeName("google.protobuf.Duration", DURATION),
  typeName("int", INT),
  typeName("list", LIST),
  typeName("map", MAP),
  typeName("null_type", NULL),
  typeName("string", STRING),
  typeName("google.protobuf.Timestamp", TIMESTAMP),
  typeName("type", TYPE),
  typeName("uint", UINT),
];

/** The standard library. */
export const STANDARD: Library = {
  name: "cel.lib.std",
  functions: [...LOGIC, ...ARITHMETIC, ...COMPARISONS, ...AGGREGATES, ...TYPES, ...CONVERSIONS, ...TEXT, ...TIME],
  macros: STANDARD_MACROS,
  variables: TYPE_NAMES,
};
