/** More functions on lists. Source: cel-go ext/lists.go; the version says what is there, 3 has exact costs. */
import type { FunctionDecl, Library, MacroDecl, OverloadCost, OverloadDecl } from "../contract.ts";
import { compare, equal } from "../runtime/compare.ts";
import { sizeOf, typeOfValue } from "../runtime/describe.ts";
import { InternalFailure } from "../runtime/frame.ts";
import {
  BOOL,
  BYTES,
  type CelType,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  listOf,
  STRING,
  TIMESTAMP,
  typeParam,
  UINT,
} from "../types.ts";
import { ArrayList, CelError, CelList, type Result, type Value } from "../values.ts";

const T = typeParam("T");
const LIST_OF_T = listOf(T);

/** Types that can be sorted, in the order of their overloads. */
const COMPARABLE: readonly CelType[] = [INT, UINT, DOUBLE, BOOL, DURATION, TIMESTAMP, STRING, BYTES];

/** A list's elements, or the error of the first that has none. */
function elements(list: CelList): Value[] | CelError {
  const values: Value[] = [];
  for (const element of list) {
    if (element instanceof CelError) return element;
    values.push(element);
  }
  return values;
}

function slice(list: CelList, start: bigint, end: bigint): Result {
  const failed = (why: string): CelError => new CelError(`cannot slice(${start}, ${end}), ${why}`);
  if (start < 0n || end < 0n) return failed("negative indexes not supported");
  if (start > end) return failed("start index must be less than or equal to end index");
  if (BigInt(list.size) < end) return failed(`list is length ${list.size}`);
  const values = elements(list);
  return values instanceof CelError ? values : new ArrayList(values.slice(Number(start), Number(end)));
}

function flattened(list: CelList, depth: bigint): Value[] | CelError {
  const out: Value[] = [];
  for (const element of list) {
    if (element instanceof CelError) return element;
    if (!(element instanceof CelList) || depth === 0n) {
      out.push(element);
      continue;
    }
    const inner = flattened(element, depth - 1n);
    if (inner instanceof CelError) return inner;
    for (const value of inner) out.push(value);
  }
  return out;
}

function flatten(list: CelList, depth: bigint): Result {
  if (depth < 0n) return new CelError("level must be non-negative");
  const values = flattened(list, depth);
  return values instanceof CelError ? values : new ArrayList(values);
}

/** The elements in the order of their keys, equal ones as they stood. */
function sortBy(list: CelList, keyList: CelList): Result {
  if (list.size !== keyList.size)
    return new CelError(
      "@sortByAssociatedKeys() expected a list of the same size as the associated keys list, but got " +
        `${list.size} and ${keyList.size} elements respectively`,
    );
  const values = elements(list);
  if (values instanceof CelError) return values;
  const keys = elements(keyList);
  if (keys instanceof CelError) return keys;
  const [first] = keys;
  if (first === undefined) return list;
  if (compare(first, first) instanceof CelError) return new CelError("list elements must be comparable");
  const { name } = typeOfValue(first);
  if (keys.some((key) => typeOfValue(key).name !== name)) return new CelError("list elements must have the same type");
  const order = keys.map((key, index) => ({ key, index }));
  order.sort((a, b) => Number(compare(a.key, b.key)) || a.index - b.index);
  return new ArrayList(order.map(({ index }) => values[index] ?? null));
}

function range(count: bigint): Result {
  const values: bigint[] = [];
  for (let value = 0n; value < count; value++) values.push(value);
  return new ArrayList(values);
}

function reverse(list: CelList): Result {
  const values = elements(list);
  return values instanceof CelError ? values : new ArrayList(values.reverse());
}

function distinct(list: CelList): Result {
  const kept: Value[] = [];
  for (const element of list) {
    if (element instanceof CelError) return element;
    if (!kept.some((other) => equal(element, other) === true)) kept.push(element);
  }
  return new ArrayList(kept);
}

function method(
  name: string,
  args: readonly CelType[],
  parts: { readonly id: string; readonly result: CelType; readonly evaluate: OverloadDecl["evaluate"] },
): FunctionDecl {
  const { id, result, evaluate } = parts;
  return { name, overloads: [{ id, member: true, args, result, ...(evaluate === undefined ? {} : { evaluate }) }] };
}

const SLICE = method("slice", [LIST_OF_T, INT, INT], { id: "list_slice", result: LIST_OF_T, evaluate: slice });

