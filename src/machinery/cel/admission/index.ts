export type {
  AuthorizationAnswer,
  AuthorizationQuestion,
  AuthorizerValue,
} from "../kubernetes/libraries/authorizer.ts";
export { maxMessageSizeBytes, runtimeCostBudget, runtimeCostBudgetMatchConditions } from "../kubernetes/limits.ts";
export { createRequestAuthorizer, type RequestAuthorizer } from "../kubernetes/request-authorizer.ts";
export type { RuleSchema } from "../kubernetes/schema/schema.ts";
export { CelList, type Value } from "../values.ts";
export * from "./compiler.ts";
export * from "./contract.ts";
export * from "./evaluation.ts";
export { BuiltObject, jsonOf, misplacedTypes, NoJsonError } from "./patch-types.ts";
export { createTypeChecker } from "./type-checking.ts";
