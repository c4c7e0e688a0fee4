import assert from "node:assert/strict";
import { test } from "node:test";
import { checkSelector } from "./selector-compiler.ts";

const features = { consumableCapacity: true, listAttributes: false };

const fine = [
  "true",
  "device.driver == 'gpu.example.com'",
  'device.attributes["a"].b',
  'device.attributes["a"].b > 3',
  'cel.bind(dra, device.attributes["dra.example.com"], dra.x && dra.y)',
  'device.capacity["a"].memory.compareTo(quantity("1Gi")) >= 0',
  "device.allowMultipleAllocations",
];

test("selectors that may be used", () => {
  for (const expression of fine)
    assert.equal(checkSelector(expression, { features, stored: false }), undefined, expression);
});

const refused: readonly (readonly [expression: string, text: RegExp])[] = [
  ["", /^compilation failed: ERROR: <input>:1:0: Syntax error: mismatched input '<EOF>' expecting [^\n]*$/],
  ["x", /^compilation failed: ERROR: <input>:1:1: undeclared reference to 'x' \(in container ''\)\n \| x\n \| \^$/],
  ["device.driver", /^must evaluate to bool or the unknown type, not string$/],
  ["device.nothing", /undefined field 'nothing'/],
];

test("selectors that say why they may not", () => {
  for (const [expression, text] of refused) {
    const problem = checkSelector(expression, { features, stored: false });
    assert.ok(problem?.type === "invalid", expression);
    assert.match(problem.text, text);
  }
});

test("a selector that could look at everything in every way costs too much", () => {
  const inner = "device.attributes[l].exists(m, m == j)";
  const expression = `device.attributes.all(k, device.attributes[k].all(j, device.attributes.all(l, ${inner})))`;
  assert.deepEqual(checkSelector(expression, { features, stored: false }), { type: "costly" });
});

test("what a gate turns off is no field", () => {
  const off = { consumableCapacity: false, listAttributes: false };
  assert.equal(checkSelector("device.allowMultipleAllocations", { features: off, stored: false })?.type, "invalid");
});

test("includes() comes with lists as attributes, and costs what the longest list does", () => {
  const lists = { consumableCapacity: true, listAttributes: true };
  const expression = 'device.attributes["a"].names.includes("fish")';
  assert.equal(checkSelector(expression, { features: lists, stored: false }), undefined);
  assert.equal(checkSelector(expression, { features, stored: true }), undefined);
  const unknown = checkSelector(expression, { features, stored: false });
  assert.ok(unknown?.type === "invalid");
  assert.match(unknown.text, /undeclared reference to 'includes'/);
  const nested = (depth: number): string =>
    depth === 0
      ? "k0 == 'a'"
      : `device.attributes.exists(k${depth - 1}, ${depth === 1 ? 'device.attributes[k0].x.includes("a")' : nested(depth - 1)})`;
  assert.equal(checkSelector(nested(2), { features: lists, stored: false }), undefined);
  assert.deepEqual(checkSelector(nested(3), { features: lists, stored: false }), { type: "costly" });
});
