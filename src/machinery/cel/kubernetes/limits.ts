/**
 * Budgets and sizes that decide which expressions Kubernetes takes and when it stops evaluating them. A cost unit is about
 * 50 ns of upstream's evaluation. Sources: k8s.io/apiserver/pkg/apis/cel/config.go, pkg/cel/limits.go,
 * k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation/validation.go.
 */

/** PerCallLimit: the cost of one evaluation of one expression. */
export const perCallLimit = 1_000_000;
/** RuntimeCELCostBudget: all rules of one custom resource, or all expressions of one policy binding. */
export const runtimeCostBudget = 10_000_000;
/** RuntimeCELCostBudgetMatchConditions: all match conditions of one webhook or policy binding. */
export const runtimeCostBudgetMatchConditions = 2_500_000;
/** StaticEstimatedCostLimit: the estimated cost of one rule times its number of occurrences. */
export const staticEstimatedCostLimit = 10_000_000;
/** StaticEstimatedCRDCostLimit: the sum of these over a schema. */
export const staticEstimatedCrdCostLimit = 100_000_000;
/** MaxRequestSizeBytes, from which the sizes of unbounded strings, lists and maps are guessed. */
export const maxRequestSizeBytes = 3 * 1024 * 1024;
/** MaxEvaluatedMessageExpressionSizeBytes. */
export const maxMessageSizeBytes = 5 * 1024;

export const maxDurationSizeJson = 32;
export const maxDatetimeSizeJson = 32;
export const minDurationSizeJson = 3;
export const jsonDateSize = 12;
export const minDatetimeSizeJson = 21;
export const minStringSize = 2;
export const minBoolSize = 4;
export const minNumberSize = 1;
/** MaxFormatSize and MaxNameFormatRegexSize of the format library. */
export const maxFormatSize = 64;
export const maxNameFormatRegexSize = 128;
