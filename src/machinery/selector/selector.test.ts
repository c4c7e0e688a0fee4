import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import selectors from "../testdata/label-selectors.json" with { type: "json" };
import { escapeValue, fieldMatcher, parseFieldSelector } from "./field-selector.ts";
import { labelSelectorMatcher, labelsMatcher, parseLabelSelector } from "./selector.ts";

test("label selectors parse, print and fail as upstream's labels.Parse", () => {
  for (const { text, selector, error } of selectors as { text: string; selector?: string; error?: string }[]) {
    if (error === undefined) assert.equal(parseLabelSelector(text).toString(), selector, text);
    else assert.throws(() => parseLabelSelector(text), { message: error, code: 400 }, text);
  }
});

test("matching", () => {
  const labels = { app: "web", tier: "front", n: "5" };
  const rows: [string, boolean][] = [
    ["", true],
    ["app=web", true],
    ["app!=web", false],
    ["missing!=x", true],
    ["app in (a,web)", true],
    ["app notin (a,web)", false],
    ["missing notin (a)", true],
    ["app", true],
    ["!app", false],
    ["!missing", true],
    ["n>4", true],
    ["n<5", false],
    ["app>4", false],
    ["missing=", false],
  ];
  for (const [text, expected] of rows) assert.equal(parseLabelSelector(text).matches(labels), expected, text);
  assert.equal(parseLabelSelector("toString").matches({}), false);
});

test("a LabelSelector: none matches nothing, an empty one everything", () => {
  assert.equal(labelSelectorMatcher(undefined).matches({ a: "b" }), false);
  assert.equal(labelSelectorMatcher(null).everything, false);
  assert.equal(labelSelectorMatcher({}).everything, true);
  const matcher = labelSelectorMatcher({
    matchLabels: { b: "1" },
    matchExpressions: [
      { key: "a", operator: "In", values: ["y", "x"] },
      { key: "c", operator: "DoesNotExist" },
    ],
  });
  assert.equal(matcher.toString(), "a in (x,y),b=1,!c");
  assert.equal(matcher.matches({ a: "x", b: "1" }), true);
  assert.equal(matcher.matches({ a: "x", b: "1", c: "" }), false);
  assert.throws(() => labelSelectorMatcher({ matchExpressions: [{ key: "a", operator: "Like" }] }), {
    message: '"Like" is not a valid label selector operator',
  });
  assert.equal(labelsMatcher({ a: "b" }).matches({ a: "b", c: "d" }), true);
  assert.equal(labelsMatcher(undefined).everything, true);
});

test("printing and parsing again gives the same selector", () => {
  const key = fc.stringMatching(/^[a-z]([a-z0-9]{0,5}[a-z0-9])?$/).filter((word) => word !== "in" && word !== "notin");
  const requirement = fc.oneof(
    fc.tuple(key, fc.constantFrom("=", "!=", "=="), key).map(([k, op, v]) => k + op + v),
    fc
      .tuple(key, fc.constantFrom("in", "notin"), fc.array(key, { minLength: 1 }))
      .map(([k, op, v]) => `${k} ${op} (${v})`),
    key,
    key.map((k) => `!${k}`),
    fc.tuple(key, fc.constantFrom("<", ">"), fc.integer()).map(([k, op, n]) => k + op + Math.abs(n)),
  );
  fc.assert(
    fc.property(fc.array(requirement), (requirements) => {
      const printed = parseLabelSelector(requirements.join(",")).toString();
      assert.equal(parseLabelSelector(printed).toString(), printed);
    }),
  );
});

test("field selectors", () => {
  assert.equal(parseFieldSelector("metadata.name=a,spec.nodeName!=b").toString(), "metadata.name=a,spec.nodeName!=b");
  assert.equal(parseFieldSelector("a==b").toString(), "a=b");
  assert.equal(parseFieldSelector("").everything, true);
  assert.equal(parseFieldSelector("a!=").matches({}), false);
  assert.equal(parseFieldSelector("a=").matches({}), true);
  for (const [text, message] of [
    ["metadata.name", "invalid selector: 'metadata.name'; can't understand 'metadata.name'"],
    ["a=b=c", "invalid field selector: unescaped character in value: 61"],
    ["a=\\x", "invalid field selector: invalid escape sequence: \\x"],
    ["a=\\", "invalid field selector: invalid escape sequence: \\"],
  ] as const)
    assert.throws(() => parseFieldSelector(text), { message, code: 400 }, text);
});

test("field values survive escaping", () => {
  fc.assert(
    fc.property(fc.string(), (value) => {
      const printed = fieldMatcher([{ field: "f", operator: "=", value }]).toString();
      assert.deepEqual(parseFieldSelector(printed).requirements, [{ field: "f", operator: "=", value }]);
      assert.equal(printed, `f=${escapeValue(value)}`);
    }),
  );
});
