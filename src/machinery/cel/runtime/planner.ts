/**
 * Turns a checked expression into closures. What is constant is computed here; what a constant makes
 * impossible (a pattern that does not compile) is an error here.
 * Source: github.com/google/cel-go/interpreter/planner.go with its optimizations on, as Kubernetes runs it.
 */
import type { CallExpr, Expr, ListExpr, MapExpr, SelectExpr, StructExpr } from "../syntax/ast.ts";
import { ArrayList, CelError, CelList, CelOptional, CelUint, EntryMap, type Result, type Value } from "../values.ts";
import { type Attribute, addQualifier, invalidKey, isKey, resolver } from "./attributes.ts";
import { callStep, implementation } from "./calls.ts";
import { equal, NO_SUCH_OVERLOAD } from "./compare.ts";
import { costOfCall, LIST_COST, MAP_COST, STRUCT_COST } from "./cost.ts";
import { describe } from "./describe.ts";
import { comprehensionStep } from "./fold.ts";
import { charge, type Frame, type Step } from "./frame.ts";
import type { Place } from "./place.ts";

/** Raised to end planning; `failure` is the program's error. */
export class PlanFailure extends Error {
  readonly failure: CelError;

  constructor(failure: CelError) {
    super(failure.message);
    this.failure = failure;
  }
}

type Plan =
  | { readonly kind: "constant"; readonly value: Value }
  | { readonly kind: "attribute"; readonly attribute: Attribute; readonly test: boolean }
  | { readonly kind: "step"; readonly step: Step };

const CONVERSIONS = new Set("bool bytes double duration dyn int string timestamp type uint".split(" "));

/** The step of an expression. Throws PlanFailure. */
export function planStep(place: Place, expr: Expr): Step {
  return toStep(place, plan(place, expr));
}

function toStep({ context }: Place, planned: Plan): Step {
  if (planned.kind === "step") return planned.step;
  if (planned.kind === "constant") {
    const { value } = planned;
    return () => value;
  }
  const resolve = resolver(planned.attribute);
  const free = planned.test && context.options.presenceTestHasCost === false ? 1 : 0;
  const cost = (planned.attribute.kind === "conditional" ? 0 : 1) - free;
  if (planned.test)
    return (frame) => {
      const value = resolve(frame);
      charge(frame, cost);
      return value instanceof CelOptional ? value.value !== undefined : value;
    };
  if (cost === 0) return resolve;
  return (frame) => {
    const value = resolve(frame);
    charge(frame, cost);
    return value;
  };
}

function plan(place: Place, expr: Expr): Plan {
  switch (expr.kind) {
    case "literal":
      return { kind: "constant", value: expr.value };
    case "ident":
      return planIdent(place, expr.id, expr.name);
    case "select":
      return planSelect(place, expr);
    case "call":
      return planCall(place, expr);
    case "list":
      return planList(place, expr);
    case "map":
      return planMap(place, expr);
    case "struct":
      return planStruct(place, expr);
    case "comprehension":
      return { kind: "step", step: comprehensionStep(place, expr, planStep) };
    case "unspecified":
      throw new PlanFailure(new CelError("unsupported expr: unspecified"));
  }
}

function planIdent(place: Place, id: number, name: string): Plan {
  const reference = place.context.ast.references.get(id);
  if (reference?.value !== undefined) return { kind: "constant", value: reference.value };
  // cel-go takes every name whose value is a type for the name of one, also a variable of a comprehension.
  if (place.context.ast.types.get(id)?.kind === "type")
    throw new PlanFailure(new CelError(`reference to undefined type: ${name}`));
  const attribute: Attribute = { kind: "value", read: variable(place, name), qualifiers: [] };
  return { kind: "attribute", attribute, test: false };
}

