/**
 * CEL as Kubernetes uses it. Rules of custom resources: `checkRules` for the author of a schema, `ruleTree` and
 * `validateRules` for its objects. Other expressions: `compileExpression`, `evaluate`, and `kubernetesEnvironment` for
 * variables and types. JSON comes in through `schemaValue` and `dynamicValue`.
 */
export * from "./compile.ts";
export * from "./decl-type.ts";
export * from "./environment.ts";
export * from "./escaping.ts";
export { type CostEstimator, type CostNode, estimateCost } from "./estimate.ts";
export type { Estimate } from "./estimate-size.ts";
export * from "./evaluate.ts";
export { type FieldPath, type FieldPathOptions, resolveFieldPath } from "./field-path.ts";
export { DynamicList, DynamicMap, dynamicValue, JsonList, JsonMap, nativeOf, schemaValue } from "./json-values.ts";
export * from "./libraries/authorizer.ts";
export { libraryCallCost } from "./library-cost.ts";
export { libraryEstimator } from "./library-estimate.ts";
export * from "./limits.ts";
export * from "./rule-check.ts";
export { type CompiledRule, compileRulesOf, schemaSizes } from "./rule-compile.ts";
export { type RuleTree, ruleTree } from "./rule-tree.ts";
export * from "./rule-validate.ts";
export { hasRules, type RuleSchema, type ValidationRule, withTypeAndObjectMeta } from "./schema.ts";
