/**
 * The cost of an expression before it runs: the range of what any input may make it cost, from the sizes that the types
 * of its inputs allow. Costs decide which rules may be written, so each one must be upstream's to the unit.
 * Source: github.com/google/cel-go/checker/cost.go.
 */
import type { CheckedAst } from "../../contract.ts";
import type { CallExpr, ComprehensionExpr, Expr, SelectExpr } from "../../syntax/ast.ts";
import { type CelType, DYN } from "../../types.ts";
import { CelDuration, CelTimestamp, CelUint } from "../../values.ts";
import {
  type CallEstimate,
  type CostEstimator,
  type Coster,
  type CostNode,
  entrySizeOf,
  type LocalVariable,
  local,
  type PricedCall,
} from "./coster.ts";
import { builtinCallCost } from "./estimate-builtin.ts";
import { appended, type Path, pathOf } from "./estimate-path.ts";
import {
  add,
  type Estimate,
  exactly,
  listCreateBaseCost,
  mapCreateBaseCost,
  multiply,
  structCreateBaseCost,
  unbounded,
  union,
  unknownSize,
} from "./estimate-size.ts";

/** The range of costs of a checked expression; `has(x)` itself is free, as Kubernetes counts. */
export function estimateCost(ast: CheckedAst, estimator: CostEstimator): Estimate {
  const coster: Coster = {
    ast,
    estimator,
    paths: new Map(),
    locals: new Map(),
    sizes: new Map(),
    entrySizes: new Map(),
  };
  return cost(coster, ast.expr);
}

const nothing = exactly(0);
const one = exactly(1);

function cost(coster: Coster, expr: Expr): Estimate {
  switch (expr.kind) {
    case "literal":
    case "unspecified":
      return nothing;
    case "ident":
      coster.paths.set(expr.id, local(coster, expr.name)?.path ?? pathOf(expr.name));
      return one;
    case "select":
      return costSelect(coster, expr);
    case "call":
      return costCall(coster, expr);
    case "list": {
      const elements = expr.elements.map((element) => cost(coster, element));
      const sizes = expr.elements.map((element) => sizeOrUnknown(coster, element));
      coster.entrySizes.set(expr.id, { container: "list", key: one, value: covering(sizes) });
      return elements.reduce(add, exactly(listCreateBaseCost));
    }
    case "map": {
      const costs = expr.entries.flatMap(({ key, value }) => [cost(coster, key), cost(coster, value)]);
      const key = covering(expr.entries.map((entry) => sizeOrUnknown(coster, entry.key)));
      const value = covering(expr.entries.map((entry) => sizeOrUnknown(coster, entry.value)));
      coster.entrySizes.set(expr.id, { container: "map", key, value });
      return costs.reduce(add, exactly(mapCreateBaseCost));
    }
    case "struct":
      return expr.fields.map((each) => cost(coster, each.value)).reduce(add, exactly(structCreateBaseCost));
    case "comprehension":
      return isBind(expr) ? costBind(coster, expr) : costLoop(coster, expr);
  }
}

/** The range that covers all; of none, nothing. */
const covering = (sizes: readonly Estimate[]): Estimate =>
  sizes.length === 0 ? nothing : sizes.reduce(union, { min: unbounded, max: 0 });

function costSelect(coster: Coster, expr: SelectExpr): Estimate {
  const operand = cost(coster, expr.operand);
  if (expr.testOnly) return operand;
  coster.paths.set(expr.id, appended(pathTo(coster, expr.operand), expr.field));
  const kind = typeOfExpr(coster, expr.operand).kind;
  return kind === "map" || kind === "struct" || kind === "typeParam" ? add(operand, one) : operand;
}

function costCall(coster: Coster, expr: CallExpr): Estimate {
  const [first] = expr.args;
  if (expr.function === "dyn" && first !== undefined) {
    const argument = cost(coster, first);
    copySizes(coster, expr, first);
    return add(one, argument);
  }
  const argCosts: Estimate[] = [];
  const args: CostNode[] = [];
  for (const argument of expr.args) {
    argCosts.push(cost(coster, argument));
    args.push(costNode(coster, argument));
  }
  const overloads = coster.ast.references.get(expr.id)?.overloads ?? [];
  if (overloads.length === 0) return nothing;
  const targetCost = expr.target === undefined ? nothing : cost(coster, expr.target);
  const target = expr.target === undefined ? undefined : costNode(coster, expr.target);
  let range: Estimate = { min: unbounded, max: 0 };
  let resultSize: Estimate | undefined;
  for (const overloadId of overloads) {
    const call = { function: expr.function, overloadId, target, args };
    const estimate = callCost(coster, { expr, call, argCosts });
    range = union(range, estimate.cost);
    if (estimate.resultSize !== undefined)
      resultSize = resultSize === undefined ? estimate.resultSize : union(resultSize, estimate.resultSize);
    if (first !== undefined && (overloadId === "index_list" || overloadId === "index_map")) {
      resultSize = entrySizeOf(coster, first)?.value;
      const step = overloadId === "index_list" ? "@items" : "@values";
      coster.paths.set(expr.id, appended(pathTo(coster, first), step));
    }
    resultSize ??= computeSize(coster, expr);
  }
  if (resultSize !== undefined) coster.sizes.set(expr.id, resultSize);
  return add(targetCost, range);
}

function callCost(coster: Coster, priced: PricedCall): CallEstimate {
  const known = coster.estimator.call(priced.call);
  if (known === undefined) return builtinCallCost(coster, priced);
  return { cost: priced.argCosts.reduce(add, known.cost), resultSize: known.resultSize };
}

