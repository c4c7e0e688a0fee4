import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { mergeSpecifications, onlyPaths, type Specification } from "./open-api-merge.ts";

const to = (name: string) => ({ $ref: `#/definitions/${name}` });
const shared = (name: string) => ({ $ref: `#/parameters/${name}` });

test("what only other paths need goes with them, through definitions and parameters", () => {
  const whole = {
    paths: { "/a/x": { get: [shared("body")] }, "/b/y": { get: to("Y") } },
    parameters: { body: { schema: to("X") } },
    definitions: { X: { items: to("Part") }, Part: { items: to("X") }, Y: { items: to("Part") }, Unused: {} },
  };
  const { paths, definitions } = onlyPaths(whole, (path) => path.startsWith("/a/"));
  assert.deepEqual(Object.keys(paths), ["/a/x"]);
  assert.deepEqual(Object.keys(definitions), ["X", "Part", "Unused"]);
});

test("definitions and parameters that say something else get another name, and all who refer to them follow", () => {
  const own = {
    paths: { "/own": { get: [shared("pretty"), to("Meta")] } },
    definitions: { Meta: { description: "ours" } },
    parameters: { pretty: { description: "ours" } },
  };
  const other = (path: string) => ({
    paths: { [path]: { get: [shared("pretty"), to("Thing")] }, "/own": { get: to("Hidden") } },
    definitions: { Meta: { description: "theirs" }, Thing: { metadata: to("Meta") }, Hidden: {} },
    parameters: { pretty: { description: "theirs" } },
  });
  const merged = mergeSpecifications<Specification>(own, [
    other("/one"),
    {
      ...other("/two"),
      definitions: { Meta: { description: "theirs" }, Thing: { metadata: to("Meta"), more: true }, Hidden: {} },
    },
  ]);
  assert.deepEqual(merged, {
    paths: {
      "/own": own.paths["/own"],
      "/one": { get: [shared("pretty_v2"), to("Thing")] },
      "/two": { get: [shared("pretty_v2"), to("Thing_v2")] },
    },
    definitions: {
      Meta: { description: "ours" },
      Meta_v2: { description: "theirs" },
      Thing: { metadata: to("Meta_v2") },
      Thing_v2: { metadata: to("Meta_v2"), more: true },
    },
    parameters: { pretty: { description: "ours" }, pretty_v2: { description: "theirs" } },
  });
});

test("a definition of both is of the kinds of both", () => {
  const kinds = (...groups: string[]) => ({
    "x-kubernetes-group-version-kind": groups.map((group) => ({ group, version: "v1", kind: "DeleteOptions" })),
  });
  const merged = mergeSpecifications<Specification>({ definitions: { D: kinds("", "b") } }, [
    { paths: { "/x": to("D") }, definitions: { D: kinds("b", "a") } },
  ]);
  assert.deepEqual(merged.definitions, { D: kinds("", "a", "b") });
});

test("nothing in a merged document leads nowhere", () => {
  const names = fc.constantFrom("A", "A_v2", "B", "C");
  const content = fc.record({ text: fc.constantFrom("x", "y"), needs: names });
  const document = fc
    .tuple(
      fc.array(fc.tuple(fc.constantFrom("/1", "/2", "/3"), names)),
      fc.record({ A: content, A_v2: content, B: content, C: content }),
    )
    .map(([paths, definitions]) => ({
      paths: Object.fromEntries(paths.map(([path, name]) => [path, { get: [to(name), shared(name)] }])),
      definitions: Object.fromEntries(
        Object.entries(definitions).map(([name, { text, needs }]) => [name, { text, ...to(needs) }]),
      ),
      parameters: Object.fromEntries(
        Object.entries(definitions).map(([name, { text, needs }]) => [name, { text, schema: to(needs) }]),
      ),
    }));
  fc.assert(
    fc.property(document, fc.array(document, { maxLength: 3 }), (own, others) => {
      const merged = mergeSpecifications<Specification>(own, others);
      for (const [, place, name] of JSON.stringify(merged).matchAll(/"#\/(definitions|parameters)\/(\w+)"/g))
        assert.ok(name! in (merged[place as "definitions" | "parameters"] ?? {}), `${place} ${name}`);
    }),
  );
});
