/**
 * Expressions to programs, and what they cost.
 * Source: k8s.io/apiserver/pkg/admission/plugin/cel/compile.go.
 */
import type { CheckedAst, Program, ProgramOptions } from "../contract.ts";
import { compile, createProgram, type Env } from "../environment.ts";
import { CelError } from "../values.ts";
import type { CostEstimator } from "./cost/coster.ts";
import { estimateCost } from "./cost/estimate.ts";
import type { Estimate } from "./cost/estimate-size.ts";
import { libraryCallCost } from "./cost/library-cost.ts";
import { libraryEstimator } from "./cost/library-estimate.ts";
import { perCallLimit } from "./limits.ts";

/** A checked expression, or the checker's text about it. */
export type Compilation =
  | {
      readonly error?: undefined;
      readonly ast: CheckedAst;
      /** The program, or why it can never run. Costs are counted as Kubernetes does. */
      program(options?: Pick<ProgramOptions, "costLimit">): Program | string;
      /** What one evaluation costs, given the sizes of the inputs and the costs of the caller's own functions. */
      estimate(sizes?: CostEstimator["size"], call?: CostEstimator["call"]): Estimate;
    }
  | { readonly error: string; readonly ast?: undefined };

/** Compiles an expression in an environment. */
export function compileIn(env: Env, expression: string): Compilation {
  const { ast, text } = compile(env, expression);
  if (ast === undefined) return { error: text };
  return {
    ast,
    program: (options = {}) => {
      const program = createProgram(env, ast, {
        costLimit: perCallLimit,
        ...options,
        callCost: libraryCallCost,
        presenceTestHasCost: false,
      });
      return program instanceof CelError ? program.message : program;
    },
    estimate: (sizes, call) => {
      const known = libraryEstimator(sizes);
      return estimateCost(
        ast,
        call === undefined ? known : { ...known, call: (each) => call(each) ?? known.call(each) },
      );
    },
  };
}
