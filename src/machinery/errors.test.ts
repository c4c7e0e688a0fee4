import assert from "node:assert/strict";
import { test } from "node:test";
import * as errors from "./errors.ts";

const pods = { group: "", resource: "pods" };
const deployments = { group: "apps", resource: "deployments" };

test("statuses are worded as kube-apiserver words them", () => {
  const rows: [errors.StatusError, number, string, string][] = [
    [errors.notFound(pods, "a"), 404, "NotFound", 'pods "a" not found'],
    [errors.alreadyExists(deployments, "a"), 409, "AlreadyExists", 'deployments.apps "a" already exists'],
    [
      errors.modifiedConflict(deployments, "a"),
      409,
      "Conflict",
      'Operation cannot be fulfilled on deployments.apps "a": the object has been modified; please apply your changes to the latest version and try again',
    ],
    [errors.forbidden(pods, "", "why"), 403, "Forbidden", "pods is forbidden: why"],
    [
      errors.requestTooLarge("limit is 3145728"),
      413,
      "RequestEntityTooLarge",
      "Request entity too large: limit is 3145728",
    ],
    [
      errors.genericResponse(415, "415: Unsupported Media Type"),
      415,
      "UnsupportedMediaType",
      "415: Unsupported Media Type",
    ],
    [
      errors.genericResponse(405),
      405,
      "MethodNotAllowed",
      "the server does not allow this method on the requested resource",
    ],
    [errors.timeout("Too large resource version"), 504, "Timeout", "Timeout: Too large resource version"],
  ];
  for (const [error, code, reason, message] of rows) {
    assert.deepEqual([error.code, error.reason, error.message], [code, reason, message]);
    assert.equal(error.status.status, "Failure");
    assert.deepEqual(error.status.metadata, {});
  }
  assert.deepEqual(errors.notFound(deployments, "a").status.details, { name: "a", group: "apps", kind: "deployments" });
  assert.equal(errors.tooManyRequests("x", 3).headers["retry-after"], "3");
});

test("findings print values as Go does, and repeated texts once", () => {
  const { field } = errors;
  const rows: [errors.FieldError, string][] = [
    [field.required("a"), "Required value"],
    [field.invalid("a", 'x"\u0007', "bad"), 'Invalid value: "x\\"\\a": bad'],
    [field.invalid("a", -1, "bad"), "Invalid value: -1: bad"],
    [field.invalid("a", { b: "<" }, "bad"), 'Invalid value: {"b":"\\u003c"}: bad'],
    [field.invalid("a", undefined, "bad"), "Invalid value: null: bad"],
    [field.notSupported("a", "x", ["y", "z"]), 'Unsupported value: "x": supported values: "y", "z"'],
    [field.tooLong("a", 1), "Too long: may not be more than 1 byte"],
    [field.tooMany("a", 65, 64), "Too many: 65: must have at most 64 items"],
    [field.duplicate("a", "x"), 'Duplicate value: "x"'],
  ];
  for (const [error, message] of rows) assert.equal(error.message, message);
  const pod = { group: "", kind: "Pod" };
  assert.equal(errors.invalid(pod, "p", [field.required("a")]).message, 'Pod "p" is invalid: a: Required value');
  const twice = errors.invalid({ group: "apps", kind: "Deployment" }, "d", [
    field.required("a"),
    field.required("a"),
    field.required("b"),
  ]);
  assert.equal(twice.message, 'Deployment.apps "d" is invalid: [a: Required value, b: Required value]');
  assert.equal(twice.status.details?.causes?.length, 3);
  assert.equal(
    errors.invalid({ group: "", kind: "" }, "", [field.invalid("patch", "x", "y")]).message,
    ' "" is invalid: patch: Invalid value: "x": y',
  );
});

test("what is wrong is told in the order and the letters of upstream's types", () => {
  const { field } = errors;
  assert.equal(
    field.notSupported("a", "x && y", ["z"]).message,
    'Unsupported value: "x \\u0026\\u0026 y": supported values: "z"',
  );
  const selector = {
    matchExpressions: [{ values: ["v"], operator: "In", key: "k" }],
    matchLabels: { "b.io/x": "1", a: "2" },
  };
  assert.equal(
    field.invalid("spec.selector", selector, "field is immutable").message,
    'Invalid value: {"matchLabels":{"a":"2","b.io/x":"1"},"matchExpressions":[{"key":"k","operator":"In","values":["v"]}]}: field is immutable',
  );
  assert.equal(
    field.invalid("a", { matchLabels: {}, other: 1 }, "x").message,
    'Invalid value: {"matchLabels":{},"other":1}: x',
  );
});
