// Which overloads of a function fit a call, and what comes of it. Source: cel-go checker/checker.go resolveOverload.
import type { CallExpr } from "../syntax/ast.ts";
import { BOOL, type CelType, DYN, ERROR, sameType } from "../types.ts";
import { assignable, isDyn, substitute } from "./assign.ts";
import type { FunctionEntry } from "./environment.ts";
import { isAssignable, mismatch, newTypeVariable, report, type State, setType, typeAt } from "./state.ts";

/** Overloads that compare numbers of different types. */
const CROSS_TYPE =
  /^(?:less|greater)(?:_equals)?_(?:double_int64|double_uint64|int64_double|int64_uint64|uint64_double|uint64_int64)$/;

/** Sets the type and the reference of a call whose arguments are checked. */
export function resolve(state: State, call: CallExpr, fn: FunctionEntry): void {
  const operands = call.target === undefined ? call.args : [call.target, ...call.args];
  const types = operands.map((operand) => typeAt(state, operand));
  const logical = fn.name === "_&&_" || fn.name === "_||_";
  const type = logical ? resolveLogical(state, call, { fn, types }) : resolveOverloads(state, call, { fn, types });
  setType(state, call.id, type ?? ERROR);
}

interface Candidate {
  readonly fn: FunctionEntry;
  readonly types: readonly CelType[];
}

function resolveLogical(state: State, call: CallExpr, { fn, types }: Candidate): CelType | undefined {
  let fits = true;
  for (const [index, type] of types.entries()) {
    if (isAssignable(state, type, BOOL)) continue;
    mismatch(state, call.args[index]?.id ?? call.id, { expected: BOOL, actual: type });
    fits = false;
  }
  if (!fits) return undefined;
  state.references.set(call.id, { overloads: [fn.overloads[0]?.id ?? ""] });
  return BOOL;
}

function resolveOverloads(state: State, call: CallExpr, { fn, types }: Candidate): CelType | undefined {
  const member = call.target !== undefined;
  const ids: string[] = [];
  let result: CelType | undefined;
  for (const overload of fn.overloads) {
    if ((overload.member === true) !== member) continue;
    if (!state.decls.crossTypeNumericComparisons && state.scope === undefined && CROSS_TYPE.test(overload.id)) continue;
    const signature = instantiate(state, [overload.result, ...overload.args]);
    const bindings = assignable(state.bindings, types, signature.slice(1));
    if (bindings === undefined) continue;
    state.bindings = bindings;
    ids.push(overload.id);
    const type = substitute(bindings, signature[0] ?? DYN, "keep");
    if (result === undefined) result = type;
    else if (!isDyn(result) && !sameType(type, result)) result = DYN;
  }
  if (result === undefined) {
    const shown = types.map((type) => substitute(state.bindings, type, "dyn"));
    report(state, call.id, `found no matching overload for '${fn.name}' applied to '${signatureText(shown, member)}'`);
    return undefined;
  }
  state.references.set(call.id, { overloads: ids });
  return result;
}

function signatureText(types: readonly CelType[], member: boolean): string {
  return member ? `${types[0]}.(${types.slice(1).join(", ")})` : `(${types.join(", ")})`;
}

function collectParameters(type: CelType, into: Set<string>): void {
  if (type.kind === "typeParam") into.add(type.name);
  for (const inner of type.parameters) collectParameters(inner, into);
}

/** The signature with fresh type variables. */
function instantiate(state: State, signature: readonly CelType[]): readonly CelType[] {
  const names = new Set<string>();
  for (const type of signature) collectParameters(type, names);
  if (names.size === 0) return signature;
  const fresh = new Map<string, CelType>();
  for (const name of names) fresh.set(name, newTypeVariable(state));
  return signature.map((type) => replaceParameters(type, fresh));
}

/** One pass only: a fresh variable is not looked up again. */
function replaceParameters(type: CelType, fresh: ReadonlyMap<string, CelType>): CelType {
  return substitute(fresh, type, "keep");
}
