/**
 * Finds the type of every node, the meaning of every name and the overloads of every call, or says what
 * does not fit. Nodes are not changed: what is returned is a tree in which names are fully qualified.
 * Source: cel-spec doc/langdef.md "Type checking"; texts and order are cel-go checker/checker.go's.
 */
import type { CheckedAst, VariableDecl } from "../contract.ts";
import type { CallExpr, ComprehensionExpr, Expr, ListExpr, MapExpr, ParsedAst, StructExpr } from "../syntax/ast.ts";
import type { Issues } from "../syntax/source.ts";
import {
  BOOL,
  BYTES,
  type CelType,
  DOUBLE,
  DYN,
  ERROR,
  INT,
  isOptional,
  listOf,
  mapOf,
  NULL,
  optionalOf,
  STRING,
  UINT,
} from "../types.ts";
import { CelUint, type Value } from "../values.ts";
import { isDyn, isDynOrError, mostGeneral, substitute } from "./assign.ts";
import { constructed } from "./constructed.ts";
import { type Declarations, findFunction, findIdent, type Scope } from "./environment.ts";
import { resolve } from "./overloads.ts";
import { isAssignable, mismatch, newTypeVariable, report, type State, setType, typeAt, undeclared } from "./state.ts";

/** Checks a parsed expression; what is returned is only of use when no issue was added. */
export function check(parsed: ParsedAst, decls: Declarations, issues: Issues): CheckedAst {
  const state: State = {
    decls,
    issues,
    positions: parsed.positions,
    types: new Map(),
    references: new Map(),
    bindings: new Map(),
    scope: undefined,
    variables: 0,
  };
  const expr = checkExpr(state, parsed.expr);
  for (const [id, type] of state.types) state.types.set(id, substitute(state.bindings, type, "dyn"));
  const { types, references } = state;
  return { ...parsed, expr, types, references, outputType: types.get(expr.id) ?? DYN };
}

function checkExpr(state: State, expr: Expr): Expr {
  switch (expr.kind) {
    case "literal":
      setType(state, expr.id, literalType(expr.value));
      return expr;
    case "ident":
      return checkIdent(state, expr.id, expr.name);
    case "select":
      return checkSelect(state, expr);
    case "call":
      return checkCall(state, expr);
    case "list":
      return checkList(state, expr);
    case "map":
      return checkMap(state, expr);
    case "struct":
      return checkStruct(state, expr);
    case "comprehension":
      return checkComprehension(state, expr);
    case "unspecified":
      report(state, expr.id, "unexpected unspecified type: unspecified");
      return expr;
  }
}

function literalType(value: Value): CelType {
  if (value === null) return NULL;
  if (typeof value === "boolean") return BOOL;
  if (typeof value === "bigint") return INT;
  if (typeof value === "number") return DOUBLE;
  if (typeof value === "string") return STRING;
  if (value instanceof CelUint) return UINT;
  return BYTES;
}

function checkIdent(state: State, id: number, name: string): Expr {
  const found = findIdent(state.decls, state.scope, name);
  if (found === undefined) {
    setType(state, id, ERROR);
    undeclared(state, id, name);
    return { kind: "ident", id, name };
  }
  return resolved(state, id, found);
}

function resolved(state: State, id: number, found: VariableDecl): Expr {
  setType(state, id, found.type);
  state.references.set(id, found.value === undefined ? { name: found.name } : { name: found.name, value: found.value });
  return { kind: "ident", id, name: found.name };
}

/** `a.b.c` when the expression is nothing but names. */
function qualifiedName(expr: Expr): string | undefined {
  if (expr.kind === "ident") return expr.name;
  if (expr.kind !== "select" || expr.testOnly) return undefined;
  const operand = qualifiedName(expr.operand);
  return operand === undefined ? undefined : `${operand}.${expr.field}`;
}

function checkSelect(state: State, expr: Expr & { kind: "select" }): Expr {
  const name = qualifiedName(expr);
  if (name !== undefined) {
    const found = findIdent(state.decls, state.scope, name);
    if (found !== undefined) return resolved(state, expr.id, found);
  }
  const { operand, type } = checkField(state, { id: expr.id, operand: expr.operand, field: expr.field });
  setType(state, expr.id, expr.testOnly ? BOOL : substitute(state.bindings, type, "keep"));
  return { ...expr, operand };
}

