/** Lists as sets. Source: cel-go ext/sets.go. */
import type { FunctionDecl, Library, OverloadCost } from "../contract.ts";
import { contains } from "../runtime/arithmetic.ts";
import { sizeOf } from "../runtime/describe.ts";
import { BOOL, listOf, typeParam } from "../types.ts";
import { CelError, type CelList, type Result } from "../values.ts";

const LIST_OF_T = listOf(typeParam("T"));

function containsAll(list: CelList, part: CelList): Result {
  for (const element of part) {
    if (element instanceof CelError) return element;
    const found = contains(element, list);
    if (found !== true) return found;
  }
  return true;
}

function intersects(a: CelList, b: CelList): Result {
  for (const element of a) if (!(element instanceof CelError) && contains(element, b) === true) return true;
  return false;
}

function equivalent(a: CelList, b: CelList): Result {
  const first = containsAll(a, b);
  return first === true ? containsAll(b, a) : first;
}

function set(name: string, evaluate: (a: CelList, b: CelList) => Result): FunctionDecl {
  const overload = { id: `list_sets_${name}_list`, args: [LIST_OF_T, LIST_OF_T], result: BOOL, evaluate };
  return { name: `sets.${name}`, overloads: [overload] };
}

function pairs(factor: number): OverloadCost {
  return (args) => 1 + Math.trunc(sizeOf(args[0] ?? null) * sizeOf(args[1] ?? null) * factor);
}

export const SETS: Library = {
  name: "cel.lib.ext.sets",
  functions: [set("contains", containsAll), set("equivalent", equivalent), set("intersects", intersects)],
  costs: {
    list_sets_contains_list: pairs(1),
    list_sets_intersects_list: pairs(1),
    list_sets_equivalent_list: pairs(2),
  },
};
