import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { keepsBudget, type Row, ratioOf } from "./part.ts";
import { number, tableOf } from "./table.ts";

for (const [value, text] of [
  [0, "0"],
  [0.5, "0.50"],
  [3, "3"],
  [9.999, "10.0"],
  [12.34, "12.3"],
  [123.4, "123"],
  [99.96, "100"],
  [999.6, "1,000"],
  [1_234.5, "1,235"],
  [1_234_567, "1,234,567"],
] as const)
  test(`${value} is told as ${text}`, () => assert.equal(number(value), text));

test("a table: what missed its budget is bold, what was not measured is empty", () => {
  assert.equal(
    tableOf([
      { what: "get Pod", unit: "CPU µs", ours: 61.2, upstream: 822, budget: 70, better: "less" },
      { what: "start", unit: "ms", ours: 1500, budget: 500, better: "less" },
      { what: "writes", unit: "writes/s", ours: 64_000, upstream: 5_000, budget: 50_000, better: "more" },
      { what: "rest", unit: "MB", ours: 0, upstream: 4, better: "less" },
    ]),
    `
| what    | unit     |      ours | upstream |  ratio |   budget |        |
|---------|----------|----------:|---------:|-------:|---------:|-------:|
| get Pod | CPU µs   |      61.2 |      822 | 13.4 x |     ≤ 70 |   kept |
| start   | ms       | **1,500** |          |        |    ≤ 500 | missed |
| writes  | writes/s |    64,000 |    5,000 | 12.8 x | ≥ 50,000 |   kept |
| rest    | MB       |         0 |        4 |        |          |        |`.trimStart(),
  );
});

test("the lines of a table are equally long, and better than upstream is above 1 either way", () => {
  const figure = fc.double({ min: 0.01, max: 1e7, noNaN: true });
  const row: fc.Arbitrary<Row> = fc.record(
    {
      what: fc.string({ maxLength: 30 }),
      unit: fc.constantFrom("ms", "1/s"),
      ours: figure,
      upstream: figure,
      budget: figure,
      better: fc.constantFrom("less", "more"),
    },
    { requiredKeys: ["what", "unit", "ours", "better"] },
  );
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 6 }), (rows) => {
      const lengths = tableOf(rows)
        .split("\n")
        .map((line) => line.length);
      assert.equal(new Set(lengths).size, 1);
      for (const each of rows) {
        const ratio = ratioOf(each);
        if (each.upstream === undefined) assert.equal(ratio, undefined);
        else
          assert.equal(ratio! >= 1, each.better === "more" ? each.ours >= each.upstream : each.ours <= each.upstream);
        if (each.budget === each.ours) assert.equal(keepsBudget(each), true);
      }
    }),
  );
});
