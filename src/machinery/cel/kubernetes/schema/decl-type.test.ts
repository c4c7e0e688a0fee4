import assert from "node:assert/strict";
import { test } from "node:test";
import { declTypeOf, declTypeProvider, namedDeclType } from "./decl-type.ts";
import type { RuleSchema } from "./schema.ts";

const list = (items: RuleSchema, maxItems?: number): RuleSchema => ({
  type: "array",
  items,
  ...(maxItems === undefined ? {} : { maxItems }),
});

test("sizes are what is declared or what fits into a request", () => {
  const table: readonly (readonly [RuleSchema, number])[] = [
    [list({ type: "boolean" }), 629145],
    [list({ type: "string", format: "duration" }), 786431],
    [list({ type: "string", format: "date-time" }), 142987],
    [list({ type: "string", format: "date" }), 241978],
    [list({ type: "integer" }), 1572863],
    [list({ type: "string" }), 1048575],
    [list({ type: "integer" }, 10), 10],
    [list({ type: "integer" }, -1), 0],
    [{ type: "object", additionalProperties: { type: "string" } }, 393215],
    [{ type: "object", additionalProperties: { type: "string" }, maxProperties: 15 }, 15],
    [list({ type: "object", properties: { required: { type: "string" } }, required: ["required"] }), 185042],
    [list({ type: "object", properties: { f: { type: "string", default: "x" } }, required: ["f"] }), 1048575],
    [{ type: "string", maxLength: 20 }, 80],
    [{ type: "string", enum: ["a", "abc"] }, 3],
    [{ type: "string", format: "duration" }, 32],
    [{ type: "string", format: "date" }, 12],
    [{ type: "string", format: "byte" }, 3145726],
    [{ type: "string", format: "byte", maxLength: 20 }, 20],
    [{ "x-kubernetes-int-or-string": true }, 3145726],
    [{ "x-kubernetes-int-or-string": true, maxLength: 5 }, 20],
  ];
  for (const [schema, maxElements] of table)
    assert.equal(declTypeOf(schema, false)?.maxElements, maxElements, JSON.stringify(schema));
});

test("what has no type is not seen", () => {
  assert.equal(declTypeOf({ "x-kubernetes-preserve-unknown-fields": true }, false), undefined);
  assert.equal(declTypeOf(list({}), false), undefined);
  const type = declTypeOf(
    { type: "object", properties: { a: {}, "b-c": { type: "integer" }, "d e": { type: "string" } } },
    false,
  );
  assert.deepEqual([...(type?.fields?.keys() ?? [])], ["b__dash__c"]);
});

test("objects get names by where they are", () => {
  const schema: RuleSchema = {
    type: "object",
    properties: {
      in: { type: "integer" },
      list: list({ type: "object", properties: { x: { type: "integer" } } }),
      map: { type: "object", additionalProperties: { type: "object", properties: {} } },
    },
  };
  const named = namedDeclType(declTypeOf(schema, true)!, "Root");
  assert.equal(named.fields?.get("list")?.celType.toString(), "list(Root.list.@idx)");
  assert.equal(named.fields?.get("map")?.celType.toString(), "map(string, Root.map.@elem)");
  const provider = declTypeProvider(named);
  assert.equal(provider.findField("Root.list.@idx", "x")?.toString(), "int");
  assert.equal(provider.findField("Root", "in")?.toString(), "int");
  assert.equal(provider.findField("Root.metadata", "generateName")?.toString(), "string");
  assert.equal(provider.findField("Root", "nope"), undefined);
});