interface Selection {
  readonly id: number;
  readonly operand: Expr;
  readonly field: string;
  readonly optional?: boolean;
}

function checkField(state: State, selection: Selection): { operand: Expr; type: CelType } {
  const operand = checkExpr(state, selection.operand);
  const operandType = substitute(state.bindings, typeAt(state, operand), "keep");
  const wrapped = isOptional(operandType);
  const target = wrapped ? (operandType.parameters[0] ?? DYN) : operandType;
  let type: CelType;
  switch (target.kind) {
    case "map":
      type = target.parameters[1] ?? DYN;
      break;
    case "struct":
      type = fieldType(state, selection.id, { typeName: target.name, field: selection.field }) ?? ERROR;
      break;
    case "typeParam":
      isAssignable(state, DYN, target);
      type = DYN;
      break;
    default:
      if (!isDynOrError(target)) report(state, selection.id, `type '${target}' does not support field selection`);
      type = DYN;
  }
  return { operand, type: wrapped || selection.optional === true ? optionalOf(type) : type };
}

function fieldType(
  state: State,
  id: number,
  { typeName, field }: { typeName: string; field: string },
): CelType | undefined {
  const { provider } = state.decls;
  if (provider?.findType(typeName) === undefined) {
    report(state, id, `unexpected failed resolution of '${typeName}'`);
    return undefined;
  }
  const type = provider.findField(typeName, field);
  if (type === undefined) report(state, id, `undefined field '${field}'`);
  return type;
}

function checkOptionalSelect(state: State, expr: CallExpr): Expr {
  const [operand, field] = expr.args;
  if (operand === undefined || field?.kind !== "literal" || typeof field.value !== "string") {
    report(state, expr.id, "unsupported optional field selection: incorrect signature. argument count: 2");
    setType(state, expr.id, ERROR);
    return expr;
  }
  const checked = checkField(state, { id: expr.id, operand, field: field.value, optional: true });
  setType(state, field.id, STRING);
  setType(state, expr.id, substitute(state.bindings, checked.type, "keep"));
  state.references.set(expr.id, { overloads: ["select_optional_field"] });
  return { ...expr, args: [checked.operand, field] };
}

function checkCall(state: State, expr: CallExpr): Expr {
  if (expr.function === "_?._" && expr.target === undefined) return checkOptionalSelect(state, expr);
  const args = expr.args.map((arg) => checkExpr(state, arg));
  if (expr.target === undefined) {
    const fn = findFunction(state.decls, expr.function);
    if (fn === undefined) return unknownFunction(state, { ...expr, args });
    const call: CallExpr = { ...expr, function: fn.name, args };
    resolve(state, call, fn);
    return call;
  }
  const prefix = qualifiedName(expr.target);
  const namespaced = prefix === undefined ? undefined : findFunction(state.decls, `${prefix}.${expr.function}`);
  if (namespaced !== undefined) {
    const call: CallExpr = { ...expr, function: namespaced.name, target: undefined, args };
    resolve(state, call, namespaced);
    return call;
  }
  const target = checkExpr(state, expr.target);
  const fn = findFunction(state.decls, expr.function);
  if (fn === undefined) return unknownFunction(state, { ...expr, target, args });
  const call: CallExpr = { ...expr, target, args };
  resolve(state, call, fn);
  return call;
}

function unknownFunction(state: State, expr: CallExpr): Expr {
  undeclared(state, expr.id, expr.function);
  setType(state, expr.id, ERROR);
  return expr;
}

/** The type of what `?e` gives to its aggregate. */
function unwrapOptional(state: State, expr: Expr): CelType {
  const type = typeAt(state, expr);
  if (isOptional(type)) return type.parameters[0] ?? DYN;
  if (!isDyn(type)) mismatch(state, expr.id, { expected: optionalOf(type), actual: type });
  return type;
}

function join(state: State, id: number, types: { previous: CelType | undefined; current: CelType }): CelType {
  const { previous, current } = types;
  if (previous === undefined) return current;
  if (isAssignable(state, previous, current)) return mostGeneral(previous, current);
  if (!state.decls.homogeneousLiterals) return DYN;
  mismatch(state, id, { expected: previous, actual: current });
  return ERROR;
}

