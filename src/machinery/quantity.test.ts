import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  addQuantities,
  canonicalQuantity,
  compareQuantities,
  quantityMilliValue,
  quantityValue,
  subtractQuantities,
} from "./quantity.ts";
import quantities from "./testdata/quantities.json" with { type: "json" };
import sums from "./testdata/quantity-sums.json" with { type: "json" };

test("canonical forms and error texts are those of upstream's resource.Quantity", () => {
  for (const { text, canonical, error } of quantities as { text: string; canonical?: string; error?: string }[]) {
    // Recorded from JSON, whose reader passes over spaces around a quantity; the parser itself does not.
    const trimmed = text.trim();
    if (error === undefined) assert.equal(canonicalQuantity(trimmed), canonical, text);
    else assert.throws(() => canonicalQuantity(trimmed), { message: error }, text);
    if (text !== trimmed) assert.throws(() => canonicalQuantity(text), text);
  }
});

test("sums, differences and order are those of upstream's resource.Quantity", () => {
  for (const { a, b, add, sub, cmp } of sums) {
    assert.equal(addQuantities(a, b), add, `${a} + ${b}`);
    assert.equal(subtractQuantities(a, b), sub, `${a} - ${b}`);
    assert.equal(Math.sign(compareQuantities(a, b)), cmp, `${a} <=> ${b}`);
  }
});

test("values round up to whole units and thousandths", () => {
  const rows: [string, number, number][] = [
    ["100m", 1, 100],
    ["1", 1, 1000],
    ["1.5", 2, 1500],
    ["1n", 1, 1],
    ["1Ki", 1024, 1_024_000],
    ["2.0001", 3, 2001],
    ["0", 0, 0],
    ["-1", -1, -1000],
  ];
  for (const [text, value, milli] of rows) {
    assert.equal(quantityValue(text), value, text);
    assert.equal(quantityMilliValue(text), milli, text);
  }
});

test("huge exponents cost nothing", () => {
  assert.equal(addQuantities("1e999999999", "1"), "1e999999999");
  assert.ok(quantityValue("1e999999999") > 2 ** 62);
  assert.ok(compareQuantities("1e999999", "5") > 0);
  assert.ok(compareQuantities("1e-999999", "5") < 0);
  assert.ok(compareQuantities("-1e999999", "5") < 0);
});

const anyQuantity = fc
  .tuple(fc.integer({ min: -(10 ** 9), max: 10 ** 9 }), fc.constantFrom("", "m", "k", "Ki", "Mi", "u", "e3"))
  .map(([number, suffix]) => `${number}${suffix}`);

test("the canonical form is a fixed point of the same value", () => {
  fc.assert(
    fc.property(anyQuantity, (text) => {
      const canonical = canonicalQuantity(text);
      assert.equal(canonicalQuantity(canonical), canonical);
      assert.equal(compareQuantities(text, canonical), 0);
    }),
  );
});

test("addition commutes in value, and subtracting takes back what was added", () => {
  fc.assert(
    fc.property(anyQuantity, anyQuantity, (a, b) => {
      assert.equal(compareQuantities(addQuantities(a, b), addQuantities(b, a)), 0);
      assert.equal(compareQuantities(subtractQuantities(addQuantities(a, b), b), a), 0);
      assert.equal(Math.sign(compareQuantities(a, b)) + Math.sign(compareQuantities(b, a)), 0);
    }),
  );
});