/** Reads a comprehension's variable or one of the activation, which is asked once. */
function variable({ context, scope }: Place, name: string): Step {
  for (let at = scope; at !== undefined; at = at.parent) {
    const read = at.names.get(name);
    if (read !== undefined) return read;
  }
  let index = context.variables.indexOf(name);
  if (index < 0) index = context.variables.push(name) - 1;
  return (frame) => frame.variables[index] ?? load(frame, name, index);
}

function load(frame: Frame, name: string, index: number): Result {
  const found = Object.hasOwn(frame.activation, name) ? frame.activation[name] : undefined;
  const value = found === undefined ? new CelError(`no such attribute(s): ${name}`) : found;
  frame.variables[index] = value;
  return value;
}

/** The path an expression is, or that starts at its result. */
function toAttribute(place: Place, planned: Plan): Attribute {
  if (planned.kind === "attribute") return planned.attribute;
  return { kind: "value", read: toStep(place, planned), qualifiers: [] };
}

function planSelect(place: Place, expr: SelectExpr): Plan {
  const attribute = toAttribute(place, plan(place, expr.operand));
  addQualifier(attribute, { key: expr.field, optional: false, test: expr.testOnly });
  return { kind: "attribute", attribute, test: expr.testOnly };
}

function planIndex(place: Place, expr: CallExpr, optional: boolean): Plan {
  const [operand, index] = expr.args;
  if (operand === undefined || index === undefined) throw new PlanFailure(NO_SUCH_OVERLOAD);
  const attribute = toAttribute(place, plan(place, operand));
  const planned = plan(place, index);
  if (planned.kind === "constant" && !isKey(planned.value)) throw new PlanFailure(invalidKey(planned.value));
  const key =
    planned.kind === "constant"
      ? planned.value
      : planned.kind === "attribute"
        ? resolver(planned.attribute)
        : planned.step;
  addQualifier(attribute, { key, optional, test: false });
  return { kind: "attribute", attribute, test: false };
}

function planCall(place: Place, expr: CallExpr): Plan {
  switch (expr.function) {
    case "_&&_":
      return logical(place, expr, false);
    case "_||_":
      return logical(place, expr, true);
    case "_?_:_":
      return conditional(place, expr);
    case "_==_":
    case "_!=_":
      return equality(place, expr);
    case "_[_]":
      return planIndex(place, expr, false);
    case "_?._":
    case "_[?_]":
      return planIndex(place, expr, true);
    case "@not_strictly_false":
      return notStrictlyFalse(place, expr);
    default:
      return planFunction(place, expr);
  }
}

/** `&&` and `||`: the deciding value wins over errors on either side. */
function logical(place: Place, expr: CallExpr, decisive: boolean): Plan {
  const [first, second] = expr.args.map((arg) => planStep(place, arg));
  if (first === undefined || second === undefined) throw new PlanFailure(NO_SUCH_OVERLOAD);
  const step: Step = (frame) => {
    const left = first(frame);
    if (left === decisive) return decisive;
    const right = second(frame);
    if (right === decisive) return decisive;
    if (left === !decisive && right === !decisive) return !decisive;
    const odd = left === !decisive ? right : left;
    return odd instanceof CelError ? odd : NO_SUCH_OVERLOAD;
  };
  return { kind: "step", step };
}

function conditional(place: Place, expr: CallExpr): Plan {
  const [condition, yes, no] = expr.args;
  if (condition === undefined || yes === undefined || no === undefined) throw new PlanFailure(NO_SUCH_OVERLOAD);
  const attribute: Attribute = {
    kind: "conditional",
    condition: planStep(place, condition),
    yes: toAttribute(place, plan(place, yes)),
    no: toAttribute(place, plan(place, no)),
  };
  return { kind: "attribute", attribute, test: false };
}

function equality(place: Place, expr: CallExpr): Plan {
  const equals = expr.function === "_==_";
  const cost = costOf(place, { name: expr.function, overloadId: equals ? "equals" : "not_equals" });
  const run = (a: Value, b: Value): Result => {
    const same = equal(a, b);
    return equals ? same : same !== true;
  };
  const args = expr.args.map((arg) => planStep(place, arg));
  return { kind: "step", step: callStep({ args, run: run as (...values: Value[]) => Result, cost }) };
}

