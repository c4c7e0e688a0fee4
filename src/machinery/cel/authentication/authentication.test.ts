// Expressions about tokens, with the texts of kube-apiserver 1.36.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { compileTokenExpression, textsOf, tokenValue } from "./index.ts";

const claims = tokenValue({ sub: "ann", exp: 5, "a.b": { "c.d": ["x"] }, roles: ["r", ""], admin: true, none: null });

describe("claims", () => {
  const cases = [
    ["claims.sub + '!'", "ann!"],
    ["claims.exp", 5],
    ["claims.exp == 5", true],
    ["claims.a__dot__b.c__dot__d[0]", "x"],
    ["claims.?email.orValue('none')", "none"],
    ["has(claims.none)", true],
    ["claims.roles.exists(r, r == 'r')", "refused"],
    ["dyn(claims.roles).exists(r, r == 'r')", true],
  ] as const;
  for (const [expression, expected] of cases)
    it(expression, () => {
      if (expected === "refused")
        assert.throws(() => compileTokenExpression("claims", expression, "any"), /cannot be range of a comprehension/);
      else assert.equal(compileTokenExpression("claims", expression, "any").evaluate(claims), expected);
    });
  it("that are not there fail with the expression", () =>
    assert.throws(() => compileTokenExpression("claims", "claims.email", "any").evaluate(claims), {
      message: "expression 'claims.email' resulted in error: no such key: email",
    }));
  it("are known by the expressions that look at them", () => {
    const uses = (expression: string): boolean => compileTokenExpression("claims", expression, "any").uses("email");
    assert.ok(uses("claims.sub + claims.email"));
    assert.ok(uses("claims.?email.orValue('')"));
    assert.ok(uses("{'a': [claims.email]}"));
    assert.ok(!uses("claims.email_verified"));
    assert.ok(!uses("claims.sub.email"));
  });
});

describe("rules", () => {
  const user = tokenValue({ username: "system:x", uid: "", groups: ["g"], extra: { a: ["b"] } });
  it("look at the user", () => {
    const holds = (expression: string) => compileTokenExpression("user", expression, "bool").evaluate(user);
    assert.equal(holds("!user.username.startsWith('system:')"), false);
    assert.equal(holds("user.groups.all(g, g != 'x') && user.extra['a'] == ['b'] && user.uid == ''"), true);
  });
  it("must come to a boolean", () =>
    assert.throws(() => compileTokenExpression("user", "user.username", "bool"), {
      message: "must evaluate to bool",
    }));
  it("know the user's fields", () =>
    assert.throws(
      () => compileTokenExpression("user", "user.foo", "bool"),
      /compilation failed: .*undefined field 'foo'/s,
    ));
});

describe("values as texts", () => {
  const cases = [
    [null, []],
    ["", []],
    ["a", ["a"]],
    [
      ["a", "", "b"],
      ["a", "b"],
    ],
    [[1], undefined],
    [5, undefined],
  ] as const;
  for (const [json, expected] of cases)
    it(JSON.stringify(json), () => assert.deepEqual(textsOf(tokenValue(json)), expected));
});
