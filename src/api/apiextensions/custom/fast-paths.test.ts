// What is found out without garbage agrees with the rules that it stands for, whatever the schema and the value.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { encodeForStore, type KubeObject, sorted, sortedCopy } from "../../../machinery/index.ts";
import { coerceResource, isCoerced } from "./coercion.ts";
import { isCanonicalMeta, isPruned } from "./in-form.ts";
import { dropNulls, pruneResource } from "./pruning.ts";
import type { JsonSchema } from "./schema.ts";
import { isCertainlyValid } from "./values/certain.ts";
import { validateValue } from "./values/validate.ts";

const someTexts = ["", "a", "ab", "abc", "é", "😀", "1", "2024-01-01T00:00:00Z", "10.0.0.1"];
const someNumbers = [-1, 0, 1, 2, 3, 7, 1.5, 2 ** 31, -(2 ** 31), 2 ** 53, 1e300];
const names = fc.constantFrom("a", "b", "c", "metadata", "__proto__");
const texts = fc.constantFrom(...someTexts);
const numbers = fc.constantFrom(...someNumbers);
const bound = fc.option(fc.constantFrom(0, 1, 2, 3, 2.5, 2 ** 40), { nil: undefined });
const present = (schema: Record<string, unknown>): JsonSchema =>
  Object.fromEntries(Object.entries(schema).filter(([, member]) => member !== undefined)) as JsonSchema;
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined, freq: 3 });

const { schema } = fc.letrec<{ schema: JsonSchema }>((tie) => ({
  schema: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc
      .record({
        type: fc.constant("string"),
        maxLength: maybe(bound),
        minLength: maybe(bound),
        pattern: maybe(fc.constantFrom("^a", "b$", "")),
        format: maybe(fc.constantFrom("date-time", "ipv4", "int32", "nonsense")),
        enum: maybe(fc.array(texts, { maxLength: 3 })),
        nullable: maybe(fc.boolean()),
        default: maybe(texts),
      })
      .map(present),
    fc
      .record({
        type: fc.constantFrom("integer", "number", undefined),
        format: maybe(fc.constantFrom("int32", "int64", "float", "double", "ipv4")),
        minimum: maybe(bound),
        maximum: maybe(bound),
        exclusiveMinimum: maybe(fc.boolean()),
        exclusiveMaximum: maybe(fc.boolean()),
        multipleOf: maybe(fc.constant(2)),
        enum: maybe(fc.array(numbers, { maxLength: 3 })),
        "x-kubernetes-int-or-string": maybe(fc.boolean()),
        anyOf: maybe(fc.constant([{ type: "integer" }, { type: "string" }])),
        allOf: maybe(fc.constant([{ minimum: 1 }])),
        oneOf: maybe(fc.constant([{ type: "integer" }, { minimum: 2 }])),
        not: maybe(fc.constant({ type: "string" })),
      })
      .map(present),
    fc
      .record({
        type: fc.constant("array"),
        items: tie("schema"),
        maxItems: maybe(bound),
        minItems: maybe(bound),
        uniqueItems: maybe(fc.boolean()),
      })
      .map(present),
    fc
      .record({
        type: fc.constant("object"),
        properties: maybe(fc.dictionary(names, tie("schema"), { maxKeys: 3 })),
        additionalProperties: maybe(fc.oneof(tie("schema"), fc.boolean())),
        required: maybe(fc.array(names, { maxLength: 2 })),
        minProperties: maybe(bound),
        maxProperties: maybe(bound),
        "x-kubernetes-preserve-unknown-fields": maybe(fc.boolean()),
        nullable: maybe(fc.boolean()),
      })
      .map(present),
  ),
}));

const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    texts,
    numbers,
    fc.constantFrom(null, true),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(names, tie("value"), { maxKeys: 3 }),
  ),
}));

const resource = fc
  .record({ spec: value, status: value })
  .map((rest) => ({ apiVersion: "g/v1", kind: "A", metadata: { name: "a" }, ...rest }));
