// CEL expressions that select devices. CEL is loaded when the first object that may have one is written.

import type { SelectorProblem } from "./selector-compiler.ts";

export type { SelectorProblem };

const loaded: { compiler?: typeof import("./selector-compiler.ts") } = {};

/** To be awaited before `selectorProblem` is called. */
export async function loadSelectors(): Promise<void> {
  loaded.compiler ??= await import("./selector-compiler.ts");
}

/** Undefined when the expression is fine. */
export function selectorProblem(
  expression: string,
  { stored, featureEnabled }: { readonly stored: boolean; readonly featureEnabled: (gate: string) => boolean },
): SelectorProblem | undefined {
  if (loaded.compiler === undefined) throw new Error("device selectors are checked before CEL is loaded");
  const features = {
    consumableCapacity: featureEnabled("DRAConsumableCapacity"),
    listAttributes: featureEnabled("DRAListTypeAttributes"),
  };
  return loaded.compiler.checkSelector(expression, { features, stored });
}
