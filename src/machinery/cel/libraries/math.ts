/** Functions on numbers. Source: cel-go ext/math.go; the version says what is there. */
import type { FunctionDecl, Library, MacroDecl, OverloadDecl } from "../contract.ts";
import { compare } from "../runtime/compare.ts";
import { INT_OVERFLOW } from "../runtime/numbers.ts";
import type { Expr, ExprFactory } from "../syntax/ast.ts";
import { BOOL, type CelType, DOUBLE, DYN, INT, listOf, UINT } from "../types.ts";
import { CelError, type CelList, CelUint, type Result, type Value } from "../values.ts";

const NUMBERS: readonly CelType[] = [DOUBLE, INT, UINT];
const PAIRS: readonly (readonly [CelType, CelType, CelType])[] = [
  [DOUBLE, DOUBLE, DOUBLE],
  [INT, INT, INT],
  [UINT, UINT, UINT],
  [INT, UINT, DYN],
  [INT, DOUBLE, DYN],
  [DOUBLE, INT, DYN],
  [DOUBLE, UINT, DYN],
  [UINT, INT, DYN],
  [UINT, DOUBLE, DYN],
];

type Extreme = "min" | "max";

function pick(which: Extreme, a: Value, b: Value): Result {
  const order = compare(a, b);
  if (order instanceof CelError) return new CelError(`${order.message}: math.@${which}`);
  return (which === "min" ? order > 0 : order < 0) ? b : a;
}

function isNumber(value: Value): boolean {
  return typeof value === "bigint" || typeof value === "number" || value instanceof CelUint;
}

function pickFrom(which: Extreme, list: CelList): Result {
  let best: Result | undefined;
  for (const element of list) {
    if (element instanceof CelError) return element;
    if (best === undefined) best = element;
    else if (!(best instanceof CelError)) best = pick(which, best, element);
  }
  if (best === undefined) return new CelError(`math.@${which}(list) argument must not be empty`);
  if (best instanceof CelError || isNumber(best)) return best;
  return new CelError(`no such overload: math.@${which}`);
}

function extreme(which: Extreme): FunctionDecl {
  const id = `math_@${which}`;
  const overloads: OverloadDecl[] = [
    ...NUMBERS.map((type) => ({ id: `${id}_${type}`, args: [type], result: type, evaluate: (value: Value) => value })),
    ...PAIRS.map(([a, b, result]) => ({
      id: `${id}_${a}_${b}`,
      args: [a, b],
      result,
      evaluate: (left: Value, right: Value) => pick(which, left, right),
    })),
    ...NUMBERS.map((type) => ({
      id: `${id}_list_${type}`,
      args: [listOf(type)],
      result: type,
      evaluate: (list: CelList) => pickFrom(which, list),
    })),
  ];
  return { name: `math.@${which}`, overloads };
}

function isNumeric(expr: Expr): boolean {
  if (expr.kind === "literal") return isNumber(expr.value);
  return expr.kind !== "list" && expr.kind !== "map" && expr.kind !== "struct";
}

function isNumericList(expr: Expr): boolean {
  return expr.kind === "list" && expr.elements.length > 0 && expr.elements.every(isNumeric);
}

/** `math.least(…)` of one list or number, of two, or of many. */
function extremeMacro(name: string, which: Extreme): MacroDecl {
  const fn = `math.@${which}`;
  return {
    name,
    receiver: true,
    argCount: -1,
    expand(build: ExprFactory, target, args) {
      if (target?.kind !== "ident" || target.name !== "math") return undefined;
      const [first] = args;
      if (first === undefined) return build.issue(target.id, `math.${name}() requires at least one argument`);
      if (args.length === 1)
        return isNumericList(first) || isNumeric(first)
          ? build.call(fn, first)
          : build.issue(first.id, `math.${name}() invalid single argument value`);
      const odd = args.find((arg) => !isNumeric(arg));
      if (odd !== undefined) return build.issue(odd.id, `math.${name}() simple literal arguments must be numeric`);
      return args.length === 2 ? build.call(fn, ...args) : build.call(fn, build.list(...args));
    },
  };
}

function onDouble(name: string, result: CelType, evaluate: (value: number) => Result): FunctionDecl {
  return { name: `math.${name}`, overloads: [{ id: `math_${name}_double`, args: [DOUBLE], result, evaluate }] };
}

/** Half away from zero. */
function round(value: number): number {
  return Math.sign(value) * Math.round(Math.abs(value));
}

function absolute(value: bigint): Result {
  if (value === -(2n ** 63n)) return INT_OVERFLOW;
  return value < 0n ? -value : value;
}

