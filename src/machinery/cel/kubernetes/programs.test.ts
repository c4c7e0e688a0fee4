import assert from "node:assert/strict";
import { test } from "node:test";
import type { Program, VariableDecl } from "../contract.ts";
import { extendEnv } from "../environment.ts";
import { CelType, INT } from "../types.ts";
import { CelError } from "../values.ts";
import {
  AUTHORIZER_TYPE,
  type AuthorizationQuestion,
  baseEnvironment,
  compileIn,
  createRequestAuthorizer,
  dynamicValue,
  librariesOf,
  perCallLimit,
} from "./index.ts";

const program = (expression: string, variables: readonly VariableDecl[] = [], costLimit = perCallLimit): Program => {
  const compiled = compileIn(extendEnv(baseEnvironment(), { variables }), expression);
  assert.ok(compiled.ast !== undefined, String(compiled.error));
  const made = compiled.program({ costLimit });
  assert.ok(typeof made !== "string", String(made));
  return made;
};

test("one evaluation may cost so much and no more", () => {
  const list = dynamicValue(Array.from({ length: 2000 }, (_, index) => index));
  const nested = program("l.all(x, l.all(y, x == x))", [{ name: "l", type: new CelType("list", "list", [INT]) }]);
  const { value, cost } = nested.evaluate({ l: list });
  assert.deepEqual(value, new CelError("operation cancelled: actual cost limit exceeded", "cost"));
  assert.ok(cost > perCallLimit);
});

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
  const result = await authorizer.settle(() => checks.evaluate({ authorizer: authorizer.value }));
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
