/**
 * Estimated costs of cel-go's list and set extensions, by overload; they come before any other estimate.
 * Source: github.com/google/cel-go/ext, lists.go and sets.go.
 */
import type { CallEstimate, CostNode, EstimatedCall } from "./coster.ts";
import {
  add,
  type Estimate,
  exactly,
  listCreateBaseCost,
  multiply,
  scale,
  stringTraversalCostFactor,
  unbounded,
} from "./estimate-size.ts";

type SizeOf = (node: CostNode) => Estimate;
type EstimateCall = (call: EstimatedCall, sizeOf: SizeOf) => CallEstimate | undefined;

const callCost = exactly(1);

/** A call that makes a list of this size, at this cost an element. */
const newList = (factor: number, size: Estimate): CallEstimate => ({
  cost: add(add(scale(size, factor), callCost), exactly(listCreateBaseCost)),
  resultSize: size,
});

/** The value of an int literal, 0 when it is negative; other expressions may be anything. */
function literalInt(node: CostNode | undefined, otherwise: number): number {
  const value = node?.expr?.kind === "literal" ? node.expr.value : undefined;
  return typeof value === "bigint" ? Number(value < 0n ? 0n : value) : otherwise;
}

const slice: EstimateCall = ({ target, args: [from, to] }, sizeOf) => {
  if (target === undefined || to === undefined) return undefined;
  const length = literalInt(to, sizeOf(target).max) - literalInt(from, 0);
  // A negative length is a large one in upstream's unsigned arithmetic.
  return newList(1, exactly(length < 0 ? unbounded : length));
};

const flatten: EstimateCall = ({ target, args: [depth] }, sizeOf) =>
  target && newList(depth === undefined ? 1 : literalInt(depth, unbounded), sizeOf(target));

const selfCompare = (node: CostNode | undefined, factor: number, sizeOf: SizeOf): CallEstimate | undefined => {
  if (node === undefined) return undefined;
  const size = sizeOf(node);
  return newList(factor, multiply(size, size));
};

const ofSets =
  (factor: number): EstimateCall =>
  ({ args: [a, b] }, sizeOf) =>
    a && b && { cost: add(scale(multiply(sizeOf(a), sizeOf(b)), factor), callCost) };

const byOverload: Readonly<Record<string, EstimateCall>> = {
  list_slice: slice,
  list_flatten: flatten,
  list_flatten_int: flatten,
  lists_range: ({ target, args: [count] }) =>
    target === undefined && count !== undefined ? newList(1, exactly(literalInt(count, unbounded))) : undefined,
  list_reverse: ({ target }, sizeOf) => target && newList(1, sizeOf(target)),
  list_distinct: ({ target }, sizeOf) => selfCompare(target, 2, sizeOf),
  list_sets_contains_list: ofSets(1),
  list_sets_intersects_list: ofSets(1),
  list_sets_equivalent_list: ofSets(2),
};

/** The cost without that of the arguments; undefined for overloads of other libraries. */
export function extensionEstimate(call: EstimatedCall, sizeOf: SizeOf): CallEstimate | undefined {
  const known = byOverload[call.overloadId];
  if (known !== undefined) return known(call, sizeOf);
  const [, type, how] = /^list_(.+)_(sort|sortByAssociatedKeys)$/.exec(call.overloadId) ?? [];
  if (type === undefined) return undefined;
  const factor = type === "string" || type === "bytes" ? 2 + stringTraversalCostFactor : 2;
  return selfCompare(how === "sort" ? call.target : call.args[0], factor, sizeOf);
}