function costOf({ context }: Place, call: { readonly name: string; readonly overloadId: string }) {
  return costOfCall(call, context.costs, context.options.callCost);
}

function notStrictlyFalse(place: Place, expr: CallExpr): Plan {
  const [arg] = expr.args.map((inner) => planStep(place, inner));
  if (arg === undefined) throw new PlanFailure(NO_SUCH_OVERLOAD);
  const step: Step = (frame) => {
    const value = arg(frame);
    charge(frame, 1);
    return typeof value === "boolean" ? value : true;
  };
  return { kind: "step", step };
}

function planFunction(place: Place, expr: CallExpr): Plan {
  const { ast, decls } = place.context;
  const fn = decls.functions.get(expr.function);
  const overloadIds = ast.references.get(expr.id)?.overloads ?? [];
  if (fn === undefined) throw new PlanFailure(new CelError(`no such overload: ${expr.function}`));
  const overloadId = overloadIds.length === 1 ? (overloadIds[0] ?? "") : "";
  const operands = expr.target === undefined ? expr.args : [expr.target, ...expr.args];
  const planned = operands.map((operand) => plan(place, operand));
  const special = optionalFallback(place, overloadId, planned) ?? membership(place, overloadId, planned);
  if (special !== undefined) return special;
  const constants = planned.map((arg) => (arg.kind === "constant" ? arg.value : undefined));
  const overload = fn.overloads.find((candidate) => candidate.id === overloadId) ?? fn.overloads[0];
  const specialized = constants.every((value) => value === undefined) ? undefined : overload?.specialize?.(constants);
  if (specialized instanceof CelError) throw new PlanFailure(specialized);
  const run = specialized === undefined ? implementation(fn, overloadIds) : specialized.run;
  const [constant] = constants;
  if (CONVERSIONS.has(fn.name) && planned.length === 1 && constant !== undefined) return folded(run(constant));
  const args = planned.map((arg) => toStep(place, arg));
  const cost = costOf(place, { name: fn.name, overloadId });
  return { kind: "step", step: callStep({ args, run, cost }) };
}

function folded(value: Result): Plan {
  if (value instanceof CelError) throw new PlanFailure(value);
  return { kind: "constant", value };
}

/** `or` and `orValue` evaluate their argument only when there is no value. */
function optionalFallback(place: Place, overloadId: string, planned: readonly Plan[]): Plan | undefined {
  const keepsOptional = overloadId === "optional_or_optional";
  if (!keepsOptional && overloadId !== "optional_orValue_value") return undefined;
  const [first, second] = planned.map((arg) => toStep(place, arg));
  if (first === undefined || second === undefined) return undefined;
  const step: Step = (frame) => {
    const value = first(frame);
    if (!(value instanceof CelOptional)) return value;
    if (value.value === undefined) return second(frame);
    return keepsOptional ? value : value.value;
  };
  return { kind: "step", step };
}

/** The form under which equal primitives are the same in a set. */
function setKey(value: Value): string | number | bigint | boolean | undefined {
  if (value instanceof CelUint) return value.value;
  if (typeof value === "number") return Number.isInteger(value) ? BigInt(value) : value;
  return value === null || typeof value === "object" ? undefined : value;
}

/** `x in [constants]` as a look-up, which costs nothing but `x`. */
function membership(place: Place, overloadId: string, planned: readonly Plan[]): Plan | undefined {
  const [element, aggregate] = planned;
  if (overloadId !== "in_list" || element === undefined || aggregate?.kind !== "constant") return undefined;
  if (!(aggregate.value instanceof CelList)) return undefined;
  if (aggregate.value.size === 0) return { kind: "constant", value: false };
  const keys = new Set<string | number | bigint | boolean>();
  for (const item of aggregate.value) {
    const key = item instanceof CelError ? undefined : setKey(item);
    if (key === undefined) return undefined;
    if (!(typeof key === "number" && Number.isNaN(key))) keys.add(key);
  }
  const read = toStep(place, element);
  const step: Step = (frame) => {
    const value = read(frame);
    if (value instanceof CelError) return value;
    const key = setKey(value);
    return key !== undefined && keys.has(key);
  };
  return { kind: "step", step };
}

