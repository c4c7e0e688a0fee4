/**
 * CEL as Kubernetes uses it. Rules of custom resources: `checkRules` for the author of a schema, `ruleTree` and
 * `validateRules` for its objects. Other expressions: `compileIn`, and `kubernetesEnvironment` for variables
 * and types. JSON comes in through `schemaValue` and `dynamicValue`.
 */
export * from "./compile.ts";
export type { CostEstimator } from "./cost/coster.ts";
export type { Estimate } from "./cost/estimate-size.ts";
export * from "./environment.ts";
export * from "./libraries/authorizer.ts";
export * from "./limits.ts";
export * from "./request-authorizer.ts";
export { resolveFieldPath } from "./rules/field-path.ts";
export * from "./rules/rule-check.ts";
export { compileRulesOf } from "./rules/rule-compile.ts";
export { type RuleTree, ruleTree } from "./rules/rule-tree.ts";
export * from "./rules/rule-validate.ts";
export * from "./schema/decl-type.ts";
export { dynamicValue } from "./schema/json-values.ts";
export type { RuleSchema } from "./schema/schema.ts";
export * from "./text/escaping.ts";
