/** What one estimation knows and has found out so far: nodes, calls, sizes of variables and of the entries in containers. */
import type { CheckedAst } from "../../contract.ts";
import type { CallExpr, Expr } from "../../syntax/ast.ts";
import type { CelType } from "../../types.ts";
import type { Path } from "./estimate-path.ts";
import type { Estimate } from "./estimate-size.ts";

/** A node as cost functions see it. */
export interface CostNode {
  /** From a variable through fields, `@items`, `@keys` and `@values`; undefined when it is no part of the input. */
  readonly path: Path | undefined;
  readonly type: CelType;
  readonly expr: Expr | undefined;
  /** What the expression itself tells about the size. */
  readonly size: Estimate | undefined;
}

export interface CallEstimate {
  readonly cost: Estimate;
  /** Of a string, bytes, list or map result. */
  readonly resultSize?: Estimate | undefined;
}

/** A call whose cost is asked. */
export interface EstimatedCall {
  readonly function: string;
  readonly overloadId: string;
  readonly target: CostNode | undefined;
  readonly args: readonly CostNode[];
}

/** What is known beyond the expression: the sizes of its inputs and the costs of library functions. */
export interface CostEstimator {
  size(node: Pick<CostNode, "path" | "type">): Estimate | undefined;
  /** The cost without that of the arguments. */
  call(call: EstimatedCall): CallEstimate | undefined;
}

/** Sizes of the keys (or indexes) and values of a list or map. */
export interface EntrySize {
  readonly container: "list" | "map";
  readonly key: Estimate;
  readonly value: Estimate;
}

export interface LocalVariable {
  readonly path: Path;
  readonly size: Estimate | undefined;
  readonly entrySize: EntrySize | undefined;
}

/** State of one estimation. */
export interface Coster {
  readonly ast: CheckedAst;
  readonly estimator: CostEstimator;
  readonly paths: Map<number, Path>;
  readonly locals: Map<string, LocalVariable[]>;
  readonly sizes: Map<number, Estimate>;
  readonly entrySizes: Map<number, EntrySize>;
}

/** A call with what has been found out about it. */
export interface PricedCall {
  readonly expr: CallExpr;
  readonly call: EstimatedCall;
  readonly argCosts: readonly Estimate[];
}

/** The innermost variable of this name that a comprehension binds. */
export const local = (coster: Coster, name: string): LocalVariable | undefined => coster.locals.get(name)?.at(-1);

export function entrySizeOf(coster: Coster, expr: Expr): EntrySize | undefined {
  const known = coster.entrySizes.get(expr.id);
  if (known !== undefined || expr.kind !== "ident") return known;
  return local(coster, expr.name)?.entrySize;
}
