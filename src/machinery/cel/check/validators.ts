/**
 * Checks of literals that would fail whenever they were evaluated, and of literals of mixed types.
 * Source: cel-go cel/validator.go and ext/formatting.go.
 */
import type { CheckedAst, Validator } from "../contract.ts";
import { type Clause, type Formatter, formatText, WRONG_TYPE } from "../libraries/format.ts";
import { compilePattern } from "../libraries/regex.ts";
import { parseDuration, parseTimestamp } from "../runtime/time.ts";
import { type CallExpr, children, type Expr, type ListExpr, type MapExpr, walk } from "../syntax/ast.ts";
import { type CelType, DYN, isOptional, sameType, type TypeKind } from "../types.ts";
import { CelError, type Value } from "../values.ts";

function calls(ast: CheckedAst, name: string): readonly CallExpr[] {
  const found: CallExpr[] = [];
  walk(ast.expr, (expr) => {
    if (expr.kind === "call" && expr.function === name) found.push(expr);
  });
  return found;
}

/** Checks the first argument of a function where it is a literal. */
function literalArgument(name: string, isValid: (value: Value) => boolean): Validator {
  return (ast, report) => {
    for (const call of calls(ast, name)) {
      const [arg] = call.args;
      if (arg?.kind === "literal" && !isValid(arg.value)) report(arg.id, `invalid ${name} argument`);
    }
  };
}

export const DURATION_LITERALS: Validator = literalArgument(
  "duration",
  (value) => typeof value === "string" && parseDuration(value) !== undefined,
);

const MIN_SECONDS = -62135596800n;
const MAX_SECONDS = 253402300799n;

export const TIMESTAMP_LITERALS: Validator = literalArgument("timestamp", (value) => {
  if (typeof value === "bigint") return value >= MIN_SECONDS && value <= MAX_SECONDS;
  const parsed = typeof value === "string" ? parseTimestamp(value) : undefined;
  return parsed !== undefined && !(parsed instanceof CelError);
});

export const REGEX_LITERALS: Validator = literalArgument(
  "matches",
  (value) => typeof value !== "string" || !(compilePattern(value) instanceof CelError),
);

/** Literals of lists and maps that are not inside a call of `format`. */
function aggregates(ast: CheckedAst): { lists: ListExpr[]; maps: MapExpr[] } {
  const lists: ListExpr[] = [];
  const maps: MapExpr[] = [];
  const visit = (expr: Expr): void => {
    if (expr.kind === "call" && expr.function === "format") return;
    if (expr.kind === "list") lists.push(expr);
    if (expr.kind === "map") maps.push(expr);
    for (const child of children(expr)) visit(child);
  };
  visit(ast.expr);
  return { lists, maps };
}

function typeAt(ast: CheckedAst, expr: Expr): CelType {
  return ast.types.get(expr.id) ?? DYN;
}

/** What an element adds to its aggregate: of an optional one, what is in it. */
function contributed(type: CelType, optional: boolean): CelType {
  return optional && isOptional(type) ? (type.parameters[0] ?? DYN) : type;
}

function mismatch(expected: CelType, actual: CelType): string {
  return `expected type '${expected}' but found '${actual}'`;
}

/** Whether elements of lists, keys and values of maps are of one type each; arguments of `format` may differ. */
export const HOMOGENEOUS_LITERALS: Validator = (ast, report) => {
  const { lists, maps } = aggregates(ast);
  for (const list of lists) {
    const types = list.elements.map((element, index) =>
      contributed(typeAt(ast, element), list.optionals.includes(index)),
    );
    const [first] = types;
    const odd = types.findIndex((type) => first !== undefined && !sameType(first, type));
    const element = list.elements[odd];
    const type = types[odd];
    if (element !== undefined && type !== undefined && first !== undefined) report(element.id, mismatch(first, type));
  }
  for (const map of maps) checkEntries(ast, map, report);
};

function checkEntries(ast: CheckedAst, map: MapExpr, report: (id: number, message: string) => void): void {
  const [first, ...others] = map.entries;
  if (first === undefined) return;
  const keyType = typeAt(ast, first.key);
  const valueType = contributed(typeAt(ast, first.value), first.optional);
  for (const entry of others) {
    const key = typeAt(ast, entry.key);
    const value = contributed(typeAt(ast, entry.value), entry.optional);
    if (!sameType(keyType, key)) report(entry.key.id, mismatch(keyType, key));
    if (!sameType(valueType, value)) report(entry.value.id, mismatch(valueType, value));
  }
}

const FORMATTED: Readonly<Record<Clause["verb"], readonly TypeKind[]>> = {
  s: ["list", "map", "int", "uint", "double", "bool", "string", "timestamp", "bytes", "duration", "type", "null"],
  d: ["int", "uint"],
  f: ["double", "string"],
  e: ["double", "string"],
  b: ["int", "uint", "bool"],
  x: ["int", "uint", "string", "bytes"],
  X: ["int", "uint", "string", "bytes"],
  o: ["int", "uint"],
};

/** The first expression, of an argument and what it is made of, that a clause cannot print. */
function unprintable(ast: CheckedAst, expr: Expr, verb: Clause["verb"]): Expr | undefined {
  const { kind } = typeAt(ast, expr);
  if (kind !== "dyn" && !FORMATTED[verb].includes(kind)) return expr;
  if (verb !== "s" || (expr.kind !== "list" && expr.kind !== "map")) return undefined;
  for (const child of children(expr)) {
    const found = unprintable(ast, child, verb);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Calls of `format` on a literal with a literal list: clauses are known and fit their arguments. */
export const FORMAT_LITERALS: Validator = (ast, report) => {
  for (const call of calls(ast, "format")) {
    const [args] = call.args;
    if (call.target?.kind !== "literal" || typeof call.target.value !== "string" || args?.kind !== "list") continue;
    const overloads = ast.references.get(call.id)?.overloads ?? [];
    if (overloads.length > 0 && !overloads.includes("string_format")) continue;
    let used = 0;
    const formatter: Formatter = {
      size: args.elements.length,
      checksIndexFirst: false,
      format(index, clause) {
        used++;
        const arg = args.elements[index];
        const wrong = arg === undefined ? undefined : unprintable(ast, arg, clause.verb);
        if (wrong === undefined) return "";
        return { failure: WRONG_TYPE[clause.verb] + typeAt(ast, wrong).name, at: wrong.id };
      },
    };
    const result = formatText(call.target.value, formatter);
    if (typeof result !== "string") report(result.at ?? call.id, result.failure);
    else if (args.elements.length > used)
      report(call.id, `too many arguments supplied to string.format (expected ${used}, got ${args.elements.length})`);
  }
};
