// Regular expressions as Go compiles them. RE2JS refuses a name that two groups have; Go does not mind.
import { RE2JS } from "re2js";

const groupName = /((?:^|[^\\])(?:\\\\)*\(\?P?<)([A-Za-z0-9_]+)>/g;

/** Throws an Error with Go's text when the pattern is none. */
export function compileGoPattern(pattern: string): RE2JS {
  const seen = new Set<string>();
  let count = 0;
  const renamed = pattern.replace(groupName, (whole, before: string, name: string) => {
    if (!seen.has(name)) {
      seen.add(name);
      return whole;
    }
    return `${before}${name}_${++count}>`;
  });
  return RE2JS.compile(renamed);
}
