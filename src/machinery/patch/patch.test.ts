import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import * as rfc6902 from "rfc6902";
import { decodeValue } from "../codec/codec.ts";
import { deepFreeze, identical } from "../equal.ts";
import { parseApiVersion } from "../object.ts";
import { builtinSchemas } from "../schema.ts";
import patches from "../testdata/patches.json" with { type: "json" };
import strategicCases from "../testdata/strategic.json" with { type: "json" };
import { conversionFaults } from "./from-unstructured.ts";
import { applyJsonPatch, applyMergePatch, createMergePatch, type JsonPatchOperation } from "./patch.ts";
import { createThreeWayStrategicPatch, createTwoWayStrategicPatch } from "./strategic-diff.fixture.ts";
import { applyStrategicMergePatch } from "./strategic-patch.ts";

const schemas = builtinSchemas();
const podTypes = { schema: schemas.ofKind({ group: "", version: "v1", kind: "Pod" })!, schemas };

interface PatchCase {
  readonly id: string;
  readonly type: string;
  readonly before: { apiVersion: string; kind: string };
  readonly patch: unknown;
  readonly after?: unknown;
  readonly code?: number;
  readonly message?: string;
}

function apply(type: string, before: unknown, patch: unknown, schema: (typeof podTypes)["schema"]): unknown {
  if (type === "json") return applyJsonPatch(before, patch as JsonPatchOperation[]);
  if (type === "merge") return applyMergePatch(before, patch);
  return applyStrategicMergePatch(before, patch, { schema, schemas });
}

test("patches do what they do on kube-apiserver", () => {
  for (const { id, type, before, patch, after, code, message } of patches as PatchCase[]) {
    const schema = schemas.ofKind({ ...parseApiVersion(before.apiVersion), kind: before.kind })!;
    deepFreeze(before);
    deepFreeze(patch);
    if (code !== undefined) {
      assert.throws(() => apply(type, before, patch, schema), { code, message }, id);
      continue;
    }
    const decoded = decodeValue(apply(type, before, patch, schema), { schema, schemas, fieldValidation: "Ignore" });
    assert.deepEqual(decoded.object, applyMergePatch(before, after), id);
  }
});

test("strategic patches and three-way diffs are those of upstream's library", () => {
  for (const row of strategicCases as {
    op: string;
    kind: string;
    doc: unknown;
    p: unknown;
    c?: unknown;
    result: unknown;
  }[]) {
    const group = row.kind === "Pod" ? "" : "apps";
    const types = { schema: schemas.ofKind({ group, version: "v1", kind: row.kind })!, schemas };
    const result =
      row.op === "smp"
        ? applyStrategicMergePatch(row.doc, row.p, types)
        : createThreeWayStrategicPatch({ original: row.doc, modified: row.p, current: row.c }, types);
    assert.deepEqual(result, row.result);
  }
});

const json = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom(1, 2, "a", "b", true),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom("x", "y", "z", "a/b", "c~d"), tie("value"), { maxKeys: 3, noNullPrototype: true }),
  ),
})).value;
const object = fc.dictionary(fc.constantFrom("x", "y", "z", "a/b", "c~d"), json, { maxKeys: 4, noNullPrototype: true });

test("a merge patch made from two objects turns one into the other", () => {
  fc.assert(
    fc.property(object, object, (original, modified) => {
      const patch = createMergePatch(deepFreeze(original), deepFreeze(modified));
      assert.ok(identical(applyMergePatch(original, patch), modified));
      assert.deepEqual(createMergePatch(modified, modified), {});
    }),
  );
});

test("JSON patches give what the rfc6902 package gives", () => {
  fc.assert(
    fc.property(object, object, (original, modified) => {
      const patch = rfc6902.createPatch(original, modified);
      assert.deepEqual(applyJsonPatch(deepFreeze(original), patch as JsonPatchOperation[]), modified);
    }),
  );
});

