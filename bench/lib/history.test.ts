import assert from "node:assert/strict";
import { test } from "node:test";
import { type Entry, falls, type Machine, missing, readHistory } from "./history.ts";
import type { Row } from "./part.ts";

const machine: Machine = { cores: 2, model: "M", memoryGb: 8, system: "Linux", node: "26" };
const cost = (ours: number, over: Partial<Row> = {}): Row => ({
  what: "get",
  unit: "µs",
  better: "less",
  ours,
  ...over,
});
const rate = (ours: number, over: Partial<Row> = {}): Row => ({
  what: "get",
  unit: "1/s",
  better: "more",
  ours,
  ...over,
});
const entry = (rows: readonly Row[], over: Partial<Entry> = {}): Entry => ({
  part: "api",
  at: "2026-01-01T00:00:00Z",
  commit: "abc",
  machine,
  load: [0, 1],
  size: "1",
  rows,
  ...over,
});

const table: { name: string; before: Entry[]; now: Entry; told: string[] }[] = [
  { name: "a first run", before: [], now: entry([cost(100)]), told: [] },
  { name: "a cost within the tolerance", before: [entry([cost(100)])], now: entry([cost(124)]), told: [] },
  {
    name: "a cost beyond it",
    before: [entry([cost(100)])],
    now: entry([cost(200)], { load: [2, 3] }),
    told: ["get: the figure fell by 50 % since abc (load 0–1 then, 2–3 now)"],
  },
  { name: "a cost that became less", before: [entry([cost(200)])], now: entry([cost(100)]), told: [] },
  {
    name: "a rate",
    before: [entry([rate(100)])],
    now: entry([rate(75)]),
    told: ["get: the figure fell by 25 % since abc (load 0–1 then, 0–1 now)"],
  },
  {
    name: "the ratio, however slow the machine is now",
    before: [entry([cost(100, { upstream: 1000 })])],
    now: entry([cost(400, { upstream: 4000 })], { machine: { ...machine, model: "slow" } }),
    told: [],
  },
  {
    name: "a ratio that fell while the figure did not",
    before: [entry([cost(100, { upstream: 1000 })])],
    now: entry([cost(100, { upstream: 500 })]),
    told: ["get: the ratio to upstream fell by 50 % since abc (load 0–1 then, 0–1 now)"],
  },
  {
    name: "figures of another machine",
    before: [entry([cost(100)])],
    now: entry([cost(300)], { machine: { ...machine, cores: 4 } }),
    told: [],
  },
  { name: "another size", before: [entry([cost(100)], { size: "full" })], now: entry([cost(300)]), told: [] },
  { name: "another part", before: [entry([cost(100)], { part: "watch" })], now: entry([cost(300)]), told: [] },
  { name: "another unit", before: [entry([cost(100)])], now: entry([cost(300, { unit: "ms" })]), told: [] },
  {
    name: "the last run that has the row",
    before: [entry([cost(50)]), entry([cost(100)], { commit: "def" }), entry([], { cut: "it took longer than 1 s" })],
    now: entry([cost(200)]),
    told: ["get: the figure fell by 50 % since def (load 0–1 then, 0–1 now)"],
  },
  { name: "a figure of nothing", before: [entry([cost(0)])], now: entry([cost(300)]), told: [] },
];

for (const { name, before, now, told } of table)
  test(`falls: ${name}`, () => assert.deepEqual(falls(now, before), told));

test("what is missing is what the last whole run of the same part and size had", () => {
  const whole = entry([cost(1), rate(1), cost(1, { what: "list" })]);
  const cut = entry([rate(1)], { cut: "it took longer than 1 s" });
  assert.deepEqual(missing(cut, [whole, cut]), ["get, µs", "list, µs"]);
  assert.deepEqual(missing(cut, [cut]), [], "nobody knows what there would have been");
  assert.deepEqual(missing(entry(whole.rows), [whole]), []);
  assert.deepEqual(missing({ ...cut, size: "full" }, [whole]), []);
});

test("the file's lines are entries whose rows have each name once", () => {
  const entries = readHistory();
  assert.ok(entries.length > 0);
  for (const { part, at, rows } of entries) {
    const names = rows.map(({ what, unit }) => `${what}, ${unit}`);
    assert.equal(new Set(names).size, names.length, `${part} of ${at}`);
    for (const row of rows) assert.ok(Number.isFinite(row.ours), `${part} of ${at}: ${row.what}`);
  }
});