function checkList(state: State, expr: ListExpr): Expr {
  let joined: CelType | undefined;
  const optionals = new Set(expr.optionals);
  const elements = expr.elements.map((element, index) => {
    const checked = checkExpr(state, element);
    const current = optionals.has(index) ? unwrapOptional(state, checked) : typeAt(state, checked);
    joined = join(state, element.id, { previous: joined, current });
    return checked;
  });
  setType(state, expr.id, listOf(joined ?? newTypeVariable(state)));
  return { ...expr, elements };
}

function checkMap(state: State, expr: MapExpr): Expr {
  let keys: CelType | undefined;
  let values: CelType | undefined;
  const entries = expr.entries.map((entry) => {
    const key = checkExpr(state, entry.key);
    keys = join(state, key.id, { previous: keys, current: typeAt(state, key) });
    const value = checkExpr(state, entry.value);
    const current = entry.optional ? unwrapOptional(state, value) : typeAt(state, value);
    values = join(state, value.id, { previous: values, current });
    return { ...entry, key, value };
  });
  setType(state, expr.id, mapOf(keys ?? newTypeVariable(state), values ?? newTypeVariable(state)));
  return { ...expr, entries };
}

function checkStruct(state: State, expr: StructExpr): Expr {
  const found = findIdent(state.decls, state.scope, expr.typeName);
  if (found === undefined) {
    undeclared(state, expr.id, expr.typeName);
    setType(state, expr.id, ERROR);
    return expr;
  }
  state.references.set(expr.id, { name: found.name });
  const { type, name } = constructed(state, expr, found);
  setType(state, expr.id, type);
  const fields = expr.fields.map((field) => {
    const value = checkExpr(state, field.value);
    const wanted = fieldType(state, field.id, { typeName: name, field: field.name }) ?? ERROR;
    const actual = field.optional ? unwrapOptional(state, value) : typeAt(state, value);
    if (!isAssignable(state, wanted, actual))
      report(state, field.id, `expected type of field '${field.name}' is '${wanted}' but provided type is '${actual}'`);
    return { ...field, value };
  });
  return { ...expr, typeName: found.name, fields };
}

/** The types of the iteration variables over a range. */
function iterationTypes(state: State, expr: ComprehensionExpr, range: CelType): readonly [CelType, CelType] {
  const two = expr.iterVar2 !== "";
  const [first = DYN, second = DYN] = range.parameters;
  switch (range.kind) {
    case "list":
      return two ? [INT, first] : [first, first];
    case "map":
      return [first, second];
    case "dyn":
    case "error":
    case "typeParam":
      isAssignable(state, DYN, range);
      return [DYN, DYN];
    default:
      report(
        state,
        expr.range.id,
        `expression of type '${range}' cannot be range of a comprehension (must be list, map, or dynamic)`,
      );
      return [ERROR, ERROR];
  }
}

function assertType(state: State, expr: Expr, type: CelType): void {
  const actual = typeAt(state, expr);
  if (!isAssignable(state, type, actual)) mismatch(state, expr.id, { expected: type, actual });
}

function enterScope(state: State, variables: readonly (readonly [string, CelType])[]): Scope | undefined {
  const outer = state.scope;
  state.scope = { parent: outer, variables: new Map(variables.map(([name, type]) => [name, { name, type }])) };
  return outer;
}

function checkComprehension(state: State, expr: ComprehensionExpr): Expr {
  const range = checkExpr(state, expr.range);
  const accuInit = checkExpr(state, expr.accuInit);
  const rangeType = substitute(state.bindings, typeAt(state, range), "keep");
  const accuType = typeAt(state, accuInit);
  const outer = enterScope(state, [[expr.accuVar, accuType]]);
  const accuScope = state.scope;
  const [first, second] = iterationTypes(state, expr, rangeType);
  const variables: [string, CelType][] = [[expr.iterVar, first]];
  if (expr.iterVar2 !== "") variables.push([expr.iterVar2, second]);
  enterScope(state, variables);
  const condition = checkExpr(state, expr.condition);
  assertType(state, condition, BOOL);
  const step = checkExpr(state, expr.step);
  assertType(state, step, accuType);
  state.scope = accuScope;
  const result = checkExpr(state, expr.result);
  state.scope = outer;
  setType(state, expr.id, substitute(state.bindings, typeAt(state, result), "keep"));
  return { ...expr, range, accuInit, condition, step, result };
}
