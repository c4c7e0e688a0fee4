import assert from "node:assert/strict";
import { test } from "node:test";
import { builtinSchemas } from "../schema.ts";
import { decodeObject } from "./codec.ts";
import { readFirstDocument } from "./yaml.ts";

const schemas = builtinSchemas();
const gvk = { group: "", version: "v1", kind: "Secret" };
const secret = (data: string): Record<string, unknown> => {
  const text = `{"apiVersion":"v1","kind":"Secret",${data}}`;
  return decodeObject(new TextEncoder().encode(text), {
    mediaType: "application/json",
    fieldValidation: "Strict",
    expect: gvk,
    schema: schemas.ofKind(gvk)!,
    schemas,
  }).object;
};

test("bytes may be a list of numbers", () => {
  assert.deepEqual(secret('"data":{"a":[97,null,255],"b":[]}')["data"], { a: "YQD/", b: "" });
  assert.throws(
    () => secret('"data":{"a":[{}]}'),
    /cannot unmarshal object into Go struct field Secret.data of type uint8/,
  );
  assert.throws(() => secret('"data":{"a":[256]}'), /cannot unmarshal number 256 into .* of type uint8/);
});

test("bits of base64 that belong to no byte are not kept", () => {
  assert.deepEqual(secret('"data":{"a":"mq==","b":"mpr=","c":"mpqa"}')["data"], { a: "mg==", b: "mpo=", c: "mpqa" });
});

test("what a body is, is read in any case of letters", () => {
  assert.throws(
    () => secret('"APIVERSION":1'),
    /json parse error: json: cannot unmarshal number into Go struct field \.apiVersion of type string/,
  );
  assert.throws(() => secret('"Kind":"Pod"'), /Pod/);
  assert.throws(() => secret('"KIND":null'), /unknown field "KIND"/);
});

test("half a surrogate pair is the replacement character", () => {
  assert.deepEqual(secret('"stringData":{"a":"\\ud800","b":"\\ud83d\\ude00"}')["stringData"], { a: "\ufffd", b: "😀" });
});

const yaml: readonly [text: string, value: unknown][] = [
  ['{"a":1}x', { a: 1 }],
  ['{"a":1}{"b":2}', { a: 1 }],
  ["a: 1e400", { a: "1e400" }],
  ["a: !foo x", { a: "x" }],
  ["a: !!set {b, c}", { a: { b: null, c: null } }],
  ["a: !!binary eA==", { a: "x" }],
  ["a: !!float x", /^yaml: cannot decode !!str `x` as a !!float$/],
  ["a: !!int yes", /^yaml: cannot decode !!bool `yes` as a !!int$/],
  ["a: &a [&a 1, *a]", { a: [1, 1] }],
  ["a: &a [*a]", /^yaml: anchor 'a' value contains itself$/],
  ['\n\na: "\\/"', /^yaml: line 3: found unknown escape character$/],
  ['a: "\\ud83d\\ude00"', /^yaml: found invalid Unicode character escape code$/],
  ["a: \u0001", /^yaml: control characters are not allowed$/],
  ["~: a", /^unsupported map key of type: %!s\(<nil>\), key: <nil>, value: "a"$/],
  ["a: - b", /^yaml: block sequence entries are not allowed in this context$/],
  ["a: @b", /^yaml: found character that cannot start any token$/],
  ["\t", /^yaml: found character that cannot start any token$/],
  ["# c\n\ta: b", /^yaml: line 2: found character that cannot start any token$/],
  ['{"a""b":1}', /^yaml: did not find expected ',' or '}'$/],
  ['{,"a":1}', /^yaml: did not find expected node content$/],
];

test("YAML that is not quite YAML is read as go-yaml reads it", () => {
  for (const [text, want] of yaml)
    if (want instanceof RegExp) assert.throws(() => readFirstDocument(text), { message: want }, text);
    else assert.deepEqual(readFirstDocument(text).value, want, text);
});

test("what a time's own decoder refuses is told before other types", () => {
  assert.throws(
    () => secret('"immutable":"x","metadata":{"creationTimestamp":"x"}'),
    /parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot parse "x" as "2006"/,
  );
});
