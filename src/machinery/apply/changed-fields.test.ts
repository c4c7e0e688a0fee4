// changedFields is compareTyped's `added` and `modified` in one walk: the same sets for any two values.
import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { builtinSchemas } from "../schema.ts";
import { equalFields, fieldPaths, fieldSet, formatFieldsV1, leafFieldSet, unionFields } from "./field-set.ts";
import { changedFields, compareTyped } from "./typed.ts";

const schemas = builtinSchemas();
const schema = schemas.ofKind({ group: "", version: "v1", kind: "Pod" });

const name = fc.constantFrom("a", "b", "b!", "b 1", 'q"', "");
const text = fc.constantFrom("x", "y");
const some = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined | null> =>
  fc.option(value, { nil: fc.sample(fc.constantFrom(null, undefined), 1)[0] as null });
const labels = fc.dictionary(name, fc.oneof(text, fc.constant(null)), { maxKeys: 3 });
const port = fc.record(
  { containerPort: fc.constantFrom(1, 2), protocol: fc.constantFrom("TCP", "UDP") },
  { requiredKeys: ["containerPort"] },
);
const container = fc.record(
  {
    name,
    image: text,
    args: fc.array(text, { maxLength: 2 }),
    env: some(fc.array(fc.record({ name, value: text }, { requiredKeys: ["name"] }), { maxLength: 3 })),
    ports: some(fc.array(port, { maxLength: 3 })),
    resources: fc.record({ requests: labels, limits: labels }, { requiredKeys: [] }),
  },
  { requiredKeys: ["name"] },
);
const pod = fc.record(
  {
    metadata: fc.record(
      { name, labels, annotations: some(labels), finalizers: some(fc.uniqueArray(text)) },
      { requiredKeys: [] },
    ),
    spec: fc.record(
      {
        containers: some(fc.array(container, { maxLength: 3 })),
        nodeSelector: some(labels),
        affinity: fc.constant({ nodeAffinity: {} }),
        restartPolicy: text,
      },
      { requiredKeys: [] },
    ),
    status: fc.constant({}),
    unknown: fc.oneof(text, fc.constant([1]), labels),
  },
  { requiredKeys: [] },
);

test("one walk finds what the comparison finds", () => {
  fc.assert(
    fc.property(fc.option(pod, { nil: undefined }), pod, fc.boolean(), (before, after, typed) => {
      const types = { schema: typed ? schema : undefined, schemas };
      const { added, modified } = compareTyped(before, after, types);
      const wanted = unionFields(modified, added);
      const found = changedFields(before, after, types);
      assert.ok(
        equalFields({ ...found, self: false }, { ...wanted, self: false }),
        `${JSON.stringify(formatFieldsV1(found))} is not ${JSON.stringify(formatFieldsV1(wanted))}`,
      );
    }),
    { numRuns: 400 },
  );
});

test("keyed items are in the order of their keys, whatever characters these have", () => {
  const rows: readonly (readonly string[])[] = [
    ['k:{"name":"a"}', 'k:{"name":"a b"}', 'k:{"name":"a!"}', 'k:{"name":"a-1"}', 'k:{"name":"a1"}'],
    ['k:{"name":"a"}', 'k:{"name":"a\\"b"}', 'k:{"name":"b"}'],
  ];
  for (const row of rows) {
    const set = fieldSet([...row].reverse().map((element) => [element, leafFieldSet] as const));
    assert.deepEqual([...fieldPaths(set)].flat(), row);
  }
});
