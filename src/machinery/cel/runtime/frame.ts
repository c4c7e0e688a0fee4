/** The state of one evaluation, and the money it may spend. */
import type { Activation } from "../contract.ts";
import { CelError, type Result } from "../values.ts";

export interface Frame {
  readonly activation: Activation;
  /** Values of top-level variables that were read already, by the program's numbering. */
  readonly variables: (Result | undefined)[];
  /** Values of comprehension variables; an accumulator is undefined until it is first read. */
  readonly slots: (Result | undefined)[];
  readonly limit: number;
  cost: number;
}

/** One node of a program, ready to run. */
export type Step = (frame: Frame) => Result;

/** The evaluation's end when it has spent more than its limit. */
export const COST_EXCEEDED = new CelError("operation cancelled: actual cost limit exceeded", "cost");

/** Thrown to unwind an evaluation that costs too much: no operator may absorb it. */
export class CostExceeded extends Error {}

/** Thrown where cel-go's own code gives up on an argument that failed: the whole evaluation ends with this text. */
export class InternalFailure extends Error {}

const EXCEEDED = new CostExceeded("cost limit");

/** Adds to the cost of an evaluation; throws when it exceeds the limit. */
export function charge(frame: Frame, cost: number): void {
  frame.cost += cost;
  if (frame.cost > frame.limit) throw EXCEEDED;
}
