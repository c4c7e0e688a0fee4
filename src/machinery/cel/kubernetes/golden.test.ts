// Holds expressions and rules against what upstream's own packages (apiextensions-apiserver v0.36.3) answered: values, errors,
// estimated costs, and costs spent. The expressions were made at random from the declared overloads.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Correlated } from "../../../api/apiextensions/custom/values/correlation.ts";
import { isObject } from "../../equal.ts";
import {
  compileRulesOf,
  declTypeOf,
  type RuleSchema,
  type RuleTree,
  ruleTree,
  runtimeCostBudget,
  validateRules,
} from "./index.ts";

interface Expressions {
  readonly schema: RuleSchema;
  readonly object: unknown;
  readonly expressions: readonly {
    readonly expression: string;
    readonly error?: string;
    readonly value?: string;
    readonly maxCost?: number | "huge";
  }[];
}

interface Rules {
  readonly id: string;
  readonly schema: RuleSchema;
  /** Of the rules of the root; empty texts for those that compile. */
  readonly compileErrors: readonly string[];
  readonly runs: readonly {
    readonly value: unknown;
    readonly old?: unknown;
    readonly errors: readonly string[];
    readonly cost: number;
  }[];
}

const read = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../testdata/${name}`, import.meta.url), "utf8"));
const withoutNumber = (text: string): string => text.replaceAll(/selfType\d+/g, "selfType");

test("expressions come to upstream's values, errors and estimated costs", () => {
  const { schema, object, expressions } = read("cel-expressions.json") as Expressions;
  for (const { expression, error, value, maxCost } of expressions) {
    const rules = [{ rule: "false", messageExpression: expression }];
    const full = { ...schema, "x-kubernetes-validations": rules };
    const [compiled] = compileRulesOf(full, declTypeOf(full, true)!);
    assert.equal(withoutNumber(compiled?.messageError ?? ""), error ?? "", expression);
    if (error !== undefined) continue;
    // Doubles hold the largest costs only roughly; they are far above every limit.
    if (maxCost === "huge") assert.ok(compiled!.messageMaxCost > 2 ** 53, expression);
    else assert.equal(compiled?.messageMaxCost, maxCost, expression);
    const { errors } = validateRules(ruleTree(full), { value: object, costBudget: runtimeCostBudget });
    assert.equal(errors[0]?.message, `Invalid value: ${value ?? "failed rule: false"}`, expression);
  }
});

for (const { id, schema, compileErrors, runs } of read("cel-rules.json") as readonly Rules[]) {
  test(`rules: ${id}`, () => {
    const tree = ruleTree(schema);
    const compiled = tree?.compiled().rules.map((rule) => withoutNumber(rule.error ?? rule.messageError ?? ""));
    if (compileErrors.length > 0) assert.deepEqual(compiled, compileErrors);
    for (const { value, old, errors, cost } of runs) {
      const correlation = isObject(old) ? new Correlated(value, old, schema) : undefined;
      const outcome = validateRules(tree, { value, old, correlation, costBudget: runtimeCostBudget });
      const texts = outcome.errors.map((error) => withoutNumber(`${error.field}: ${error.message}`)).sort();
      assert.deepEqual(texts, errors);
      assert.equal(runtimeCostBudget - outcome.remainingBudget, cost);
    }
  });
}

test("an error about what did not change becomes a warning", () => {
  const schema: RuleSchema = {
    type: "object",
    properties: {
      a: { type: "integer", "x-kubernetes-validations": [{ rule: "self > 0" }] },
      b: { type: "integer" },
    },
  };
  const [value, old] = [
    { a: 0, b: 1 },
    { a: 0, b: 2 },
  ];
  const tree: RuleTree | undefined = ruleTree(schema);
  const correlation = new Correlated(value, old, schema);
  assert.deepEqual(validateRules(tree, { value, old, correlation, costBudget: runtimeCostBudget }), {
    errors: [],
    warnings: ["a: Invalid value: 0: failed rule: self > 0"],
    remainingBudget: runtimeCostBudget - 2,
  });
});

test("names of types that have no value are told where upstream tells them", () => {
  const rows: readonly [expression: string, wanted: string][] = [
    ["[type(1)].exists(t, t == int)", "reference to undefined type: t"],
    ["type(self.s) == timestamp", "reference to undefined type: timestamp"],
    ["duration == duration", "reference to undefined type: duration"],
    ["duration.x == 1", "type 'type(duration)' does not support field selection"],
    ['string(optional_type) == ""', "applied to '(type(optional_type))'"],
    ["[1].exists(duration, duration == 1) && type(self.s) == string", ""],
    ["type(optional.of(1)) == optional_type", ""],
  ];
  for (const [rule, wanted] of rows) {
    const schema = {
      type: "object",
      properties: { s: { type: "string" } },
      "x-kubernetes-validations": [{ rule }],
    } as RuleSchema;
    const [compiled] = compileRulesOf(schema, declTypeOf(schema, true)!);
    assert.ok((compiled?.error ?? "").includes(wanted), `${rule}: ${compiled?.error}`);
    assert.equal(compiled?.error === undefined || compiled.error === "", wanted === "", rule);
  }
});
