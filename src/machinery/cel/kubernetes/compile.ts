/**
 * Expressions to programs, with upstream's texts for those that cannot be one.
 * Source: k8s.io/apiserver/pkg/admission/plugin/cel/compile.go.
 */
import type { CheckedAst, Program, ProgramOptions, VariableDecl } from "../contract.ts";
import { compile, createProgram, type Env, extendEnv } from "../environment.ts";
import { ANY, type CelType, sameType } from "../types.ts";
import { CelError } from "../values.ts";
import type { CostEstimator } from "./cost/coster.ts";
import { estimateCost } from "./cost/estimate.ts";
import type { Estimate } from "./cost/estimate-size.ts";
import { libraryCallCost } from "./cost/library-cost.ts";
import { libraryEstimator } from "./cost/library-estimate.ts";
import { baseEnvironment } from "./environment.ts";
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

export interface ExpressionInput {
  readonly expression: string;
  /** Variables beside those of the environment. */
  readonly variables?: readonly VariableDecl[];
  /** What it may come to; `ANY` takes everything. Default: everything. */
  readonly outputTypes?: readonly CelType[];
  /** Default: the common environment. */
  readonly environment?: Env;
  /** Of one evaluation; default `perCallLimit`. */
  readonly costLimit?: number;
}

export type ExpressionProgram =
  | { readonly error?: undefined; readonly program: Program; readonly outputType: CelType; readonly ast: CheckedAst }
  | { readonly error: string; readonly type: "invalid" | "internal" };

/** Compiles an expression for use; the error is what clients read. */
export function compileExpression(input: ExpressionInput): ExpressionProgram {
  const { expression, variables = [], outputTypes = [ANY], environment, costLimit = perCallLimit } = input;
  const env = extendEnv(environment ?? baseEnvironment(), { variables });
  const compiled = compileIn(env, expression);
  if (compiled.ast === undefined) return { error: `compilation failed: ${compiled.error}`, type: "invalid" };
  const { outputType } = compiled.ast;
  const fits = outputTypes.some(
    (type) => type === ANY || (sameType(type, outputType) && type.nullable === outputType.nullable),
  );
  if (!fits) return { error: wrongType(outputTypes, outputType), type: "invalid" };
  const program = compiled.program({ costLimit });
  if (typeof program === "string") return { error: `program instantiation failed: ${program}`, type: "internal" };
  return { program, outputType, ast: compiled.ast };
}

function wrongType(wanted: readonly CelType[], got: CelType): string {
  if (wanted.length === 1) return `must evaluate to ${wanted[0]} but got ${got}`;
  return `must evaluate to one of [${wanted.join(" ")}] but got ${got}`;
}
