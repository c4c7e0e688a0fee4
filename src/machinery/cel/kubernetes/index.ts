/**
 * CEL as Kubernetes uses it. Rules of custom resources: `checkRules` for the author of a schema, `ruleTree` and
 * `validateRules` for its objects. Other expressions: `compileExpression`, `evaluate`, and `kubernetesEnvironment` for
 * variables and types. JSON comes in through `schemaValue` and `dynamicValue`.
 */
export * from "./compile.ts";
export type { CostEstimator, CostNode } from "./cost/coster.ts";
export { estimateCost } from "./cost/estimate.ts";
export type { Estimate } from "./cost/estimate-size.ts";
export { libraryCallCost } from "./cost/library-cost.ts";
export { libraryEstimator } from "./cost/library-estimate.ts";
export * from "./environment.ts";
export * from "./evaluate.ts";
export * from "./libraries/authorizer.ts";
export * from "./limits.ts";
export { type FieldPath, type FieldPathOptions, resolveFieldPath } from "./rules/field-path.ts";
export * from "./rules/rule-check.ts";
export { type CompiledRule, compileRulesOf } from "./rules/rule-compile.ts";
export { type RuleTree, ruleTree } from "./rules/rule-tree.ts";
export * from "./rules/rule-validate.ts";
export * from "./schema/decl-type.ts";
export {
  dynamicValue,
  schemaValue,
} from "./schema/json-values.ts";
export { hasRules, type RuleSchema, type ValidationRule, withTypeAndObjectMeta } from "./schema/schema.ts";
export * from "./text/escaping.ts";
