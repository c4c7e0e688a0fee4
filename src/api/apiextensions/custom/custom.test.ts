import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { internalSpec } from "../customresourcedefinitions/internal.ts";
import { compactResource } from "./compact-schema.ts";
import { formatCheck } from "./formats.ts";
import { compileJsonPath, printValue } from "./jsonpath.ts";
import { validateLists } from "./list-types.ts";
import { applyDefaults, dropNulls, pruneResource } from "./pruning.ts";
import type { JsonSchema } from "./schema.ts";
import { notStructural, validateStructural } from "./structural.ts";
import { validateChange, validateValue } from "./values/validate.ts";
import { compareVersions } from "./version.ts";

const text: JsonSchema = { type: "string" };
const object = (properties: Record<string, JsonSchema>, more: JsonSchema = {}): JsonSchema => ({
  type: "object",
  properties,
  ...more,
});
const list = (items: JsonSchema, more: JsonSchema = {}): JsonSchema => ({ type: "array", items, ...more });
const messages = (found: readonly { field: string; message: string }[]): string[] =>
  found.map((each) => `${each.field}: ${each.message}`);

describe("formats", () => {
  for (const [format, good, bad] of [
    ["ipv4", ["1.2.3.4"], ["1.2.3", "::1", "1.2.3.256"]],
    ["ipv6", ["::1", "fe80::1"], ["1.2.3.4", "g::1"]],
    ["cidr", ["10.0.0.0/8", "fd00::/8"], ["10.0.0.0", "10.0.0.0/33"]],
    ["date", ["2024-02-29"], ["2023-02-29", "24-01-01"]],
    ["date-time", ["2024-01-01T00:00:00Z", "2024-01-01T00:00:00.5+02:00"], ["2024-01-01", "x"]],
    ["duration", ["1h", "2 days", "1w"], ["", "abc"]],
    ["uuid4", ["f47ac10b-58cc-4372-a567-0e02b2c3d479"], ["f47ac10b-58cc-1372-a567-0e02b2c3d479"]],
    ["byte", ["aGk=", "YWJj"], ["aGk", "!!!!"]],
    ["email", ["a@example.com"], ["a", "a@"]],
    ["k8s-short-name", ["abc-1"], ["Abc", "-a", "a".repeat(64)]],
    ["password", ["", "anything"], []],
  ] as const)
    it(`${format}: what it takes and what it does not`, () => {
      const check = formatCheck(format)!;
      for (const each of good) assert.equal(check(each), true, each);
      for (const each of bad) assert.equal(check(each), false, each);
    });
  it("unknown formats have no check, whatever objects inherit", () => {
    for (const each of ["nonsense", "constructor", "__proto__", ""]) assert.equal(formatCheck(each), undefined);
  });
});

const pruned = object({
  spec: object({
    a: text,
    open: object({ known: text }, { "x-kubernetes-preserve-unknown-fields": true }),
    map: { type: "object", additionalProperties: object({ x: text }) },
    items: list(object({ x: text, y: { ...text, default: "y" } })),
    color: { ...text, default: "red" },
    deep: object({ z: { type: "integer", default: 1 } }, { default: {} }),
  }),
});