function one(name: string, type: CelType, evaluate: OverloadDecl["evaluate"]): OverloadDecl {
  return { id: `math_${name}_${type}`, args: [type], result: type, ...(evaluate === undefined ? {} : { evaluate }) };
}

const SIGNS: readonly FunctionDecl[] = [
  {
    name: "math.abs",
    overloads: [
      one("abs", DOUBLE, (value: number) => Math.abs(value)),
      one("abs", INT, absolute),
      one("abs", UINT, (value: CelUint) => value),
    ],
  },
  {
    name: "math.sign",
    overloads: [
      one("sign", DOUBLE, (value: number) => Math.sign(value) || (Number.isNaN(value) ? value : 0)),
      one("sign", INT, (value: bigint) => (value > 0n ? 1n : value < 0n ? -1n : 0n)),
      one("sign", UINT, (value: CelUint) => new CelUint(value.value === 0n ? 0n : 1n)),
    ],
  },
];

type Bits = (a: bigint, b: bigint) => bigint;

function wrapUint(value: bigint): CelUint {
  return new CelUint(BigInt.asUintN(64, value));
}

function bits(name: string, combine: Bits): FunctionDecl {
  return {
    name: `math.${name}`,
    overloads: [
      { id: `math_${name}_int_int`, args: [INT, INT], result: INT, evaluate: combine },
      {
        id: `math_${name}_uint_uint`,
        args: [UINT, UINT],
        result: UINT,
        evaluate: (a: CelUint, b: CelUint) => wrapUint(combine(a.value, b.value)),
      },
    ],
  };
}

/** A shift works on the 64 bits as they are: a negative number shifted right gets zeros. */
function shift(name: string, move: Bits): FunctionDecl {
  const checked = (value: bigint, count: bigint): bigint | CelError => {
    if (count < 0n) return new CelError(`math.${name}() negative offset: ${count}`);
    return count > 63n ? 0n : BigInt.asUintN(64, move(BigInt.asUintN(64, value), count));
  };
  return {
    name: `math.${name}`,
    overloads: [
      {
        id: `math_${name}_int_int`,
        args: [INT, INT],
        result: INT,
        evaluate(value: bigint, count: bigint) {
          const moved = checked(value, count);
          return moved instanceof CelError ? moved : BigInt.asIntN(64, moved);
        },
      },
      {
        id: `math_${name}_uint_int`,
        args: [UINT, INT],
        result: UINT,
        evaluate(value: CelUint, count: bigint) {
          const moved = checked(value.value, count);
          return moved instanceof CelError ? moved : new CelUint(moved);
        },
      },
    ],
  };
}

const VERSION_1: readonly FunctionDecl[] = [
  onDouble("ceil", DOUBLE, Math.ceil),
  onDouble("floor", DOUBLE, Math.floor),
  onDouble("round", DOUBLE, round),
  onDouble("trunc", DOUBLE, Math.trunc),
  onDouble("isInf", BOOL, (value) => Math.abs(value) === Number.POSITIVE_INFINITY),
  onDouble("isNaN", BOOL, Number.isNaN),
  onDouble("isFinite", BOOL, Number.isFinite),
  ...SIGNS,
  bits("bitAnd", (a, b) => a & b),
  bits("bitOr", (a, b) => a | b),
  bits("bitXor", (a, b) => a ^ b),
  {
    name: "math.bitNot",
    overloads: [
      { id: "math_bitNot_int_int", args: [INT], result: INT, evaluate: (value: bigint) => ~value },
      { id: "math_bitNot_uint_uint", args: [UINT], result: UINT, evaluate: (value: CelUint) => wrapUint(~value.value) },
    ],
  },
  shift("bitShiftLeft", (value, count) => value << count),
  shift("bitShiftRight", (value, count) => value >> count),
];

function root(value: Value): Result {
  if (typeof value === "number" || typeof value === "bigint") return Math.sqrt(Number(value));
  return value instanceof CelUint ? Math.sqrt(Number(value.value)) : new CelError("no such overload: sqrt");
}

const VERSION_2: readonly FunctionDecl[] = [
  {
    name: "math.sqrt",
    overloads: NUMBERS.map((type) => ({ id: `math_sqrt_${type}`, args: [type], result: DOUBLE, evaluate: root })),
  },
];

/** The library as of a version: 1 adds rounding, signs and bits, 2 adds `math.sqrt`. */
export function math(version: number): Library {
  return {
    name: "cel.lib.ext.math",
    functions: [extreme("min"), extreme("max"), ...(version >= 1 ? VERSION_1 : []), ...(version >= 2 ? VERSION_2 : [])],
    macros: [extremeMacro("least", "min"), extremeMacro("greatest", "max")],
  };
}
