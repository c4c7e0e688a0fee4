// The variable `authorizer` of one request, for authorizers that answer later.
// Source: k8s.io/apiserver/pkg/cel/library/authz.go, admission/plugin/authorizer/caching_authorizer.go.
import {
  type AuthorizationAnswer,
  type AuthorizationQuestion,
  type AuthorizerUser,
  type AuthorizerValue,
  authorizerValue,
} from "./libraries/authorizer.ts";

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
