/**
 * Costs of the standard library's functions. Source: github.com/google/cel-go/checker/cost.go, functionCost.
 */
import {
  type CallEstimate,
  type Coster,
  type CostNode,
  type EntrySize,
  entrySizeOf,
  type PricedCall,
} from "./coster.ts";
import {
  add,
  type Estimate,
  exactly,
  multiply,
  regexStringLengthCostFactor,
  scale,
  stringTraversalCostFactor,
  unbounded,
  union,
  unknownSize,
} from "./estimate-size.ts";

const one = exactly(1);
const nothing = exactly(0);
const sizeOf = (node: CostNode): Estimate => node.size ?? unknownSize;

/** Cost of a call with its arguments. */
export function builtinCallCost(coster: Coster, priced: PricedCall): CallEstimate {
  const estimate = special(coster, priced);
  if (estimate === undefined) return { cost: priced.argCosts.reduce(add, one) };
  return estimate;
}

/** Functions that cost more than one unit; undefined for the others. */
function special(coster: Coster, priced: PricedCall): CallEstimate | undefined {
  const { call, argCosts } = priced;
  const [first, second] = call.args;
  const arguments_ = argCosts.reduce(add, nothing);
  const traversal = (size: Estimate): Estimate => scale(size, stringTraversalCostFactor);
  const withArguments = (own: Estimate, resultSize?: Estimate): CallEstimate => ({
    cost: add(own, arguments_),
    resultSize,
  });
  const { target } = call;
  switch (call.overloadId) {
    case "string_format":
      return target && withArguments(traversal(sizeOf(target)));
    case "string_to_bytes":
      return first && withArguments(traversal(sizeOf(first)), multiplied(sizeOf(first)));
    case "bytes_to_string":
      return first && withArguments(traversal(sizeOf(first)), quartered(sizeOf(first)));
    case "strings_quote":
      return first && withArguments(traversal(sizeOf(first)), quoted(sizeOf(first)));
    case "starts_with_string":
    case "ends_with_string":
      return first && withArguments(traversal(sizeOf(first)));
    case "in_list":
      return second && withArguments(sizeOf(second));
    case "matches_string": {
      if (target === undefined || first === undefined) return undefined;
      const text = traversal(add(sizeOf(target), one));
      return withArguments(multiply(text, scale(sizeOf(first), regexStringLengthCostFactor)));
    }
    case "contains_string":
      if (target === undefined || first === undefined) return undefined;
      return withArguments(multiply(traversal(sizeOf(target)), traversal(sizeOf(first))));
    case "logical_or":
    case "logical_and":
      return { cost: { min: argCosts[0]?.min ?? 0, max: arguments_.max } };
    case "conditional":
      return conditional(coster, priced);
    case "add_string":
    case "add_bytes":
    case "add_list":
      return concatenation(coster, priced, arguments_);
    default:
      return comparisons.has(call.overloadId) && first !== undefined && second !== undefined
        ? withArguments(traversal(comparison(sizeOf(first), sizeOf(second))))
        : undefined;
  }
}

const comparisons: ReadonlySet<string> = new Set([
  ...["less", "greater", "less_equals", "greater_equals"].flatMap((name) => [`${name}_string`, `${name}_bytes`]),
  "equals",
  "not_equals",
]);

// These three wrap around in upstream's uint64 where the size is not known.
const multiplied = ({ min, max }: Estimate): Estimate => ({ min, max: Math.min(max * 4, unbounded) });
const quartered = ({ min, max }: Estimate): Estimate => ({ min: Math.floor(min / 4), max });
const quoted = ({ min, max }: Estimate): Estimate => ({ min: min + 2, max: max >= unbounded ? 0 : max * 2 + 2 });

/** As much as the shorter one has at most. */
function comparison(a: Estimate, b: Estimate): Estimate {
  const max = Math.min(a.max, b.max);
  return { min: max > 0 ? 1 : 0, max };
}

function conditional(coster: Coster, { expr, call, argCosts }: PricedCall): CallEstimate {
  const [, whenTrue, whenFalse] = call.args;
  const [condition = nothing, trueCost = nothing, falseCost = nothing] = argCosts;
  const cost = add(condition, union(trueCost, falseCost));
  if (whenTrue === undefined || whenFalse === undefined) return { cost };
  setEntrySize(coster, expr.id, [whenTrue, whenFalse]);
  return { cost, resultSize: union(sizeOf(whenTrue), sizeOf(whenFalse)) };
}

function concatenation(coster: Coster, { expr, call }: PricedCall, arguments_: Estimate): CallEstimate | undefined {
  const [left, right] = call.args;
  if (left === undefined || right === undefined) return undefined;
  const resultSize = add(sizeOf(left), sizeOf(right));
  setEntrySize(coster, expr.id, [left, right]);
  const own = call.overloadId === "add_list" ? one : scale(resultSize, stringTraversalCostFactor);
  return { cost: add(own, arguments_), resultSize };
}

/** The entries of a result that may hold those of either. */
function setEntrySize(coster: Coster, id: number, [a, b]: readonly [CostNode, CostNode]): void {
  const of = (node: CostNode): EntrySize | undefined =>
    node.expr === undefined ? undefined : entrySizeOf(coster, node.expr);
  const [left, right] = [of(a), of(b)];
  if (left === undefined || right === undefined) return;
  coster.entrySizes.set(id, {
    container: left.container,
    key: union(left.key, right.key),
    value: union(left.value, right.value),
  });
}
