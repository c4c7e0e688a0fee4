// The door to CEL: nothing of it is loaded before the first expression is met.
import type {
  AuthorizerValue,
  EvaluationPass,
  Expression,
  NamedExpression,
} from "../../../machinery/cel/admission/index.ts";

export type Cel = typeof import("../../../machinery/cel/admission/index.ts");
export type { AuthorizerValue, EvaluationPass, Expression, NamedExpression };

let loading: Promise<Cel> | undefined;

export const loadCel = (): Promise<Cel> => (loading ??= import("../../../machinery/cel/admission/index.ts"));
