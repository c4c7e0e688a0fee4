/**
 * The abstract syntax of CEL after macros are expanded. Every node has an id, unique in its expression
 * (a node that a macro uses twice keeps one id), by which positions, types and references are found.
 * Operators are calls of functions named `_+_`, `_&&_`, `!_`, `_?_:_`, `_[_]`, `@in`, `_?._`, `_[?_]`.
 */
import type { Value } from "../values.ts";

export type Expr =
  | LiteralExpr
  | IdentExpr
  | SelectExpr
  | CallExpr
  | ListExpr
  | MapExpr
  | StructExpr
  | ComprehensionExpr
  | UnspecifiedExpr;

export interface LiteralExpr {
  readonly kind: "literal";
  readonly id: number;
  readonly value: Value;
}

export interface IdentExpr {
  readonly kind: "ident";
  readonly id: number;
  readonly name: string;
}

export interface SelectExpr {
  readonly kind: "select";
  readonly id: number;
  readonly operand: Expr;
  readonly field: string;
  /** `has(operand.field)`. */
  readonly testOnly: boolean;
}

export interface CallExpr {
  readonly kind: "call";
  readonly id: number;
  readonly function: string;
  readonly target: Expr | undefined;
  readonly args: readonly Expr[];
}

export interface ListExpr {
  readonly kind: "list";
  readonly id: number;
  readonly elements: readonly Expr[];
  /** Indexes of the elements written `?e`. */
  readonly optionals: readonly number[];
}

export interface MapExpr {
  readonly kind: "map";
  readonly id: number;
  readonly entries: readonly MapEntry[];
}

export interface MapEntry {
  readonly id: number;
  readonly key: Expr;
  readonly value: Expr;
  readonly optional: boolean;
}

export interface StructExpr {
  readonly kind: "struct";
  readonly id: number;
  readonly typeName: string;
  readonly fields: readonly StructField[];
}

export interface StructField {
  readonly id: number;
  readonly name: string;
  readonly value: Expr;
  readonly optional: boolean;
}

/** A loop: `accuVar = accuInit; for iterVar[, iterVar2] of range while condition: accuVar = step; result`. */
export interface ComprehensionExpr {
  readonly kind: "comprehension";
  readonly id: number;
  readonly range: Expr;
  readonly iterVar: string;
  /** Empty in the one-variable form. */
  readonly iterVar2: string;
  readonly accuVar: string;
  readonly accuInit: Expr;
  readonly condition: Expr;
  readonly step: Expr;
  readonly result: Expr;
}

/** Stands where there is nothing to say: after an error, or for a nested macro in a kept macro call. */
export interface UnspecifiedExpr {
  readonly kind: "unspecified";
  readonly id: number;
}

/** A parsed expression and where its nodes were written. */
export interface ParsedAst {
  readonly expr: Expr;
  readonly source: string;
  /** Offsets in code points by node id; a node without one has no position. */
  readonly positions: ReadonlyMap<number, number>;
  /** The calls that macros replaced, by the id of their expansion, when they were asked for. */
  readonly macroCalls: ReadonlyMap<number, Expr>;
}

/** Makes nodes for a macro's expansion; each gets a new id at the position of the macro call. */
export interface ExprFactory {
  literal(value: Value): Expr;
  ident(name: string): Expr;
  /** The accumulator of the comprehension that is being built. */
  accumulator(): Expr;
  readonly accumulatorName: string;
  select(operand: Expr, field: string): Expr;
  presenceTest(operand: Expr, field: string): Expr;
  call(name: string, ...args: readonly Expr[]): Expr;
  memberCall(name: string, target: Expr, ...args: readonly Expr[]): Expr;
  list(...elements: readonly Expr[]): Expr;
  map(entries: readonly MapEntry[]): Expr;
  mapEntry(key: Expr, value: Expr): MapEntry;
  struct(typeName: string, fields: readonly StructField[]): Expr;
  structField(name: string, value: Expr): StructField;
  comprehension(loop: Loop): Expr;
  /** A copy with new ids. */
  copy(expr: Expr): Expr;
  issue(id: number, message: string): MacroIssue;
}

/** The parts of a comprehension; `accuVar` is the hidden accumulator unless given. */
export interface Loop {
  readonly range: Expr;
  readonly iterVar: string;
  readonly iterVar2?: string;
  readonly accuVar?: string;
  readonly accuInit: Expr;
  readonly condition: Expr;
  readonly step: Expr;
  readonly result: Expr;
}

/** The nodes directly below a node, in evaluation order. */
export function children(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case "select":
      return [expr.operand];
    case "call":
      return expr.target === undefined ? expr.args : [expr.target, ...expr.args];
    case "list":
      return expr.elements;
    case "map":
      return expr.entries.flatMap((entry) => [entry.key, entry.value]);
    case "struct":
      return expr.fields.map((field) => field.value);
    case "comprehension":
      return [expr.range, expr.accuInit, expr.condition, expr.step, expr.result];
    default:
      return [];
  }
}

/** Calls `visit` with every node, parents first. */
export function walk(expr: Expr, visit: (expr: Expr) => void): void {
  visit(expr);
  for (const child of children(expr)) walk(child, visit);
}

/** Why a macro cannot be expanded; `id` is the expression to point at. */
export interface MacroIssue {
  readonly issue: string;
  readonly id: number;
}