describe("pruning and defaults", () => {
  it("unknown fields go and are named", () => {
    const value = {
      apiVersion: "a/v1",
      kind: "A",
      metadata: { name: "a" },
      top: 1,
      spec: {
        a: "a",
        b: 1,
        open: { known: "k", other: { any: 1 } },
        map: { k: { x: "x", q: 1 } },
        items: [{ x: "x", w: 1 }],
      },
    };
    assert.deepEqual(pruneResource(value, pruned), ["spec.b", "spec.items[0].w", "spec.map.k.q", "top"]);
    assert.deepEqual(value.spec, {
      a: "a",
      open: { known: "k", other: { any: 1 } },
      map: { k: { x: "x" } },
      items: [{ x: "x" }],
    });
  });

  it("defaults fill what is missing, in what is there", () => {
    const value = { spec: { items: [{ x: "x" }, { y: "own" }] } };
    applyDefaults(value, pruned);
    assert.deepEqual(value.spec, {
      items: [{ x: "x", y: "y" }, { y: "own" }],
      color: "red",
      deep: { z: 1 },
    });
    const without = {};
    applyDefaults(without, pruned);
    assert.deepEqual(without, {});
  });

  it("a null gives way to a default where null is no value", () => {
    const value = { spec: { color: null, a: null } };
    dropNulls(value, pruned);
    applyDefaults(value, pruned);
    assert.equal(value.spec.color, "red");
  });

  it("twice is as good as once, and defaults survive pruning", () => {
    const leaf = fc.oneof(fc.string({ maxLength: 3 }), fc.integer(), fc.constant(null));
    const names = fc.constantFrom("a", "b", "x", "y", "q", "color", "deep", "open", "map", "items", "__proto__");
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        leaf,
        fc.array(tie("value"), { maxLength: 3 }),
        fc.dictionary(names, tie("value"), { maxKeys: 4 }),
      ),
    }));
    fc.assert(
      fc.property(value, (spec) => {
        const resource = { apiVersion: "a/v1", kind: "A", metadata: {}, spec };
        pruneResource(resource, pruned);
        dropNulls(resource, pruned);
        applyDefaults(resource, pruned);
        const once = JSON.stringify(resource);
        assert.deepEqual(pruneResource(resource, pruned), []);
        dropNulls(resource, pruned);
        applyDefaults(resource, pruned);
        assert.equal(JSON.stringify(resource), once);
      }),
    );
  });
});

describe("JSONPath", () => {
  const cat = {
    meta: { name: "cat", "dotted.name": 1 },
    items: [
      { n: 1, t: "a" },
      { n: 2, t: "b" },
      { n: 3, t: "a" },
    ],
  };
  for (const [path, expected] of [
    [".meta.name", ["cat"]],
    [".meta.missing", []],
    [".items[0].n", [1]],
    [".items[-1].n", [3]],
    [".items[*].n", [1, 2, 3]],
    [".items[0:2].n", [1, 2]],
    ['.items[?(@.t=="a")].n', [1, 3]],
    [".items[?(@.n>1)].t", ["b", "a"]],
    ["..n", [1, 2, 3]],
    // As upstream: what is in quotes is a path again.
    [".meta['dotted.name']", []],
    [".meta['dotted\\.name']", [1]],
    [".meta.dotted\\.name", [1]],
  ] as const)
    it(path, () => {
      assert.deepEqual(compileJsonPath(path)(cat), expected);
    });
  it("values are printed as Go prints them", () => {
    assert.deepEqual(["a", 1, true, 1.5].map(printValue), ["a", "1", "true", "1.5"]);
  });
});

describe("values", () => {
  for (const [schema, value, expected] of [
    [text, 1, /must be of type string: "integer"/],
    [{ type: "integer" }, 1.5, /must be of type integer: "number"/],
    [{ type: "integer", minimum: 2, exclusiveMinimum: true }, 2, /should be greater than 2/],
    [{ type: "integer", multipleOf: 3 }, 4, /should be a multiple of 3/],
    [{ ...text, maxLength: 2 }, "ééé", /Too long: may not be more than 2/],
    [{ ...text, pattern: "^a+$" }, "b", /should match '\^a\+\$'/],
    [{ ...text, enum: ["a", "b"] }, "c", /Unsupported value: "c": supported values: "a", "b"/],
    [list(text, { maxItems: 1 }), ["a", "b"], /Too many: 2: must have at most 1 item/],
    [object({ a: text }, { required: ["a"] }), {}, /a: Required value/],
    [{ not: text }, "a", /must not validate the schema \(not\)/],
    [{ oneOf: [text, { ...text, minLength: 1 }] }, "a", /must validate one and only one schema \(oneOf\)/],
  ] as const)
    it(`${JSON.stringify(value)} is refused by ${JSON.stringify(schema)}`, () => {
      assert.match(messages(validateValue(value, schema as JsonSchema, "at")).join("\n"), expected);
    });
  for (const [schema, value] of [
    [{ ...text, nullable: true }, null],
    [{ ...text, maxLength: 3 }, "ééé"],
    [{ "x-kubernetes-int-or-string": true }, "1"],
    [{ type: "number" }, 1],
    [{ anyOf: [text, { type: "integer" }] }, 1],
  ] as const)
    it(`${JSON.stringify(value)} is accepted by ${JSON.stringify(schema)}`, () => {
      assert.deepEqual(validateValue(value, schema as JsonSchema, "at"), []);
    });

  it("what does not change is not held against an object", () => {
    const schema = object({ a: { ...text, maxLength: 1 }, b: { ...text, maxLength: 1 } });
    const old = { a: "long", b: "b" };
    assert.deepEqual(validateChange(schema, { value: { a: "long", b: "c" }, old }), []);
    assert.equal(validateChange(schema, { value: { a: "longer", b: "b" }, old }).length, 1);
    assert.equal(validateChange(schema, { value: { a: "long", b: "cc" }, old }).length, 1);
  });

  it("sets and maps have no duplicates", () => {
    const set = list(text, { "x-kubernetes-list-type": "set" });
    assert.match(
      messages(validateLists({ s: ["a", "b", "a"] }, object({ s: set })))[0]!,
      /s\[2\]: Duplicate value: "a"/,
    );
    const map = list(object({ k: text, v: text }), {
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["k"],
    });
    const value = {
      m: [
        { k: "a", v: "1" },
        { k: "a", v: "2" },
      ],
    };
    assert.match(messages(validateLists(value, object({ m: map })))[0]!, /m\[1\]: Duplicate value/);
    assert.deepEqual(validateLists({ m: [{ k: "a" }, { k: "b" }] }, object({ m: map })), []);
  });
});

