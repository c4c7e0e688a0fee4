/**
 * What calls cost at run time.
 * Source: github.com/google/cel-go/interpreter/runtimecost.go, whose numbers Kubernetes' limits are made for.
 */
import type { OverloadCost, ProgramOptions } from "../contract.ts";
import { CelError, type Result, type Value } from "../values.ts";
import { sizeOf } from "./describe.ts";

export const LIST_COST = 10;
export const MAP_COST = 30;
export const STRUCT_COST = 40;
const STRING_TRAVERSAL = 0.1;
const REGEX_LENGTH = 0.25;

/** The cost of a call given its arguments and result. */
export type CallCostOf = (args: readonly Result[], result: Result) => number;

const size = (args: readonly Result[], index: number): number => sizeOf(args[index] ?? null);
const traversal = (length: number): number => Math.ceil(length * STRING_TRAVERSAL);

const first: CallCostOf = (args) => traversal(size(args, 0));
const smaller: CallCostOf = (args) => traversal(Math.min(size(args, 0), size(args, 1)));
const both: CallCostOf = (args) => traversal(size(args, 0) + size(args, 1));

const COSTS: Readonly<Record<string, CallCostOf>> = {
  starts_with_string: first,
  ends_with_string: first,
  string_to_bytes: first,
  bytes_to_string: first,
  strings_quote: first,
  string_format: first,
  in_list: (args) => size(args, 1),
  less_string: smaller,
  greater_string: smaller,
  less_equals_string: smaller,
  greater_equals_string: smaller,
  less_bytes: smaller,
  greater_bytes: smaller,
  less_equals_bytes: smaller,
  greater_equals_bytes: smaller,
  equals: smaller,
  not_equals: smaller,
  add_string: both,
  add_bytes: both,
  matches_string: (args) => traversal(1 + size(args, 0)) * Math.ceil(size(args, 1) * REGEX_LENGTH),
  contains_string: (args) => traversal(size(args, 0)) * traversal(size(args, 1)),
};

type LibraryCosts = ReadonlyMap<string, OverloadCost>;

/** How a program counts one call; undefined when it always costs 1. */
export function costOfCall(
  call: { readonly name: string; readonly overloadId: string },
  costs: LibraryCosts,
  estimate: ProgramOptions["callCost"],
): CallCostOf | undefined {
  const standard = COSTS[call.overloadId];
  const own = costs.get(call.overloadId);
  if (own === undefined && estimate === undefined) return standard;
  if (own !== undefined) return own;
  return (args, result) => asked(call, { args, result }, estimate) ?? standard?.(args, result) ?? 1;
}

/** The program's own estimate, which is made for arguments that did not fail. */
function asked(
  call: { readonly name: string; readonly overloadId: string },
  made: { readonly args: readonly Result[]; readonly result: Result },
  estimate: ProgramOptions["callCost"],
): number | undefined {
  const args: Value[] = [];
  for (const arg of made.args) {
    if (arg instanceof CelError) return undefined;
    args.push(arg);
  }
  return estimate?.({ function: call.name, overloadId: call.overloadId, args, result: made.result });
}
