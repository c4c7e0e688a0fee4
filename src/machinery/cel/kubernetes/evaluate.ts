/**
 * Evaluation under a budget, and with authorizers that answer later.
 * Source: k8s.io/apiserver/pkg/admission/plugin/cel/condition.go.
 */
import type { Activation, Evaluation, Program } from "../contract.ts";
import { CelError, type Result } from "../values.ts";
import {
  type AuthorizationAnswer,
  type AuthorizationQuestion,
  type AuthorizerUser,
  type AuthorizerValue,
  authorizerValue,
} from "./libraries/authorizer.ts";

export interface BudgetedEvaluation {
  readonly value: Result;
  /** Below zero when the evaluation cost more than there was; the value is then an error. */
  readonly remainingBudget: number;
}

/** Evaluates once and takes the cost from the budget. */
export function evaluate(program: Program, activation: Activation, costBudget: number): BudgetedEvaluation {
  const { value, cost } = program.evaluate(activation);
  if (cost > costBudget)
    return {
      value: new CelError(
        "validation failed due to running out of cost budget, no further validation rules will be run",
        "cost",
      ),
      remainingBudget: -1,
    };
  return { value, remainingBudget: costBudget - cost };
}

/** Decides a question, at once or later. */
export type Authorize = (question: AuthorizationQuestion) => AuthorizationAnswer | Promise<AuthorizationAnswer>;

/** The authorizer of one request: answers are kept, so each question is asked once. */
export interface RequestAuthorizer {
  /** The value of the variable `authorizer`. */
  readonly value: AuthorizerValue;
  /**
   * Runs `attempt` until it asks nothing that is not answered yet; it must have no effects. What it asked in vain is
   * awaited in between.
   */
  settle<T>(attempt: () => T): Promise<T>;
}

export function createRequestAuthorizer(user: AuthorizerUser, authorize: Authorize): RequestAuthorizer {
  const answers = new Map<string, AuthorizationAnswer>();
  const pending = new Map<string, Promise<AuthorizationAnswer>>();
  const value = authorizerValue(user, (question) => {
    const key = JSON.stringify(question);
    const known = answers.get(key);
    if (known !== undefined || pending.has(key)) return known;
    const answer = authorize(question);
    if (answer instanceof Promise) {
      pending.set(key, answer);
      return undefined;
    }
    answers.set(key, answer);
    return answer;
  });
  return {
    value,
    async settle(attempt) {
      for (;;) {
        const result = attempt();
        if (pending.size === 0) return result;
        const asked = [...pending];
        pending.clear();
        for (const [key, answer] of asked) answers.set(key, await answer);
      }
    },
  };
}

/** Evaluates an expression that may use `authorizer`. */
export const evaluateWithAuthorizer = (
  program: Program,
  authorizer: RequestAuthorizer,
  activation: Activation,
): Promise<Evaluation> => authorizer.settle(() => program.evaluate(activation));