function planList(place: Place, expr: ListExpr): Plan {
  const planned = expr.elements.map((element) => plan(place, element));
  const values: Value[] = [];
  for (const element of planned) if (element.kind === "constant") values.push(element.value);
  if (values.length === planned.length && expr.optionals.length === 0)
    return { kind: "constant", value: new ArrayList(values) };
  const steps = planned.map((element) => toStep(place, element));
  const optionals = new Set(expr.optionals);
  const step: Step = (frame) => {
    const list = buildList(frame, steps, optionals);
    charge(frame, LIST_COST);
    return list;
  };
  return { kind: "step", step };
}

function buildList(frame: Frame, steps: readonly Step[], optionals: ReadonlySet<number>): Result {
  const items: Value[] = [];
  for (const [index, step] of steps.entries()) {
    const value = step(frame);
    if (value instanceof CelError) return value;
    if (!optionals.has(index)) items.push(value);
    else if (!(value instanceof CelOptional))
      return new CelError(`cannot initialize optional list element from non-optional value ${describe(value)}`);
    else if (value.value !== undefined) items.push(value.value);
  }
  return new ArrayList(items);
}

/** An entry of a map or a field of an object, ready to run. */
interface EntryStep {
  readonly key: Step;
  readonly value: Step;
  readonly optional: boolean;
}

function planMap(place: Place, expr: MapExpr): Plan {
  const planned = expr.entries.map((entry) => ({
    key: plan(place, entry.key),
    value: plan(place, entry.value),
    optional: entry.optional,
  }));
  const constants: [Value, Value][] = [];
  for (const { key, value, optional } of planned)
    if (key.kind === "constant" && value.kind === "constant" && !optional) constants.push([key.value, value.value]);
  if (constants.length === planned.length) return { kind: "constant", value: new EntryMap(constants) };
  const entries = planned.map(
    ({ key, value, optional }): EntryStep => ({ key: toStep(place, key), value: toStep(place, value), optional }),
  );
  const step: Step = (frame) => {
    const built = buildEntries(frame, entries);
    charge(frame, MAP_COST);
    return built instanceof CelError ? built : new EntryMap(built);
  };
  return { kind: "step", step };
}

function buildEntries(frame: Frame, entries: readonly EntryStep[]): (readonly [Value, Value])[] | CelError {
  const built: (readonly [Value, Value])[] = [];
  for (const entry of entries) {
    const key = entry.key(frame);
    if (key instanceof CelError) return key;
    const value = entry.value(frame);
    if (value instanceof CelError) return value;
    if (!entry.optional) built.push([key, value]);
    else if (!(value instanceof CelOptional))
      return new CelError(
        `cannot initialize optional entry '${describe(key)}' from non-optional value ${describe(value)}`,
      );
    else if (value.value !== undefined) built.push([key, value.value]);
  }
  return built;
}

function planStruct(place: Place, expr: StructExpr): Plan {
  const { provider } = place.context.decls;
  if (provider === undefined) throw new PlanFailure(new CelError(`unknown type: ${expr.typeName}`));
  const entries = expr.fields.map((field): EntryStep => {
    const { name } = field;
    return { key: () => name, value: planStep(place, field.value), optional: field.optional };
  });
  const step: Step = (frame) => {
    const built = buildEntries(frame, entries);
    charge(frame, STRUCT_COST);
    if (built instanceof CelError) return built;
    const fields = new Map<string, Value>();
    for (const [key, value] of built) if (typeof key === "string") fields.set(key, value);
    return provider.construct(expr.typeName, fields);
  };
  return { kind: "step", step };
}
