import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { deepFreeze } from "../equal.ts";
import { type KubeObject, type ManagedFieldsEntry, parseApiVersion } from "../object.ts";
import { builtinSchemas } from "../schema.ts";
import applies from "../testdata/applies.json" with { type: "json" };
import createdObjects from "../testdata/created-objects.json" with { type: "json" };
import {
  equalFields,
  type FieldSet,
  fieldPaths,
  fieldSet,
  fieldSetOfPaths,
  formatFieldsV1,
  hasField,
  intersectFields,
  leafFieldSet,
  leavesOf,
  parseFieldsV1,
  showPath,
  subtractFields,
  unionFields,
} from "./field-set.ts";
import { managedFieldsAfterUpdate } from "./managed-fields.ts";
import { applyServerSide } from "./server-side-apply.ts";
import { fieldSetOf } from "./typed.ts";

const schemas = builtinSchemas();
const time = "2026-01-01T00:00:00Z";
const resetFields = fieldSetOfPaths(["status"]);
const schemaOf = (object: { apiVersion: string; kind: string }) =>
  schemas.ofKind({ ...parseApiVersion(object.apiVersion), kind: object.kind })!;

test("a created object's managed fields are kube-apiserver's", () => {
  for (const object of createdObjects as KubeObject[]) {
    const { managedFields, ...metadata } = object.metadata;
    const entries = managedFieldsAfterUpdate({
      before: undefined,
      after: deepFreeze({ ...object, metadata }),
      manager: managedFields![0]!.manager!,
      subresource: "",
      time,
      schema: schemaOf(object),
      schemas,
      resetFields,
    });
    assert.deepEqual(entries, managedFields, object.kind);
  }
});

interface ApplyCase {
  readonly id: string;
  readonly live?: KubeObject;
  readonly applied: { apiVersion: string; kind: string };
  readonly manager: string;
  readonly force: boolean;
  readonly managedFields?: ManagedFieldsEntry[];
  readonly code?: number;
  readonly message?: string;
}

test("server-side apply owns and conflicts as on kube-apiserver", () => {
  for (const row of applies as ApplyCase[]) {
    const run = () =>
      applyServerSide({
        live: row.live === undefined ? undefined : deepFreeze(row.live),
        applied: deepFreeze(row.applied) as Record<string, unknown>,
        gvk: { ...parseApiVersion(row.applied.apiVersion), kind: row.applied.kind },
        manager: row.manager,
        subresource: "",
        force: row.force,
        time,
        schema: schemaOf(row.applied),
        schemas,
        resetFields,
      });
    if (row.code !== undefined) assert.throws(run, { code: row.code, message: row.message }, row.id);
    else assert.deepEqual(run().managedFields, row.managedFields, row.id);
  }
});

const configMap = (data: Record<string, string>, managedFields?: ManagedFieldsEntry[]): KubeObject =>
  ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "a", uid: "u", ...(managedFields ? { managedFields } : {}) },
    data,
  }) as never;

function update(before: KubeObject | undefined, after: KubeObject, manager: string, at = time) {
  return managedFieldsAfterUpdate({
    before,
    after,
    manager,
    subresource: "",
    time: at,
    schema: schemaOf(after),
    schemas,
  });
}

test("an update takes the changed fields from others and leaves the time of untouched entries", () => {
  const first = update(undefined, configMap({ k: "1", l: "1" }), "a")!;
  const later = "2026-01-02T00:00:00Z";
  const second = update(configMap({ k: "1", l: "1" }, first), configMap({ k: "2", l: "1" }, first), "b", later)!;
  assert.deepEqual(
    second.map((entry) => [entry.manager, entry.time, entry.fieldsV1]),
    [
      ["a", time, { "f:data": { ".": {}, "f:l": {} } }],
      ["b", later, { "f:data": { "f:k": {} } }],
    ],
  );
  assert.deepEqual(
    update(configMap({ k: "1", l: "1" }, first), configMap({ k: "1", l: "1" }, first), "b", later),
    first,
  );
});

test("clients may forget all managers, and objects without any stay untracked", () => {
  const stored = configMap({ k: "1" }, update(undefined, configMap({ k: "1" }), "a"));
  assert.equal(update(stored, configMap({ k: "2" }, []), "b"), undefined);
  assert.equal(update(stored, configMap({ k: "2" }, [{}]), "b"), undefined);
  assert.equal(update(configMap({ k: "1" }), configMap({ k: "2" }), "b"), undefined);
});

