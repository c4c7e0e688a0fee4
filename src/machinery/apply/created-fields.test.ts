// What a creator owns is the same whether the form of its object was seen before or not.
import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { encodeForStore, toJson } from "../codec/codec.ts";
import type { KubeObject } from "../object.ts";
import { builtinSchemas, createSchemas, type Schema } from "../schema.ts";
import { formatFieldsV1, isEmptyFieldSet, parseFieldsV1, subtractFieldTrees, unionFields } from "./field-set.ts";
import { managedFieldsAfterUpdate, withoutUnowned, zeroObject } from "./managed-fields.ts";
import { compareTyped } from "./typed.ts";

const schemas = builtinSchemas();
const schema = schemas.ofKind({ group: "", version: "v1", kind: "Pod" })!;
const resetFields = parseFieldsV1({ "f:status": {} });

// Names that look like the marks between the parts of a form.
const name = fc.constantFrom("a", "b", "1:a", "{", "a{1:b;}", "");
const text = fc.constantFrom("x", "y", "");
const labels = fc.dictionary(name, fc.oneof(text, fc.constant(null)), { maxKeys: 3 });
const port = fc.record(
  { containerPort: fc.constantFrom(1, 2, 12), protocol: fc.constantFrom("TCP", "UDP"), name },
  { requiredKeys: ["containerPort"] },
);
const container = fc.record(
  {
    name,
    image: text,
    args: fc.array(text, { maxLength: 2 }),
    env: fc.option(fc.array(fc.record({ name, value: text }, { requiredKeys: ["name"] }), { maxLength: 3 })),
    ports: fc.option(fc.array(port, { maxLength: 3 })),
    resources: fc.record({ requests: labels, limits: labels }, { requiredKeys: [] }),
  },
  { requiredKeys: ["name"] },
);
const pod = fc.record(
  {
    apiVersion: fc.constant("v1"),
    kind: fc.constant("Pod"),
    metadata: fc.record(
      {
        name,
        labels: fc.option(labels),
        annotations: labels,
        finalizers: fc.array(text, { maxLength: 2 }),
        creationTimestamp: fc.constantFrom(null, "2026-01-01T00:00:00Z"),
      },
      { requiredKeys: [] },
    ),
    spec: fc.oneof(
      fc.record(
        {
          containers: fc.option(fc.array(container, { maxLength: 3 })),
          nodeSelector: fc.option(labels),
          affinity: fc.constantFrom({ nodeAffinity: {} }, {}, null),
          restartPolicy: text,
        },
        { requiredKeys: [] },
      ),
      fc.constant(null),
    ),
    status: fc.oneof(fc.constant({}), fc.record({ phase: text })),
  },
  { requiredKeys: ["apiVersion", "kind", "metadata"] },
) as fc.Arbitrary<KubeObject>;

function compared(after: KubeObject, types: { schema: Schema; schemas: typeof schemas }, reset = resetFields): unknown {
  try {
    const { added, modified } = compareTyped(zeroObject(types), after, types);
    const own = withoutUnowned(subtractFieldTrees(unionFields(modified, added), reset));
    return isEmptyFieldSet(own) ? undefined : JSON.stringify(formatFieldsV1(own));
  } catch (error) {
    return String((error as Error).name === "FieldSetError" ? undefined : error);
  }
}

const created = (after: KubeObject, types: { schema: Schema; schemas: typeof schemas }): unknown => {
  const entries = managedFieldsAfterUpdate({
    before: undefined,
    after,
    manager: "m",
    subresource: "",
    time: "2026-01-01T00:00:00Z",
    resetFields,
    ...types,
  });
  return entries === undefined ? String(undefined) : JSON.stringify(entries[0]!.fieldsV1);
};

test("equal to the comparison with an empty object, for the first and for every later object", () => {
  fc.assert(
    fc.property(pod, (after) => {
      const types = { schema, schemas };
      const wanted = String(compared(after, types));
      assert.equal(created(after, types), wanted);
      assert.equal(created(structuredClone(after), types), wanted);
    }),
    { numRuns: 1500 },
  );
});

test("the same for kinds without a Go type, whatever is in them", () => {
  const loose = createSchemas({ kinds: {}, definitions: {} });
  const kind: Schema = {
    t: "object",
    p: {
      metadata: { t: "object" },
      spec: { t: "object", p: { list: { t: "array", l: "set", i: { t: "string" } }, n: { t: "integer" } } },
    },
  };
  const value = fc.oneof(text, fc.integer({ min: 0, max: 2 }), fc.constant(null), labels, fc.array(text));
  const object = fc.record({
    apiVersion: fc.constant("a/v1"),
    kind: fc.constant("K"),
    metadata: fc.record({ labels }),
    spec: fc.record({ list: fc.oneof(fc.uniqueArray(text), value), n: value, other: value }, { requiredKeys: [] }),
  }) as fc.Arbitrary<KubeObject>;
  fc.assert(
    fc.property(object, (after) => {
      const types = { schema: kind, schemas: loose };
      assert.equal(created(after, types), String(compared(after, types)));
    }),
    { numRuns: 800 },
  );
});

test("shared fields are stored like other ones", () => {
  const object = {
    kind: "Pod",
    apiVersion: "v1",
    metadata: { name: "a", labels: { app: "x" } },
  } as unknown as KubeObject;
  const managedFields = managedFieldsAfterUpdate({
    before: undefined,
    after: object,
    manager: "m",
    subresource: "status",
    time: "2026-01-01T00:00:00Z",
    schema,
    schemas,
  })!;
  assert.throws(() => Object.assign(managedFields[0]!.fieldsV1 as object, { "f:more": {} }), TypeError);
  const shared = { ...object, metadata: { ...object.metadata, resourceVersion: "5", managedFields } };
  const { resourceVersion: _, ...metadata } = shared.metadata;
  assert.equal(new TextDecoder().decode(encodeForStore(shared)), toJson({ ...shared, metadata }));
  const plain = { ...shared, metadata: structuredClone(shared.metadata) };
  assert.equal(new TextDecoder().decode(encodeForStore(plain)), toJson({ ...shared, metadata }));
});
