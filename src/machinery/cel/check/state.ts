// What the checker has found out so far, and how it tells what does not fit.
import type { Reference } from "../contract.ts";
import type { Expr } from "../syntax/ast.ts";
import type { Issues } from "../syntax/source.ts";
import { type CelType, ERROR, typeParam } from "../types.ts";
import { assignable, type Bindings } from "./assign.ts";
import type { Declarations, Scope } from "./environment.ts";

export interface State {
  readonly decls: Declarations;
  readonly issues: Issues;
  readonly positions: ReadonlyMap<number, number>;
  readonly types: Map<number, CelType>;
  readonly references: Map<number, Reference>;
  bindings: Bindings;
  scope: Scope | undefined;
  variables: number;
}

export function report(state: State, id: number, message: string): void {
  state.issues.add(state.positions.get(id) ?? -1, message);
}

export function mismatch(state: State, id: number, { expected, actual }: { expected: CelType; actual: CelType }): void {
  report(state, id, `expected type '${expected}' but found '${actual}'`);
}

export function undeclared(state: State, id: number, name: string): void {
  report(state, id, `undeclared reference to '${name}' (in container '${state.decls.container}')`);
}

export function setType(state: State, id: number, type: CelType): void {
  state.types.set(id, type);
}

export function typeAt(state: State, expr: Expr): CelType {
  return state.types.get(expr.id) ?? ERROR;
}

export function isAssignable(state: State, a: CelType, b: CelType): boolean {
  const bindings = assignable(state.bindings, [a], [b]);
  if (bindings === undefined) return false;
  state.bindings = bindings;
  return true;
}

export function newTypeVariable(state: State): CelType {
  return typeParam(`_var${state.variables++}`);
}