test("more than ten update managers are folded into ancient-changes", () => {
  let object = configMap({ k0: "0" });
  let managed = update(undefined, object, "m0", "2026-01-01T00:00:00Z")!;
  for (let index = 1; index <= 12; index++) {
    const before = configMap({ ...(object as never as { data: Record<string, string> }).data }, managed);
    object = configMap({ ...(object as never as { data: Record<string, string> }).data, [`k${index}`]: "1" }, managed);
    managed = update(before, object, `m${index}`, `2026-01-01T00:00:${String(index).padStart(2, "0")}Z`)!;
  }
  assert.equal(managed.length, 10);
  assert.equal(managed[0]!.manager, "ancient-changes");
  assert.deepEqual(managed[0]!.fieldsV1, { "f:data": { ".": {}, "f:k0": {}, "f:k1": {}, "f:k2": {}, "f:k3": {} } });
});

test("fields of an object: list maps by key with defaults, sets by value, atomics whole", () => {
  const service = { apiVersion: "v1", kind: "Service" };
  const object = {
    metadata: { finalizers: ["x"], labels: { a: "b" } },
    spec: { ports: [{ port: 80 }], selector: { a: "b" }, clusterIPs: ["1.1.1.1"] },
  };
  assert.deepEqual(formatFieldsV1(fieldSetOf(object, schemaOf(service), schemas)), {
    "f:metadata": { "f:finalizers": { 'v:"x"': {} }, "f:labels": { "f:a": {} } },
    "f:spec": {
      "f:clusterIPs": {},
      "f:ports": { 'k:{"port":80,"protocol":"TCP"}': { ".": {}, "f:port": {} } },
      "f:selector": {},
    },
  });
});

const element = fc.oneof(
  fc.constantFrom("f:a", "f:b", "f:c", 'v:"x"', "v:1", "v:true", "i:0", "i:12"),
  fc
    .tuple(fc.constantFrom("x", "y"), fc.integer())
    .map(([name, port]) => `k:{"name":${JSON.stringify(name)},"port":${port}}`),
);
const anySet = fc
  .letrec<{ set: FieldSet }>((tie) => ({
    set: fc.oneof(
      { maxDepth: 3 },
      fc.constant(leafFieldSet),
      fc
        .tuple(fc.array(fc.tuple(element, tie("set")), { minLength: 1, maxLength: 4 }), fc.boolean())
        .map(([children, self]) => fieldSet(children, self)),
    ),
  }))
  .set.map((set) => fieldSet(set.children));

test("fieldsV1 is written and read back unchanged", () => {
  fc.assert(
    fc.property(anySet, (set) => {
      const written = formatFieldsV1(set);
      assert.ok(equalFields(parseFieldsV1(written), set));
      assert.deepEqual(formatFieldsV1(parseFieldsV1(JSON.parse(JSON.stringify(written)))), written);
    }),
  );
});

test("laws of the set operations", () => {
  fc.assert(
    fc.property(anySet, anySet, (a, b) => {
      assert.ok(equalFields(unionFields(a, b), unionFields(b, a)));
      assert.ok(equalFields(intersectFields(a, b), intersectFields(b, a)));
      assert.ok(equalFields(unionFields(subtractFields(a, b), intersectFields(a, b)), a));
      for (const path of fieldPaths(a)) {
        assert.ok(hasField(a, path));
        assert.equal(hasField(subtractFields(a, b), path), !hasField(b, path));
      }
      for (const path of fieldPaths(leavesOf(a))) assert.ok(hasField(a, path));
    }),
  );
});

test("path elements read as upstream prints them, and keys are sorted", () => {
  const set = parseFieldsV1({ "f:spec": { 'k:{"protocol":"TCP","port":80}': { ".": {} }, 'v:"x"': {} } });
  assert.deepEqual([...fieldPaths(set)].map(showPath), ['.spec[port=80,protocol="TCP"]', '.spec[="x"]']);
  assert.throws(() => parseFieldsV1({ "x:1": {} }), { message: "unknown path element type" });
  assert.throws(() => parseFieldsV1({ fx: {} }), { message: "missing colon: fx" });
});
