/**
 * `find` and `findAll` on RE2 expressions. Source: k8s.io/apiserver/pkg/cel/library/regex.go.
 */
import { RE2JS, RE2JSException } from "re2js";
import type { Library } from "../../contract.ts";
import { INT, listOf, STRING } from "../../types.ts";
import { ArrayList, CelError, type Result } from "../../values.ts";
import { functions, method } from "./lib.ts";

const cache = new Map<string, RE2JS | CelError>();
const mostCached = 512;

/** The compiled expression, or the error whose message is Go's. */
export function compileRegex(pattern: string): RE2JS | CelError {
  const known = cache.get(pattern);
  if (known !== undefined) return known;
  const compiled = tryCompile(pattern);
  if (cache.size >= mostCached) cache.clear();
  cache.set(pattern, compiled);
  return compiled;
}

function tryCompile(pattern: string): RE2JS | CelError {
  try {
    return RE2JS.compile(pattern);
  } catch (error) {
    if (error instanceof RE2JSException) return new CelError(error.message);
    throw error;
  }
}

function find(text: string, pattern: string): Result {
  const expression = compileRegex(pattern);
  if (expression instanceof CelError) return illegal(expression);
  const matcher = expression.matcher(text);
  return matcher.find() ? (matcher.group() ?? "") : "";
}

function findAll(text: string, pattern: string, limit: bigint): Result {
  const expression = compileRegex(pattern);
  if (expression instanceof CelError) return illegal(expression);
  const found: string[] = [];
  const matcher = expression.matcher(text);
  let previousEnd = -1;
  while ((limit < 0n || BigInt(found.length) < limit) && matcher.find()) {
    // An empty match right behind the previous match does not count in Go.
    if (matcher.start() !== matcher.end() || matcher.start() !== previousEnd) found.push(matcher.group() ?? "");
    previousEnd = matcher.end();
  }
  return new ArrayList(found);
}

const illegal = (error: CelError): CelError => new CelError(`Illegal regex: ${error.message}`);

export const REGEX: Library = {
  name: "kubernetes.regex",
  functions: functions({
    find: [method("string_find_string", [[STRING, STRING], STRING], find)],
    findAll: [
      method("string_find_all_string", [[STRING, STRING], listOf(STRING)], (text: string, pattern: string) =>
        findAll(text, pattern, -1n),
      ),
      method("string_find_all_string_int", [[STRING, STRING, INT], listOf(STRING)], findAll),
    ],
  }),
};
