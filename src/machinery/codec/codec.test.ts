import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { deepClone, deepEqual, deepFreeze, identical } from "../equal.ts";
import { parseApiVersion } from "../object.ts";
import { decodePatch } from "../patch/patch-body.ts";
import { builtinSchemas } from "../schema.ts";
import createdObjects from "../testdata/created-objects.json" with { type: "json" };
import decodeErrors from "../testdata/decode-errors.json" with { type: "json" };
import {
  decodeObject,
  decodeValue,
  encodeForStore,
  encodeJson,
  type FieldValidation,
  toJson,
  withResourceVersion,
} from "./codec.ts";

const schemas = builtinSchemas();
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const pod = { group: "", version: "v1", kind: "Pod" };

function decodePod(text: string, fieldValidation: FieldValidation = "Strict") {
  const schema = schemas.ofKind(pod)!;
  return decodeObject(bytes(text), { mediaType: "application/json", schema, schemas, fieldValidation, expect: pod });
}

test("bad bodies are refused in kube-apiserver's words", () => {
  for (const row of decodeErrors) {
    const options = {
      mediaType: row.yaml ? ("application/yaml" as const) : ("application/json" as const),
      schema: schemas.ofKind(row.expect)!,
      schemas,
      fieldValidation: row.fieldValidation as FieldValidation,
      expect: row.expect,
    };
    assert.throws(() => decodeObject(bytes(row.body), options), { message: row.message, code: 400 }, row.body);
  }
});

test("what kube-apiserver wrote decodes to itself", () => {
  for (const object of createdObjects) {
    const schema = schemas.ofKind({ ...parseApiVersion(object.apiVersion), kind: object.kind });
    const decoded = decodeValue(deepFreeze(object), { schema, schemas, fieldValidation: "Strict" });
    assert.deepEqual(decoded.object, object);
    const fromBytes = decodeObject(encodeJson(object), {
      mediaType: "application/json",
      schema,
      schemas,
      fieldValidation: "Strict",
    });
    assert.deepEqual(fromBytes.object, object);
  }
});

test("values take the form that Go's types give them", () => {
  const { object } = decodePod(
    `{"metadata":{"name":"a","creationTimestamp":"2020-01-01T01:00:00.5+01:00","labels":{},"generation":0},
      "spec":{"hostNetwork":false,"automountServiceAccountToken":false,"nodeName":null,
              "containers":[{"name":"c","ports":[{"containerPort":80}],"resources":{"limits":{"cpu":1.50,"memory":"1024Ki","x/y":1e3}}}]}}`,
  );
  assert.deepEqual(object, {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "a", creationTimestamp: "2020-01-01T00:00:00Z" },
    spec: {
      automountServiceAccountToken: false,
      containers: [
        {
          name: "c",
          ports: [{ containerPort: 80 }],
          resources: { limits: { cpu: "1500m", memory: "1Mi", "x/y": "1e3" } },
        },
      ],
    },
    status: {},
  });
});

test("Warn reports what Strict refuses, Ignore says nothing", () => {
  const text =
    '{"metadata":{"name":"a","name":"b","labels":{"x":"1","x":"2"}},"spec":{"zz":{"a":1,"a":2},"containers":[{"name":"c","yy":1}]}}';
  const warned = decodePod(text, "Warn");
  assert.deepEqual(warned.warnings, [
    'duplicate field "metadata.labels.x"',
    'duplicate field "metadata.name"',
    'unknown field "spec.zz"',
    'unknown field "spec.containers[0].yy"',
  ]);
  assert.equal((warned.object["metadata"] as { name: string }).name, "b");
  assert.deepEqual(decodePod(text, "Ignore").warnings, []);
  assert.throws(() => decodePod(text), { code: 400, message: /strict decoding error: duplicate field/ });
});

test("64-bit integers keep their digits", () => {
  const { object } = decodePod('{"spec":{"activeDeadlineSeconds":9223372036854775807,"containers":null}}');
  assert.match(toJson(object), /"activeDeadlineSeconds":9223372036854775807/);
  assert.throws(
    () => decodePod('{"spec":{"activeDeadlineSeconds":9223372036854775808}}'),
    /cannot unmarshal number 9223372036854775808/,
  );
  const free = decodeObject(bytes('{"a":1700000000000000123,"b":1.0}'), {
    mediaType: "application/json",
    fieldValidation: "Strict",
  });
  assert.equal(toJson(free.object), '{"a":1700000000000000123,"b":1}');
  assert.throws(
    () => decodeObject(bytes('{"c":1e400}'), { mediaType: "application/json", fieldValidation: "Strict" }),
    /cannot unmarshal number 1e400 into Go value of type float64/,
  );
});

test("stored bytes take a revision without being decoded", () => {
  const object = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "a", resourceVersion: "5", uid: "u", creationTimestamp: "" },
    data: { k: '"metadata":{' },
  };
  const stored = encodeForStore(object);
  assert.equal(
    new TextDecoder().decode(withResourceVersion(stored, 42)),
    '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"resourceVersion":"42","name":"a","uid":"u","creationTimestamp":""},"data":{"k":"\\"metadata\\":{"}}',
  );
  const bare = encodeForStore({ apiVersion: "v1", kind: "X", metadata: { resourceVersion: "1" } as never });
  assert.equal(
    new TextDecoder().decode(withResourceVersion(bare, 7)),
    '{"kind":"X","apiVersion":"v1","metadata":{"resourceVersion":"7"}}',
  );
});

test("encoding and decoding free data gives it back, keys like __proto__ included", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
      const text = JSON.parse(JSON.stringify(value)) as Record<string, unknown>;
      const { object } = decodeObject(encodeJson(text), { mediaType: "application/json", fieldValidation: "Strict" });
      assert.equal(toJson(object), JSON.stringify(text));
      assert.ok(identical(deepClone(text), text));
    }),
  );
});

test("deepEqual takes absent, null and empty for the same; identical does not", () => {
  assert.ok(deepEqual({ a: [], b: null, c: 1 }, { c: 1, d: {} }));
  assert.ok(!deepEqual({ a: 0 }, {}));
  assert.ok(!deepEqual([1], [1, 2]));
  assert.ok(!identical({ a: null }, {}));
  assert.ok(!identical({ a: [] }, { a: {} }));
  assert.ok(identical({ a: undefined, b: 1 }, { b: 1 }));
});

test("patch bodies", () => {
  const rows: ["json" | "merge" | "strategic", string, string][] = [
    ["merge", "[]", "error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}"],
    ["merge", "null", "Invalid JSON Patch"],
    ["merge", "{", "error decoding patch: unexpected end of JSON input"],
    ["merge", '{"a":1} trailing', "error decoding patch: invalid character 't' after top-level value"],
    ["strategic", "1", "json: cannot unmarshal number into Go value of type map[string]interface {}"],
    ["strategic", "data", "invalid character 'd' looking for beginning of value"],
  ];
  for (const [type, text, message] of rows)
    assert.throws(() => decodePatch(bytes(text), type, "Strict"), { message, code: 400 }, text);
  const body = decodePatch(
    bytes('[{"op":"add","op":"add","path":"/a","value":{"z":1,"z":2},"extra":1}]'),
    "json",
    "Warn",
  );
  assert.deepEqual(body.findings.toSorted(), [
    'json patch duplicate field "[0].op"',
    'json patch duplicate field "[0].value.z"',
    'json patch unknown field "[0].extra"',
  ]);
});
