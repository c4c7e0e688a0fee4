// matchConditions of webhooks and policies. CEL is loaded when the first condition is compiled.
// Upstream: webhook/matchconditions/matcher.go.
import type { MatchCondition } from "../../../api/index.ts";
import type { AdmissionAttributes, Authorizer } from "../../contract.ts";
import { bindingsOf } from "./bindings.ts";
import { type Cel, loadCel, type NamedExpression } from "./cel.ts";
import { withDecisions } from "./decisions.ts";
import type { Match } from "./rules.ts";
import type { VersionedObject } from "./versions.ts";

export interface CompiledConditions {
  readonly conditions: readonly NamedExpression[];
  /** What the conditions may name beside the request. */
  readonly variables: readonly NamedExpression[];
}

export async function compileConditions(
  conditions: readonly MatchCondition[],
  { params }: { readonly params: boolean },
): Promise<CompiledConditions> {
  const cel = await loadCel();
  const compiler = cel.createExpressionCompiler({ variables: false });
  return {
    conditions: conditions.map(({ name, expression }) => ({
      name,
      text: expression,
      compiled: compiler.compile(expression, { params, authorizer: true, returns: ["bool"] }),
    })),
    variables: [],
  };
}

export interface ConditionRequest {
  readonly attributes: AdmissionAttributes;
  readonly match: Match;
  readonly objects: VersionedObject;
  readonly authorizer: Authorizer;
  readonly params?: unknown;
}

export interface ConditionOutcome {
  /** False as soon as one condition is; errors do not count then. */
  readonly matches: boolean;
  readonly errors: readonly string[];
}

export async function evaluateConditions(
  compiled: CompiledConditions,
  request: ConditionRequest,
): Promise<ConditionOutcome> {
  const cel = await loadCel();
  const { attributes, match, objects, params } = request;
  return withDecisions(attributes, request.authorizer, (authorizer) => {
    const pass = cel.createPass({
      bindings: bindingsOf({ attributes, match, objects, authorizer, ...(params === undefined ? {} : { params }) }),
      variables: compiled.variables,
      budget: cel.runtimeCostBudgetMatchConditions,
    });
    return judge(cel, compiled.conditions, pass);
  });
}

/** All are evaluated before one is looked at, as upstream does: a spent budget is an error whatever the rest says. */
function judge(
  cel: Cel,
  conditions: readonly NamedExpression[],
  pass: ReturnType<Cel["createPass"]>,
): ConditionOutcome {
  const errors: string[] = [];
  let matches = true;
  try {
    const outcomes = conditions.map((condition) => pass.evaluate(condition));
    for (const outcome of outcomes) {
      if (outcome.error !== undefined) errors.push(outcome.error);
      else if (outcome.value === false) matches = false;
      if (!matches) return { matches, errors: [] };
    }
    return { matches, errors };
  } catch (error) {
    if (error instanceof cel.OutOfBudget) return { matches: true, errors: [error.message] };
    throw error;
  }
}
