import assert from "node:assert/strict";
import { test } from "node:test";
import { createExpressionCompiler } from "./compiler.ts";
import type { ReturnType } from "./contract.ts";

const compiler = createExpressionCompiler({ variables: true });
const error = (expression: string, returns: readonly ReturnType[] = ["bool"]): string | undefined =>
  compiler.compile(expression, { params: false, authorizer: false, returns }).error?.detail;

const table: readonly [string, readonly ReturnType[], RegExp | string | undefined][] = [
  ["1", ["bool"], "must evaluate to bool but got int"],
  ["1", ["bool", "string"], "must evaluate to one of [bool string] but got int"],
  ["1", ["any"], undefined],
  ["x", ["bool"], /^compilation failed: ERROR: <input>:1:1: undeclared reference to 'x'/],
  ["params == 1", ["bool"], /undeclared reference to 'params'/],
  ['int("a") == 1', ["bool"], "program instantiation failed: type conversion error from 'string' to 'int'"],
  ['"a".find("(") == ""', ["bool"], "program instantiation failed: error parsing regexp: missing closing ): `(`"],
  ["true", ["bool"], undefined],
];
for (const [expression, returns, expected] of table)
  test(`${expression} as ${returns.join(" or ")}`, () => {
    const found = error(expression, returns);
    if (expected instanceof RegExp) assert.match(found ?? "", expected);
    else assert.equal(found, expected);
  });
