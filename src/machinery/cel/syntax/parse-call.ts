// Calls, and the macros that stand in their place.
import type { Expr } from "./ast.ts";
import { createFactory } from "./factory.ts";
import type { State } from "./parse-state.ts";

/** How macros are found: by name, number of arguments (or any) and call style. */
export function macroKey(name: string, argCount: number, receiver: boolean): string {
  return `${name}:${argCount < 0 ? "*" : argCount}:${receiver}`;
}

interface Call {
  readonly id: number;
  readonly name: string;
  readonly target: Expr | undefined;
  readonly args: readonly Expr[];
}

/** A call, or what the macro of that name makes of it. */
export function call(state: State, { id, name, target, args }: Call): Expr {
  const plain: Expr = { kind: "call", id, function: name, target, args };
  const receiver = target !== undefined;
  const { macros } = state.options;
  const macro = macros.get(macroKey(name, args.length, receiver)) ?? macros.get(macroKey(name, -1, receiver));
  if (macro === undefined) return plain;
  const offset = state.ids.positions.get(id) ?? -1;
  const expanded = macro.expand(createFactory(state.ids, offset), target, args);
  if (expanded === undefined) return plain;
  if ("issue" in expanded) {
    const place = state.ids.positions.get(expanded.id) ?? offset;
    state.issues.add(place, expanded.issue);
    return { kind: "unspecified", id: state.ids.at(place) };
  }
  if (state.options.keepMacroCalls) state.macroCalls.set(expanded.id, keptCall(state, { id: 0, name, target, args }));
  return expanded;
}

/** The call as written, with nested macros replaced by their ids. */
function keptCall(state: State, { name, target, args }: Call): Expr {
  const keep = (expr: Expr): Expr => {
    if (state.macroCalls.has(expr.id)) return { kind: "unspecified", id: expr.id };
    if (expr.kind === "call")
      return { ...expr, target: expr.target === undefined ? undefined : keep(expr.target), args: expr.args.map(keep) };
    return expr.kind === "list" ? { ...expr, elements: expr.elements.map(keep) } : expr;
  };
  return {
    kind: "call",
    id: 0,
    function: name,
    target: target === undefined ? undefined : keep(target),
    args: args.map(keep),
  };
}
