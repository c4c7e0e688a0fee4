// Regular expressions as Go compiles them, each once. RE2JS refuses a name that two groups have; Go does not mind.
import { RE2JS } from "re2js";
import { mostPatternCost, patternCost } from "./cost.ts";

export { patternCost } from "./cost.ts";

const groupName = /((?:^|[^\\])(?:\\\\)*\(\?P?<)([A-Za-z0-9_]+)>/g;

/** Compiled patterns, the one used last at the end. */
const compiled = new Map<string, { readonly expression: RE2JS; readonly cost: number }>();
/** Of all that are held: some 40 MB. */
const mostHeldCost = 200_000;
let heldCost = 0;

/** Throws an Error with Go's text when the pattern is none, or too large. */
export function compileGoPattern(pattern: string): RE2JS {
  const known = compiled.get(pattern);
  if (known !== undefined) {
    compiled.delete(pattern);
    compiled.set(pattern, known);
    return known.expression;
  }
  const cost = patternCost(pattern);
  if (cost > mostPatternCost) throw new Error("error parsing regexp: expression too large");
  const expression = RE2JS.compile(withDistinctNames(pattern));
  compiled.set(pattern, { expression, cost });
  heldCost += cost;
  for (const [oldest, { cost: freed }] of compiled) {
    if (heldCost <= mostHeldCost) break;
    compiled.delete(oldest);
    heldCost -= freed;
  }
  return expression;
}

function withDistinctNames(pattern: string): string {
  const seen = new Set<string>();
  let count = 0;
  return pattern.replace(groupName, (whole, before: string, name: string) => {
    if (!seen.has(name)) {
      seen.add(name);
      return whole;
    }
    return `${before}${name}_${++count}>`;
  });
}