const FLATTEN: FunctionDecl = {
  name: "flatten",
  overloads: [
    { id: "list_flatten", member: true, args: [listOf(LIST_OF_T)], result: LIST_OF_T },
    { id: "list_flatten_int", member: true, args: [listOf(DYN), INT], result: listOf(DYN) },
  ],
  evaluate: (list: Value, depth: Value) => {
    if (!(list instanceof CelList)) return new CelError("no such overload: flatten");
    return flatten(list, typeof depth === "bigint" ? depth : 1n);
  },
};

const SORT_BY: MacroDecl = {
  name: "sortBy",
  receiver: true,
  argCount: 2,
  expand(build, target, args) {
    const [variable, key] = args;
    if (target === undefined || variable === undefined || key === undefined) return undefined;
    if (!["list", "select", "ident", "comprehension", "call"].includes(target.kind))
      return build.issue(
        target.id,
        "sortBy can only be applied to a list, identifier, comprehension, call or select expression",
      );
    const input = build.ident("@__sortBy_input__");
    if (variable.kind !== "ident") return build.issue(variable.id, "argument is not an identifier");
    if (variable.name === build.accumulatorName || variable.name === "__result__")
      return build.issue(variable.id, "iteration variable overwrites accumulator variable");
    const keys = build.comprehension({
      range: build.copy(input),
      iterVar: variable.name,
      accuInit: build.list(),
      condition: build.literal(true),
      step: build.call("_+_", build.accumulator(), build.list(key)),
      result: build.accumulator(),
    });
    return build.comprehension({
      range: build.list(),
      iterVar: "#unused",
      accuVar: "@__sortBy_input__",
      accuInit: target,
      condition: build.literal(false),
      step: input,
      result: build.memberCall("@sortByAssociatedKeys", build.copy(input), keys),
    });
  },
};

const VERSION_2: readonly FunctionDecl[] = [
  {
    name: "sort",
    overloads: COMPARABLE.map((type) => ({
      id: `list_${type.name}_sort`,
      member: true,
      args: [listOf(type)],
      result: listOf(type),
    })),
    evaluate: (list: CelList) => sortBy(list, list),
  },
  {
    name: "@sortByAssociatedKeys",
    overloads: COMPARABLE.map((type) => ({
      id: `list_${type.name}_sortByAssociatedKeys`,
      member: true,
      args: [LIST_OF_T, listOf(type)],
      result: LIST_OF_T,
    })),
    evaluate: sortBy,
  },
  { name: "lists.range", overloads: [{ id: "lists_range", args: [INT], result: listOf(INT), evaluate: range }] },
  method("reverse", [LIST_OF_T], { id: "list_reverse", result: LIST_OF_T, evaluate: reverse }),
  method("distinct", [LIST_OF_T], { id: "list_distinct", result: LIST_OF_T, evaluate: distinct }),
];

/** What a call that makes a list costs: 1 for the call, 10 for the list and the work itself. */
function allocating(factor: number, size: number): number {
  return Math.trunc(size * factor) + 11;
}

function selfCompare(list: Result): number {
  if (!(list instanceof CelList))
    throw new InternalFailure("interface conversion: *types.Err is not traits.Lister: missing method Add");
  const size = sizeOf(list);
  const first = size > 0 ? list.at(0) : null;
  const factor = typeof first === "string" || first instanceof Uint8Array ? 2.1 : 2;
  return allocating(factor, size * size);
}

const output: OverloadCost = (_args, result) => allocating(1, sizeOf(result));
const flattening: OverloadCost = (args) =>
  allocating(typeof args[1] === "bigint" ? Number(args[1]) : 1, sizeOf(args[0] ?? null));
const comparing: OverloadCost = (args) => selfCompare(args[0] ?? null);
const comparingKeys: OverloadCost = (args) => selfCompare(args[1] ?? null);

const COSTS: Readonly<Record<string, OverloadCost>> = {
  list_slice: output,
  list_flatten: flattening,
  list_flatten_int: flattening,
  lists_range: output,
  list_reverse: output,
  list_distinct: comparing,
  ...Object.fromEntries(
    COMPARABLE.flatMap((type) => [
      [`list_${type.name}_sort`, comparing],
      [`list_${type.name}_sortByAssociatedKeys`, comparingKeys],
    ]),
  ),
};

/** The library as of a version: 1 adds `flatten`, 2 sorting, ranges and `distinct`, 3 costs by size. */
export function lists(version: number): Library {
  return {
    name: "cel.lib.ext.lists",
    functions: [SLICE, ...(version >= 1 ? [FLATTEN] : []), ...(version >= 2 ? VERSION_2 : [])],
    macros: version >= 2 ? [SORT_BY] : [],
    costs: version >= 3 ? COSTS : {},
  };
}
