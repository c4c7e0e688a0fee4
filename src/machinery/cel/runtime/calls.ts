/** Calls of functions: which implementation runs for the arguments at hand, and what it costs. */
import type { FunctionEntry } from "../check/environment.ts";
import type { OverloadDecl } from "../contract.ts";
import type { CelType } from "../types.ts";
import { CelError, CelList, CelMap, CelOptional, type Result, type Value } from "../values.ts";
import type { CallCostOf } from "./cost.ts";
import { typeOfValue } from "./describe.ts";
import { charge, type Frame, type Step } from "./frame.ts";

type Run = (...args: Value[]) => Result;

/** Whether a value may be passed where a type is declared; of aggregates only the first element is looked at. */
function fits(type: CelType, value: Result): boolean {
  if (value instanceof CelError) return false;
  switch (type.kind) {
    case "dyn":
    case "any":
    case "typeParam":
      return true;
    case "string":
      return typeof value === "string";
    case "int":
      return typeof value === "bigint";
    case "list":
      return value instanceof CelList && (value.size === 0 || fits(type.parameters[0] ?? type, value.at(0)));
    case "map":
      return value instanceof CelMap && fitsMap(type, value);
    case "opaque":
      if (value instanceof CelOptional) return type.name === "optional_type";
      return typeOfValue(value).name === type.name;
    default:
      return typeOfValue(value).name === type.name;
  }
}

function fitsMap(type: CelType, map: CelMap): boolean {
  const [keyType, valueType] = type.parameters;
  for (const key of map.keys()) {
    if (keyType === undefined || valueType === undefined) return true;
    return fits(keyType, key) && fits(valueType, map.find(key) ?? null);
  }
  return true;
}

function fitsAll(overload: OverloadDecl, args: readonly Value[]): boolean {
  return overload.args.length === args.length && overload.args.every((type, index) => fits(type, args[index] ?? null));
}

function noSuchOverload(name: string, args: readonly Value[]): CelError {
  return new CelError(`no such overload: ${name}(${args.map((arg) => typeOfValue(arg).name).join(", ")})`);
}

/** One overload behind a guard for its argument types. */
function guarded(name: string, overload: OverloadDecl): Run {
  const { evaluate } = overload;
  return (...args) =>
    evaluate !== undefined && fitsAll(overload, args) ? evaluate(...args) : noSuchOverload(name, args);
}

/** The implementation of a call: that of its overload, or the choice among several by the arguments. */
export function implementation(fn: FunctionEntry, overloadIds: readonly string[]): Run {
  const [only] = overloadIds;
  const overload = overloadIds.length === 1 ? fn.overloads.find((candidate) => candidate.id === only) : undefined;
  if (overload?.evaluate !== undefined) return guarded(fn.name, overload);
  const { evaluate } = fn;
  if (evaluate !== undefined) return (...args) => evaluate(...args);
  const candidates = fn.overloads.filter((candidate) => candidate.evaluate !== undefined);
  return (...args) => {
    const found = candidates.find((candidate) => fitsAll(candidate, args));
    return found?.evaluate === undefined ? noSuchOverload(fn.name, args) : found.evaluate(...args);
  };
}

/** A strict call: an argument that failed is its result. */
export interface PlannedCall {
  readonly args: readonly Step[];
  readonly run: Run;
  /** Undefined when a call costs 1. */
  readonly cost: CallCostOf | undefined;
}

export function callStep({ args, run, cost }: PlannedCall): Step {
  const [first, second] = args;
  if (args.length === 1 && first !== undefined) return unaryStep(first, run, cost);
  if (args.length === 2 && first !== undefined && second !== undefined)
    return (frame) => {
      const left = first(frame);
      const right = second(frame);
      const result = left instanceof CelError ? left : right instanceof CelError ? right : run(left, right);
      charge(frame, cost === undefined ? 1 : cost([left, right], result));
      return result;
    };
  return (frame) => manyArguments(frame, { args, run, cost });
}

function unaryStep(first: Step, run: Run, cost: CallCostOf | undefined): Step {
  return (frame) => {
    const arg = first(frame);
    const result = arg instanceof CelError ? arg : run(arg);
    charge(frame, cost === undefined ? 1 : cost([arg], result));
    return result;
  };
}

/** With three arguments and more, and with none, the first failure ends the call, which costs nothing unless it was the last. */
function manyArguments(frame: Frame, { args, run, cost }: PlannedCall): Result {
  const values: Value[] = [];
  for (const arg of args) {
    const value = arg(frame);
    if (value instanceof CelError) {
      if (values.length === args.length - 1) charge(frame, cost === undefined ? 1 : cost([...values, value], value));
      return value;
    }
    values.push(value);
  }
  const result = run(...values);
  charge(frame, cost === undefined ? 1 : cost(values, result));
  return result;
}
