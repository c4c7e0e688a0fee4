// CEL expressions that select devices. Upstream: k8s.io/dynamic-resource-allocation/cel.

/** Why an expression can not be taken. */
export type SelectorProblem = { readonly type: "invalid"; readonly text: string } | { readonly type: "costly" };

/** Undefined when the expression is fine. */
export function selectorProblem(
  expression: string,
  options: { readonly stored: boolean; readonly featureEnabled: (gate: string) => boolean },
): SelectorProblem | undefined {
  void expression;
  void options;
  return undefined;
}
