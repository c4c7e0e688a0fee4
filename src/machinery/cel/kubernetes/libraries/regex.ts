/**
 * `find` and `findAll` on RE2 expressions. Source: k8s.io/apiserver/pkg/cel/library/regex.go.
 */
import type { RE2JS } from "re2js";
import type { Library, OverloadDecl } from "../../contract.ts";
import { compilePattern } from "../../libraries/regex.ts";
import { INT, listOf, STRING } from "../../types.ts";
import { ArrayList, CelError, type Result } from "../../values.ts";
import { functions, method } from "./lib.ts";

/** Upstream introduces a pattern that does not compile only when it is no constant. */
const withPattern = (pattern: string, use: (expression: RE2JS) => Result): Result => {
  const expression = compilePattern(pattern);
  return expression instanceof CelError ? new CelError(`Illegal regex: ${expression.message}`) : use(expression);
};

const find = (text: string, pattern: string): Result =>
  withPattern(pattern, (expression) => {
    const matcher = expression.matcher(text);
    return matcher.find() ? (matcher.group() ?? "") : "";
  });

const findAll = (text: string, pattern: string, limit: bigint): Result =>
  withPattern(pattern, (expression) => {
    const found: string[] = [];
    const matcher = expression.matcher(text);
    let previousEnd = -1;
    while ((limit < 0n || BigInt(found.length) < limit) && matcher.find()) {
      // An empty match right behind the previous match does not count in Go.
      if (matcher.start() !== matcher.end() || matcher.start() !== previousEnd) found.push(matcher.group() ?? "");
      previousEnd = matcher.end();
    }
    return new ArrayList(found);
  });

/** A constant pattern that does not compile makes the program impossible; compiled ones are kept by the cache. */
const checked = (overload: OverloadDecl): OverloadDecl => ({
  ...overload,
  specialize: ([, pattern]) => {
    const expression = typeof pattern === "string" ? compilePattern(pattern) : undefined;
    return expression instanceof CelError ? expression : undefined;
  },
});

export const REGEX: Library = {
  name: "kubernetes.regex",
  functions: functions({
    find: [checked(method("string_find_string", [[STRING, STRING], STRING], find))],
    findAll: [
      checked(
        method("string_find_all_string", [[STRING, STRING], listOf(STRING)], (text: string, pattern: string) =>
          findAll(text, pattern, -1n),
        ),
      ),
      checked(method("string_find_all_string_int", [[STRING, STRING, INT], listOf(STRING)], findAll)),
    ],
  }),
};