function costLoop(coster: Coster, expr: ComprehensionExpr): Estimate {
  let sum = add(cost(coster, expr.range), cost(coster, expr.accuInit));
  pushLocal(coster, expr.accuVar, expr.accuInit);
  if (expr.iterVar2 === "") pushIteration(coster, expr, "single");
  else {
    pushIteration(coster, expr, "key");
    pushIteration(coster, expr, "value");
  }
  const condition = cost(coster, expr.condition);
  const step = cost(coster, expr.step);
  coster.locals.get(expr.iterVar)?.pop();
  if (expr.iterVar2 !== "") coster.locals.get(expr.iterVar2)?.pop();
  sum = add(sum, cost(coster, expr.result));
  coster.locals.get(expr.accuVar)?.pop();
  const count = sizeOrUnknown(coster, expr.range);
  sum = add(sum, multiply(count, add(step, condition)));
  if (expr.accuInit.kind === "literal") setSize(coster, expr, computeSize(coster, expr.accuInit));
  else if (expr.accuInit.kind === "list" || expr.accuInit.kind === "map") {
    coster.sizes.set(expr.id, count);
    const entries = entrySizeOf(coster, expr.step);
    if (entries !== undefined) coster.entrySizes.set(expr.id, entries);
  }
  return sum;
}

const isBind = ({ range, condition, accuVar }: ComprehensionExpr): boolean =>
  range.kind === "list" &&
  range.elements.length === 0 &&
  condition.kind === "literal" &&
  condition.value === false &&
  accuVar !== "__result__";

function costBind(coster: Coster, expr: ComprehensionExpr): Estimate {
  const before = add(cost(coster, expr.range), cost(coster, expr.accuInit));
  pushLocal(coster, expr.accuVar, expr.accuInit);
  const result = cost(coster, expr.result);
  coster.locals.get(expr.accuVar)?.pop();
  copySizes(coster, expr, expr.result);
  return add(before, result);
}

function push(coster: Coster, name: string, variable: LocalVariable): void {
  const stack = coster.locals.get(name);
  if (stack === undefined) coster.locals.set(name, [variable]);
  else stack.push(variable);
}

function pushLocal(coster: Coster, name: string, expr: Expr): void {
  const entrySize = entrySizeOf(coster, expr);
  push(coster, name, { path: pathTo(coster, expr), size: computeSize(coster, expr), entrySize });
}

function pushIteration(coster: Coster, expr: ComprehensionExpr, what: "single" | "key" | "value"): void {
  const entries = entrySizeOf(coster, expr.range);
  const container = entries?.container ?? (typeOfExpr(coster, expr.range).kind === "list" ? "list" : "map");
  const ofValue = what === "value" || (what === "single" && container === "list");
  const step = container === "list" ? (ofValue ? "@items" : "@indices") : ofValue ? "@values" : "@keys";
  push(coster, what === "value" ? expr.iterVar2 : expr.iterVar, {
    path: appended(pathTo(coster, expr.range), step),
    size: ofValue ? entries?.value : entries?.key,
    entrySize: undefined,
  });
}

const typeOfExpr = (coster: Coster, expr: Expr): CelType => coster.ast.types.get(expr.id) ?? DYN;

function pathTo(coster: Coster, expr: Expr): Path {
  const variable = expr.kind === "ident" ? local(coster, expr.name) : undefined;
  return variable?.path ?? coster.paths.get(expr.id) ?? pathOf();
}

function costNode(coster: Coster, expr: Expr): CostNode {
  const path = pathTo(coster, expr);
  const first = path.steps[0];
  const hidden = path.length === 0 || first === "__result__" || first === "@result";
  return {
    path: hidden ? undefined : path,
    type: typeOfExpr(coster, expr),
    expr,
    size: computeSize(coster, expr),
  };
}

/** The size of a node as far as the expression, its type or the estimator tell. */
function computeSize(coster: Coster, expr: Expr): Estimate | undefined {
  const known = coster.sizes.get(expr.id) ?? literalSize(expr);
  if (known !== undefined) return known;
  const type = typeOfExpr(coster, expr);
  const estimated = coster.estimator.size({ path: pathTo(coster, expr), type });
  if (estimated !== undefined) {
    coster.sizes.set(expr.id, estimated);
    return estimated;
  }
  if (isScalar(type)) return one;
  return expr.kind === "ident" ? local(coster, expr.name)?.size : undefined;
}

const sizeOrUnknown = (coster: Coster, expr: Expr): Estimate => computeSize(coster, expr) ?? unknownSize;

function setSize(coster: Coster, expr: Expr, size: Estimate | undefined): void {
  if (size !== undefined) coster.sizes.set(expr.id, size);
}

function copySizes(coster: Coster, to: Expr, from: Expr): void {
  setSize(coster, to, computeSize(coster, from));
  const entries = entrySizeOf(coster, from);
  if (entries !== undefined) coster.entrySizes.set(to.id, entries);
}

function literalSize(expr: Expr): Estimate | undefined {
  if (expr.kind === "list") return exactly(expr.elements.length);
  if (expr.kind === "map") return exactly(expr.entries.length);
  if (expr.kind !== "literal") return undefined;
  const { value } = expr;
  if (typeof value === "string") return exactly([...value].length);
  if (value instanceof Uint8Array) return exactly(value.length);
  const scalar =
    value === null ||
    typeof value !== "object" ||
    value instanceof CelUint ||
    value instanceof CelTimestamp ||
    value instanceof CelDuration;
  return scalar ? one : undefined;
}

const scalarKinds: ReadonlySet<string> = new Set(["bool", "double", "duration", "int", "timestamp", "uint"]);

function isScalar(type: CelType): boolean {
  if (type.kind === "opaque" && type.name === "optional_type") return isScalar(type.parameters[0] ?? DYN);
  return scalarKinds.has(type.kind) && !type.nullable;
}