const ofResource = fc
  .dictionary(fc.constantFrom("spec", "status", "metadata"), schema, { maxKeys: 3 })
  .map((properties): JsonSchema => ({ type: "object", properties }));

const runs = { numRuns: 2000 };

describe("what needs no rules", () => {
  it("valid without a word means no finding", () => {
    let certain = 0;
    fc.assert(
      fc.property(schema, value, (of, given) => {
        for (const each of [given, [given], { a: given }, ...someTexts, ...someNumbers]) {
          if (!isCertainlyValid(each, of)) continue;
          certain++;
          // Behind the quick look: as one of a list that cannot be certain.
          const list: JsonSchema = { type: "array", uniqueItems: true, items: of };
          assert.deepEqual(validateValue([each], list), []);
        }
      }),
      runs,
    );
    assert.ok(certain > 0);
  });

  it("pruned means that pruning and nulls take nothing", () => {
    let certain = 0;
    fc.assert(
      fc.property(ofResource, resource, (of, given) => {
        if (!isPruned(given, of)) return;
        certain++;
        const before = JSON.stringify(given);
        assert.deepEqual(pruneResource(given, of), []);
        dropNulls(given, of);
        assert.equal(JSON.stringify(given), before);
      }),
      runs,
    );
    assert.ok(certain > 0);
  });

  const identity = { group: "g", version: "v1", kind: "A" };
  const of = { identity, schema: { type: "object" } as JsonSchema, preserves: false };
  for (const [what, metadata, canonical] of [
    ["a name", { name: "a" }, true],
    [
      "all of it",
      {
        name: "a",
        namespace: "b",
        uid: "u",
        resourceVersion: "1",
        generation: 2,
        creationTimestamp: "2024-01-01T00:00:00Z",
        deletionTimestamp: "2024-01-01T00:00:00Z",
        deletionGracePeriodSeconds: 0,
        labels: { b: "", a: "x" },
        annotations: { a: "x" },
        finalizers: ["f"],
        ownerReferences: [{ apiVersion: "v1", kind: "Pod", name: "p", uid: "u", controller: true }],
        managedFields: [
          {
            manager: "m",
            operation: "Update",
            apiVersion: "g/v1",
            time: "2024-01-01T00:00:00Z",
            fieldsType: "FieldsV1",
          },
          { manager: "m", operation: "Apply", apiVersion: "g/v1", fieldsV1: { "f:spec": {} }, subresource: "status" },
        ],
      },
      true,
    ],
    ["an unknown field", { name: "a", other: 1 }, false],
    ["an inherited name", { name: "a", constructor: "x" }, false],
    ["what Go leaves out", { name: "a", generateName: "" }, false],
    ["an empty map", { name: "a", labels: {} }, false],
    ["an empty list", { name: "a", finalizers: [] }, false],
    ["a null", { name: "a", creationTimestamp: null }, false],
    ["a time of another zone", { name: "a", creationTimestamp: "2024-01-01T00:00:00+02:00" }, false],
    ["a label that is a number", { name: "a", labels: { a: 1 } }, false],
    ["an owner without what Go always writes", { name: "a", ownerReferences: [{ name: "p", uid: "u" }] }, false],
  ] as const)
    it(`metadata: ${what}`, () => {
      assert.equal(isCanonicalMeta(metadata), canonical);
      const object = { apiVersion: "g/v1", kind: "A", metadata } as unknown as KubeObject;
      assert.equal(isCoerced(object, of), canonical);
      if (!canonical) return;
      // What is stored is the same, byte for byte.
      const slow = sortedCopy(object) as KubeObject;
      assert.deepEqual(coerceResource(slow as unknown as Record<string, unknown>, { ...of, dropInvalid: false }), []);
      assert.deepEqual(encodeForStore(sorted(object) as KubeObject), encodeForStore(slow));
    });

  it("another version's object is not in this one's form", () => {
    const object = { apiVersion: "g/v2", kind: "A", metadata: { name: "a" } } as KubeObject;
    assert.equal(isCoerced(object, of), false);
  });
});
