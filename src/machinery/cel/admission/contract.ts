// Expressions of admission: what webhooks' match conditions and admission policies are compiled to and evaluated with.
// Upstream: k8s.io/apiserver/pkg/admission/plugin/cel.
import type { CelType } from "../types.ts";
import type { Result } from "../values.ts";

/** What an expression may come to; `any` takes everything. */
export type ReturnType = "bool" | "string" | "null" | "any" | "object" | "jsonPatch";

export interface ExpressionOptions {
  /** Whether `params` is declared. */
  readonly params: boolean;
  /** Whether `authorizer` and `authorizer.requestResource` are declared. */
  readonly authorizer: boolean;
  /** Whether `Object{}` and `JSONPatch{}` may be built. */
  readonly patchTypes?: boolean;
  readonly returns: readonly ReturnType[];
}

/** Why an expression can not be used. `detail` is the text clients read, such as `compilation failed: ERROR: …`. */
export interface ExpressionError {
  readonly type: "invalid" | "internal";
  readonly detail: string;
}

export type CompiledExpression =
  | { readonly error: ExpressionError }
  | { readonly error?: undefined; readonly outputType: CelType; evaluate: Evaluate };

/** Values of the variables by name, and what it may cost. */
export type Evaluate = (
  activation: Readonly<Record<string, Result | undefined>>,
  costLimit: number,
) => { readonly value: Result; readonly cost: number };

/** One policy's or webhook's expressions: variables that are added are seen by all that are compiled afterwards. */
export interface ExpressionCompiler {
  compile(expression: string, options: ExpressionOptions): CompiledExpression;
  /** Declares `variables.<name>`, with the type that the expression turned out to have. */
  addVariable(name: string, expression: string, options: ExpressionOptions): CompiledExpression;
}
