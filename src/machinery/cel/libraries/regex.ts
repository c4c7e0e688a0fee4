/** RE2 patterns: compiled once, matched in linear time, with Go's messages for patterns that do not compile. */
import type { RE2JS } from "re2js";
import { compileGoPattern } from "../../regexp/index.ts";
import type { OverloadDecl } from "../contract.ts";
import { BOOL, STRING } from "../types.ts";
import { CelError, type Value } from "../values.ts";

const MAX_CACHED = 256;
const cache = new Map<string, RE2JS | CelError>();

/** The compiled pattern, or the error in Go's words. */
export function compilePattern(pattern: string): RE2JS | CelError {
  const known = cache.get(pattern);
  if (known !== undefined) return known;
  if (cache.size >= MAX_CACHED) cache.clear();
  const compiled = compileAnew(pattern);
  cache.set(pattern, compiled);
  return compiled;
}

function compileAnew(pattern: string): RE2JS | CelError {
  try {
    return compileGoPattern(pattern);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return new CelError(error.message);
  }
}

function matches(text: string, pattern: string): boolean | CelError {
  const compiled = compilePattern(pattern);
  return compiled instanceof CelError ? compiled : compiled.test(text);
}

function specialize(constants: readonly (Value | undefined)[]): ReturnType<NonNullable<OverloadDecl["specialize"]>> {
  const pattern = constants[1];
  if (typeof pattern !== "string") return undefined;
  const compiled = compilePattern(pattern);
  if (compiled instanceof CelError) return compiled;
  return {
    run: (text: Value) => (typeof text === "string" ? compiled.test(text) : new CelError("no such overload")),
  };
}

/** `matches(text, pattern)` and `text.matches(pattern)`. */
export function matchesOverloads(): readonly OverloadDecl[] {
  const args = [STRING, STRING];
  return [
    { id: "matches", args, result: BOOL, evaluate: matches, specialize },
    { id: "matches_string", member: true, args, result: BOOL, evaluate: matches, specialize },
  ];
}
