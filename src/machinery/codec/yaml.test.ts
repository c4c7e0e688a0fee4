import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import rows from "../testdata/yaml.json" with { type: "json" };
import yamlTexts from "../testdata/yaml-text.json" with { type: "json" };
import { toJson } from "./codec.ts";
import { fromYaml, readFirstDocument, toYaml } from "./yaml.ts";

const repeatedKeys = (text: string): string | undefined => readFirstDocument(text).repeatedKeys();

for (const [text, value] of [
  ["a: 1\n---\nb: [", { a: 1 }],
  ["# c\n\n---\na: 2\n...\nx: [", { a: 2 }],
  ["%YAML 1.1\n---\na: 3\n--- {b: 1}", { a: 3 }],
  ["---\n---\na: 1\n", null],
  ["--- {a: 4}\n---", { a: 4 }],
  ["a: |\n  ---\n  x\n", { a: "---\nx\n" }],
  ["", null],
] as const)
  test(`the first document of ${JSON.stringify(text)}`, () => assert.deepEqual(readFirstDocument(text).value, value));

test("text of very many values is refused before it is read", () => {
  const refusal = { code: 413, message: "Request entity too large: limit is 100000 lines, items and members" };
  assert.throws(() => readFirstDocument("k: 1\n".repeat(600_000)), refusal);
  assert.equal(readFirstDocument("---\n".repeat(600_000)).value, null);
  assert.equal(readFirstDocument("\n".repeat(90_000)).value, null);
});

test("scalars, aliases and merge keys read as sigs.k8s.io/yaml reads them", () => {
  for (const { text, json, error } of rows as { text: string; json?: unknown; error?: string }[]) {
    if (error === undefined) assert.deepEqual(JSON.parse(toJson(fromYaml(`${text}\n`)[0] ?? null)), json, text);
    else assert.throws(() => fromYaml(text), { name: "YamlError" }, text);
  }
});

test("values print as sigs.k8s.io/yaml prints them", () => {
  for (const { value, yaml } of yamlTexts) assert.equal(toYaml(value), yaml);
});

test("documents, repeated keys, bombs and broken text", () => {
  assert.deepEqual(fromYaml("a: 1\n---\nb: 2\n"), [{ a: 1 }, { b: 2 }]);
  assert.deepEqual(fromYaml(""), []);
  assert.equal(
    repeatedKeys("a: 1\nb:\n  c: 1\n  c: 2\n"),
    'yaml: unmarshal errors:\n  line 4: key "c" already set in map',
  );
  assert.equal(repeatedKeys("a: 1\nb: [{a: 1}, {a: 2}]\n"), undefined);
  assert.deepEqual(fromYaml("a: 1\na: 2\n"), [{ a: 2 }]);
  let bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
  for (let level = 1; level < 9; level++)
    bomb += `a${level}: &a${level} [${new Array(9).fill(`*a${level - 1}`).join(", ")}]\n`;
  assert.throws(() => fromYaml(bomb), { message: "yaml: document contains excessive aliasing" });
  assert.throws(() => fromYaml("a:\n- b\n c: d"), {
    message: "yaml: line 3: mapping values are not allowed in this context",
  });
  const [shared] = fromYaml("a: &x {b: 1}\nc: *x\n") as [{ a: object; c: object }];
  assert.notEqual(shared.a, shared.c);
});

test("what is printed reads back as the same value", () => {
  const value = fc.jsonValue({ maxDepth: 4 });
  fc.assert(
    fc.property(fc.dictionary(fc.string(), value, { noNullPrototype: true }), (object) => {
      const plain = JSON.parse(JSON.stringify(object));
      assert.equal(toJson(sorted(fromYaml(toYaml(plain))[0])), toJson(sorted(plain)));
    }),
  );
});

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => [key, sorted(member)]);
}

test("a body of JSON reads as its YAML does", () => {
  const scalar = fc.oneof(
    fc.string({ unit: "binary", maxLength: 6 }),
    fc.constantFrom("<<", "yes", "null", "~", "1e3", "a: b", "#", "é", "\u2028", "\t", "/", "\\", '"', "0o7", "- x"),
    fc.integer(),
    fc.constantFrom(true, false, null, -0, 0.5),
  );
  const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
    tree: fc.oneof(
      { depthSize: "small" },
      scalar,
      fc.array(tie("tree"), { maxLength: 3 }),
      fc.dictionary(fc.oneof(fc.constantFrom("a", "<<", "y", "on"), fc.string({ maxLength: 4 })), tie("tree"), {
        maxKeys: 3,
      }),
    ),
  }));
  const outcome = (read: () => unknown): unknown => {
    try {
      return read();
    } catch (error) {
      return (error as Error).message;
    }
  };
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom("a", "b"), tree), fc.constantFrom(0, 1), (value, indent) => {
      const text = JSON.stringify(value, undefined, indent);
      assert.deepEqual(
        outcome(() => readFirstDocument(text).value),
        outcome(() => fromYaml(text)[0]),
      );
    }),
  );
});

test("keys that occur twice in a body of JSON are seen", () => {
  assert.match(readFirstDocument('{"a":{"b":1,"b":1}}').repeatedKeys() ?? "", /key "b" already set in map/);
});