describe("structural schemas", () => {
  it("what cannot be looked at as one", () => {
    assert.equal(notStructural(object({ a: { $ref: "x" } })), "OpenAPIV3Schema '$ref' is not supported");
    assert.equal(notStructural(object({ a: text })), undefined);
  });
  for (const [what, schema, expected] of [
    ["no type", object({ a: {} }), /properties\[a\]\.type: Required value/],
    ["a type in a junctor", object({ a: { ...text, anyOf: [text] } }), /anyOf\[0\]\.type: Forbidden/],
    ["a root that is no object", text, /type: Invalid value: "string": must be object at the root/],
    [
      "fields in a junctor alone",
      object({}, { allOf: [{ properties: { b: { minLength: 1 } } }] }),
      /properties\[b\]: Required value/,
    ],
    [
      "constraints on metadata",
      object({ metadata: object({ labels: { type: "object" } }) }),
      /properties\[metadata\]: Forbidden/,
    ],
  ] as const)
    it(`findings: ${what}`, () => {
      assert.match(messages(validateStructural(schema, "s")).join("\n"), expected);
    });
});

it("versions in the order in which kubectl prefers them", () => {
  assert.deepEqual(
    ["foo", "v1beta1", "v2", "v1", "v10", "v1alpha1", "v2beta1", "bar"].toSorted((a, b) => -compareVersions(a, b)),
    ["v10", "v2", "v1", "v2beta1", "v1beta1", "v1alpha1", "bar", "foo"],
  );
});

describe("fields to track", () => {
  it("everything below preserved fields is open", () => {
    const inner = object({ a: text });
    const schema = object({
      kept: object({ inner, each: list(inner) }, { "x-kubernetes-preserve-unknown-fields": true }),
      closed: object({ inner }),
    });
    const { kept, closed } = compactResource(schema).p!;
    assert.deepEqual([kept!.p!["inner"]!.a, kept!.p!["each"]!.i!.a], [{}, {}]);
    assert.equal(closed!.p!["inner"]!.a, undefined);
  });
});

describe("versions that have something in common", () => {
  const spec = (...schemas: JsonSchema[]): Parameters<typeof internalSpec>[0] =>
    ({
      versions: schemas.map((openAPIV3Schema, index) => ({ name: `v${index + 1}`, schema: { openAPIV3Schema } })),
    }) as Parameters<typeof internalSpec>[0];
  it("an empty schema is not an absent one, an empty list is", () => {
    assert.equal(internalSpec(spec(object({ a: text }), object({ a: text, b: {} }))).common.schema, undefined);
    assert.notEqual(
      internalSpec(spec(object({ a: text }), object({ a: text }, { required: [] }))).common.schema,
      undefined,
    );
  });
});
