import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { circles } from "./circles.ts";

const graphOf = (edges: Readonly<Record<string, string>>): Map<string, string[]> =>
  new Map(Object.entries(edges).map(([from, to]) => [from, to.split(" ").filter((each) => each !== "")]));

const table: { name: string; edges: Record<string, string>; told: string[][] }[] = [
  { name: "a tree", edges: { a: "b c", b: "d", c: "d", d: "" }, told: [] },
  { name: "a module that imports itself", edges: { a: "a" }, told: [["a", "a"]] },
  { name: "two", edges: { a: "b", b: "a" }, told: [["a", "b", "a"]] },
  { name: "reached from outside", edges: { a: "b", b: "c", c: "b" }, told: [["b", "c", "b"]] },
  { name: "the shorter way round", edges: { a: "b c", b: "c", c: "a" }, told: [["a", "c", "a"]] },
  {
    name: "two groups, one that imports the other",
    edges: { a: "b", b: "a x", x: "y", y: "x" },
    told: [
      ["a", "b", "a"],
      ["x", "y", "x"],
    ],
  },
  { name: "what is not held", edges: { a: "gone" }, told: [] },
];

for (const { name, edges, told } of table)
  test(`circles: ${name}`, () => assert.deepEqual(circles(graphOf(edges)), told));

test("a graph has circles exactly when its modules cannot be put in order", () => {
  const name = fc.integer({ min: 0, max: 7 }).map(String);
  fc.assert(
    fc.property(fc.array(fc.tuple(name, name), { maxLength: 14 }), (edges) => {
      const graph = new Map<string, string[]>();
      for (const [from, to] of edges) graph.set(from, [...(graph.get(from) ?? []), to]);
      const rest = new Map(graph);
      for (let before = -1; before !== rest.size; ) {
        before = rest.size;
        for (const [from, to] of rest) if (!to.some((each) => rest.has(each))) rest.delete(from);
      }
      const found = circles(graph);
      assert.equal(found.length > 0, rest.size > 0);
      for (const circle of found)
        for (const [index, at] of circle.slice(0, -1).entries()) assert.ok(graph.get(at)!.includes(circle[index + 1]!));
    }),
    { numRuns: 200 },
  );
});
