/**
 * Sums, extremes and positions in lists. Source: k8s.io/apiserver/pkg/cel/library/lists.go.
 */
import type { Library, OverloadDecl } from "../../contract.ts";
import { add } from "../../runtime/arithmetic.ts";
import { compare, equal } from "../../runtime/compare.ts";
import {
  BOOL,
  BYTES,
  type CelType,
  DOUBLE,
  DURATION,
  INT,
  listOf,
  STRING,
  TIMESTAMP,
  typeParam,
  UINT,
} from "../../types.ts";
import { CelDuration, CelError, type CelList, CelUint, type Result, type Value } from "../../values.ts";
import { functions, method } from "./lib.ts";

const summable: readonly (readonly [name: string, type: CelType, zero: Value])[] = [
  ["int", INT, 0n],
  ["uint", UINT, new CelUint(0n)],
  ["double", DOUBLE, 0],
  ["duration", DURATION, new CelDuration(0n)],
];

const comparable: readonly (readonly [name: string, type: CelType])[] = [
  ["int", INT],
  ["uint", UINT],
  ["double", DOUBLE],
  ["bool", BOOL],
  ["duration", DURATION],
  ["timestamp", TIMESTAMP],
  ["string", STRING],
  ["bytes", BYTES],
];

/** Elements that cannot be ordered count as in order, as upstream compares only for "greater". */
function isSorted(list: CelList): Result {
  let previous: Value | undefined;
  for (const element of list) {
    if (element instanceof CelError) return element;
    if (previous !== undefined) {
      const order = compare(previous, element);
      if (!(order instanceof CelError) && order > 0) return false;
    }
    previous = element;
  }
  return true;
}

const sum =
  (zero: Value) =>
  (list: CelList): Result => {
    let total = zero;
    for (const element of list) {
      if (element instanceof CelError) return element;
      const next = add(total, element);
      if (next instanceof CelError) return next;
      total = next;
    }
    return total;
  };

/** The first element that no other one beats; `sign` is that of a comparison with a better one. */
const extreme =
  (name: string, sign: number) =>
  (list: CelList): Result => {
    let best: Value | undefined;
    for (const element of list) {
      if (element instanceof CelError) return element;
      if (best === undefined) {
        best = element;
        continue;
      }
      const order = compare(best, element);
      if (!(order instanceof CelError) && Math.sign(order) === sign) best = element;
    }
    return best === undefined ? new CelError(`${name} called on empty list`) : best;
  };

const isAt = (list: CelList, index: number, item: Value): boolean => {
  const element = list.at(index);
  return !(element instanceof CelError) && equal(element, item) === true;
};

function indexOf(list: CelList, item: Value): Result {
  for (let index = 0; index < list.size; index++) if (isAt(list, index, item)) return BigInt(index);
  return -1n;
}

function lastIndexOf(list: CelList, item: Value): Result {
  for (let index = list.size - 1; index >= 0; index--) if (isAt(list, index, item)) return BigInt(index);
  return -1n;
}

const A = typeParam("A");
const ofComparable = (declare: (name: string, type: CelType) => OverloadDecl): readonly OverloadDecl[] =>
  comparable.map(([name, type]) => declare(name, type));

export const LISTS: Library = {
  name: "kubernetes.lists",
  functions: functions({
    isSorted: ofComparable((name, type) => method(`list_${name}_is_sorted_bool`, [[listOf(type)], BOOL], isSorted)),
    sum: summable.map(([name, type, zero]) => method(`list_${name}_sum_${name}`, [[listOf(type)], type], sum(zero))),
    max: ofComparable((name, type) => method(`list_${name}_max_${name}`, [[listOf(type)], type], extreme("max", -1))),
    min: ofComparable((name, type) => method(`list_${name}_min_${name}`, [[listOf(type)], type], extreme("min", 1))),
    indexOf: [method("list_a_index_of_int", [[listOf(A), A], INT], indexOf)],
    lastIndexOf: [method("list_a_last_index_of_int", [[listOf(A), A], INT], lastIndexOf)],
  }),
};
