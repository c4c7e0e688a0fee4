import assert from "node:assert/strict";
import { test } from "node:test";
import type { Program, VariableDecl } from "../contract.ts";
import { BOOL, type CelType, INT, STRING } from "../types.ts";
import { CelError } from "../values.ts";
import {
  AUTHORIZER_TYPE,
  type AuthorizationQuestion,
  compileExpression,
  createRequestAuthorizer,
  dynamicValue,
  evaluate,
  evaluateWithAuthorizer,
  librariesOf,
  perCallLimit,
} from "./index.ts";

const program = (expression: string, variables: readonly VariableDecl[] = [], costLimit = perCallLimit): Program => {
  const compiled = compileExpression({ expression, variables, costLimit });
  if (compiled.error !== undefined) throw new Error(compiled.error);
  return compiled.program;
};

test("errors of expressions are in upstream's words", () => {
  const error = (expression: string, outputTypes: readonly CelType[] = [BOOL]): string | undefined =>
    compileExpression({ expression, outputTypes }).error;
  assert.equal(error("1"), "must evaluate to bool but got int");
  assert.equal(error("1", [BOOL, STRING]), "must evaluate to one of [bool string] but got int");
  assert.match(error("x") ?? "", /^compilation failed: ERROR: <input>:1:1: undeclared reference to 'x'/);
  assert.equal(error('int("a") == 1'), "program instantiation failed: type conversion error from 'string' to 'int'");
  assert.equal(
    error('"a".find("(") == ""'),
    "program instantiation failed: error parsing regexp: missing closing ): `(`",
  );
  assert.equal(error("true"), undefined);
});

test("a budget is used up", () => {
  const sum = program("[1, 2, 3].map(x, x + 1).sum() == y", [{ name: "y", type: INT }]);
  const first = evaluate(sum, { y: 9n }, 100);
  assert.equal(first.value, true);
  assert.ok(first.remainingBudget < 100 && first.remainingBudget > 0);
  const second = evaluate(sum, { y: 9n }, 10);
  assert.ok(second.value instanceof CelError);
  assert.equal(second.remainingBudget, -1);
});

test("one evaluation may cost so much and no more", () => {
  const list = dynamicValue(Array.from({ length: 2000 }, (_, index) => index));
  const nested = program("l.all(x, l.all(y, x == x))", [{ name: "l", type: compileType("[1]") }]);
  const { value, cost } = nested.evaluate({ l: list });
  assert.deepEqual(value, new CelError("operation cancelled: actual cost limit exceeded", "cost"));
  assert.ok(cost > perCallLimit);
});

function compileType(expression: string): CelType {
  const compiled = compileExpression({ expression });
  assert.ok(compiled.error === undefined);
  return compiled.outputType;
}

test("authorizers that answer later are asked once a question", async () => {
  const asked: AuthorizationQuestion[] = [];
  const authorizer = createRequestAuthorizer({ name: "alice", groups: ["g"] }, async (question) => {
    asked.push(question);
    await Promise.resolve();
    return { allowed: "path" in question, reason: "because" };
  });
  const expression = `
    authorizer.path("/healthz").check("get").allowed() &&
    !authorizer.group("apps").resource("deployments").subresource("scale").namespace("ns").name("n")
      .check("update").allowed() &&
    authorizer.path("/healthz").check("get").reason() == "because" &&
    !authorizer.serviceAccount("ns", "sa").group("").resource("pods").fieldSelector("a=b").labelSelector("c")
      .check("list").errored()`;
  const variables = [{ name: "authorizer", type: AUTHORIZER_TYPE }];
  const checks = program(expression, variables, 4 * 350_000 + 1000);
  const result = await evaluateWithAuthorizer(checks, authorizer, {
    authorizer: authorizer.value,
  });
  assert.equal(result.value, true);
  assert.deepEqual(asked, [
    { user: { name: "alice", groups: ["g"] }, verb: "get", path: "/healthz" },
    {
      user: { name: "alice", groups: ["g"] },
      verb: "update",
      group: "apps",
      resource: "deployments",
      subresource: "scale",
      namespace: "ns",
      name: "n",
      fieldSelector: "",
      labelSelector: "",
    },
    {
      user: {
        name: "system:serviceaccount:ns:sa",
        groups: ["system:serviceaccounts", "system:serviceaccounts:ns"],
      },
      verb: "list",
      group: "",
      resource: "pods",
      subresource: "",
      namespace: "",
      name: "",
      fieldSelector: "a=b",
      labelSelector: "c",
    },
  ]);
});

test("libraries come with their versions", () => {
  const names = (version: number | "stored"): readonly string[] => librariesOf(version).map(({ name }) => name);
  assert.ok(!names(27).includes("kubernetes.quantity"));
  assert.ok(names(28).includes("kubernetes.quantity"));
  assert.ok(!names(32).includes("kubernetes.Semver"));
  assert.deepEqual(names(35), names("stored"));
});
