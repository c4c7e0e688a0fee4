/** Where a planner stands: what it knows of the program, and which variables the comprehensions around it bind. */
import type { Declarations } from "../check/environment.ts";
import type { CheckedAst, OverloadCost, ProgramOptions } from "../contract.ts";
import type { Step } from "./frame.ts";

/** What planning one program needs to know. */
export interface PlanContext {
  readonly ast: CheckedAst;
  readonly decls: Declarations;
  readonly costs: ReadonlyMap<string, OverloadCost>;
  readonly options: ProgramOptions;
  /** Top-level variables in the order of their numbers. */
  readonly variables: string[];
  slots: number;
}

/** How a comprehension's variables are read. */
export interface PlanScope {
  readonly parent: PlanScope | undefined;
  readonly names: ReadonlyMap<string, Step>;
}

/** One planner for one expression and the scope it stands in. */
export interface Place {
  readonly context: PlanContext;
  readonly scope: PlanScope | undefined;
}
