/** Comprehensions: loops over a list, the keys of a map or, with two variables, over entries. */
import type { ComprehensionExpr, Expr } from "../syntax/ast.ts";
import { ACCUMULATOR } from "../syntax/factory.ts";
import { CelError, CelList, CelMap, type Result, type Value } from "../values.ts";
import { GrowingList } from "./arithmetic.ts";
import { goType } from "./attributes.ts";
import type { Frame, Step } from "./frame.ts";
import { GrowingMap } from "./maps.ts";
import type { Place, PlanScope } from "./place.ts";

/** The parts of a loop, ready to run; numbers are slots of the frame. */
interface Fold {
  readonly range: Step;
  readonly condition: Step;
  readonly step: Step;
  readonly result: Step;
  readonly accu: number;
  readonly first: number;
  readonly second: number;
  readonly twoVariables: boolean;
}

type Growing = () => GrowingList | GrowingMap;

/** An accumulator that starts empty is built in place. */
function growing(init: Expr): Growing | undefined {
  if (init.kind === "list" && init.elements.length === 0) return () => new GrowingList();
  return init.kind === "map" && init.entries.length === 0 ? () => new GrowingMap() : undefined;
}

/** `planStep` plans the parts of the loop, each where it stands. */
export function comprehensionStep(
  place: Place,
  expr: ComprehensionExpr,
  planStep: (place: Place, expr: Expr) => Step,
): Step {
  const { context } = place;
  const accu = context.slots++;
  const first = context.slots++;
  const second = context.slots++;
  const init = planStep(place, expr.accuInit);
  const grows = expr.accuVar === ACCUMULATOR ? growing(expr.accuInit) : undefined;
  const accuScope: PlanScope = {
    parent: place.scope,
    names: new Map([[expr.accuVar, accumulatorReader({ accu, init, grows })]]),
  };
  const names = new Map<string, Step>([[expr.iterVar, (frame) => frame.slots[first] ?? null]]);
  if (expr.iterVar2 !== "") names.set(expr.iterVar2, (frame) => frame.slots[second] ?? null);
  const loop = { context, scope: { parent: accuScope, names } };
  const fold: Fold = {
    range: planStep(place, expr.range),
    condition: planStep(loop, expr.condition),
    step: planStep(loop, expr.step),
    result: planStep({ context, scope: accuScope }, expr.result),
    accu,
    first,
    second,
    twoVariables: expr.iterVar2 !== "",
  };
  return (frame) => run(frame, fold);
}

/** The accumulator gets its first value when it is first read: a binding that nobody reads is not evaluated. */
function accumulatorReader(parts: {
  readonly accu: number;
  readonly init: Step;
  readonly grows: Growing | undefined;
}): Step {
  const { accu, init, grows } = parts;
  return (frame) => {
    const value = frame.slots[accu];
    if (value !== undefined) return value;
    const initial = grows === undefined ? init(frame) : grows();
    frame.slots[accu] = initial;
    return initial;
  };
}

function run(frame: Frame, fold: Fold): Result {
  const range = fold.range(frame);
  if (range instanceof CelError) return range;
  frame.slots[fold.accu] = undefined;
  const failed = iterate(frame, fold, range);
  const result = failed ?? fold.result(frame);
  return result instanceof GrowingList || result instanceof GrowingMap ? result.finish() : result;
}

function iterate(frame: Frame, fold: Fold, range: Value): CelError | undefined {
  if (range instanceof CelList) {
    for (let index = 0; index < range.size; index++) {
      const element = range.at(index);
      frame.slots[fold.first] = fold.twoVariables ? BigInt(index) : element;
      frame.slots[fold.second] = element;
      if (!round(frame, fold)) return undefined;
    }
    return undefined;
  }
  if (range instanceof CelMap) {
    for (const key of range.keys()) {
      frame.slots[fold.first] = key;
      if (fold.twoVariables) frame.slots[fold.second] = range.find(key) ?? null;
      if (!round(frame, fold)) return undefined;
    }
    return undefined;
  }
  if (fold.twoVariables) return new CelError(`unsupported comprehension range type: ${goType(range)}`);
  return new CelError(`got '${goType(range)}', expected iterable type`);
}

/** Whether the loop goes on. */
function round(frame: Frame, fold: Fold): boolean {
  if (fold.condition(frame) === false) return false;
  frame.slots[fold.accu] = fold.step(frame);
  return true;
}