test("a failed JSON patch is a bare 422 whose cause tells why", () => {
  const rows: [JsonPatchOperation, string][] = [
    [
      { op: "remove", path: "/nope" },
      "error in remove for path: '/nope': Unable to remove nonexistent key: nope: missing value",
    ],
    [{ op: "test", path: "/a", value: 2 }, "testing value /a failed: test failed"],
    [
      { op: "add", path: "/l/9", value: 1 },
      "error in add for path: '/l/9': Unable to access invalid index: 9: invalid index referenced",
    ],
    [
      { op: "add", path: "/no/x", value: 1 },
      'add operation does not apply: doc is missing path: "/no/x": missing value',
    ],
    [{ op: "put", path: "/a" } as never, "Unexpected kind: put"],
  ];
  for (const [operation, cause] of rows) {
    assert.throws(
      () => applyJsonPatch({ a: 1, l: [1, 2] }, [operation]),
      (error: Error & { code: number }) => {
        assert.equal(error.code, 422);
        assert.equal(error.message, "the server rejected our request due to an error in our request");
        assert.equal((error.cause as Error).message, cause);
        return true;
      },
    );
  }
  assert.deepEqual(applyJsonPatch({ l: [1, 2] }, [{ op: "replace", path: "/l/-1", value: 3 }]), { l: [1, 3] });
  assert.deepEqual(applyJsonPatch({}, [{ op: "replace", path: "/new", value: 3 }]), { new: 3 });
});

test("what a strategic patch cannot be is told in Go's words", () => {
  const types = { schema: schemas.ofKind({ group: "", version: "v1", kind: "Service" })!, schemas };
  const refused = (patch: object): string => {
    try {
      applyStrategicMergePatch({ spec: { ports: [{ port: 80 }] } }, patch, types);
    } catch (error) {
      return (error as Error).message;
    }
    return "";
  };
  const item = (directive: unknown): object => ({ spec: { ports: [{ $patch: directive, port: 80 }] } });
  assert.equal(refused(item(null)), "unknown patch type: %!s(<nil>) in map: map[$patch:<nil> port:80]");
  assert.equal(refused(item(7)), "unknown patch type: %!s(int64=7) in map: map[$patch:7 port:80]");
  assert.equal(refused(item("x")), "unknown patch type: x in map: map[$patch:x port:80]");
  const node = schemas.ofKind({ group: "", version: "v1", kind: "Node" })!;
  const faults = conversionFaults({ status: { conditions: [{ type: 1 }] } }, { schema: node, schemas });
  assert.equal(faults.error, "cannot convert int64 to v1.NodeConditionType");
});

const container = fc.record(
  {
    name: fc.constantFrom("a", "b", "c"),
    image: fc.constantFrom("i", "j"),
    command: fc.array(fc.constantFrom("x", "y"), { minLength: 1 }),
  },
  { requiredKeys: ["name"], noNullPrototype: true },
);
const plain = { noNullPrototype: true } as const;
const labels = fc.dictionary(fc.constantFrom("p", "q"), fc.constantFrom("1", "2"), {
  minKeys: 1,
  noNullPrototype: true,
});
const containers = fc.uniqueArray(container, { selector: (each) => each.name, minLength: 1 });
const podLike = fc.record({ metadata: fc.record({ labels }, plain), spec: fc.record({ containers }, plain) }, plain);

test("a three-way patch brings every field of the new object into the live one and takes dropped ones out", () => {
  fc.assert(
    fc.property(podLike, podLike, podLike, (original, modified, current) => {
      const patch = createThreeWayStrategicPatch({ original, modified, current }, podTypes);
      const result = applyStrategicMergePatch(current, patch, podTypes) as typeof current;
      for (const [key, value] of Object.entries(modified.metadata.labels))
        assert.equal(result.metadata.labels[key], value);
      for (const key of Object.keys(original.metadata.labels))
        if (!(key in modified.metadata.labels)) assert.ok(!(key in result.metadata.labels));
      for (const wanted of modified.spec.containers) {
        const found = result.spec.containers.find((each) => each.name === wanted.name)!;
        for (const [key, value] of Object.entries(wanted)) assert.deepEqual(found[key as keyof typeof found], value);
      }
      for (const gone of original.spec.containers)
        if (!modified.spec.containers.some((each) => each.name === gone.name))
          assert.ok(!result.spec.containers.some((each) => each.name === gone.name));
    }),
  );
});

test("a two-way patch turns one object into the other", () => {
  fc.assert(
    fc.property(podLike, podLike, (original, modified) => {
      const patch = createTwoWayStrategicPatch(original, modified, podTypes);
      assert.deepEqual(applyStrategicMergePatch(original, patch, podTypes), modified);
    }),
  );
});
