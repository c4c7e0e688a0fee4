import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "../../src/base/index.ts";
import { collect } from "./collect.ts";
import type { Row } from "./part.ts";

const row = (what: string, ours: number, over: Partial<Row> = {}): Row => ({
  what,
  unit: "ms",
  ours,
  better: "less",
  ...over,
});

test("rows come in the order in which they are first told, each with what was told last", async () => {
  async function* part(): AsyncGenerator<Row> {
    yield row("a", 1);
    yield row("b", 2);
    yield row("a", 1, { unit: "MB" });
    yield row("a", 1, { upstream: 4 });
  }
  assert.deepEqual(await collect(part(), { clock: new VirtualClock(), limitMs: 1000 }), {
    rows: [row("a", 1, { upstream: 4 }), row("b", 2), row("a", 1, { unit: "MB" })],
    cut: undefined,
  });
});

test("a part that hits its limit keeps the rows it has", async () => {
  const clock = new VirtualClock();
  async function* part(): AsyncGenerator<Row> {
    yield row("a", 1);
    await new Promise<void>((resolve) => void clock.setTimeout(resolve, 9_000));
    yield row("b", 2);
    await new Promise<void>((resolve) => void clock.setTimeout(resolve, 9_000));
    yield row("c", 3);
  }
  const collected = collect(part(), { clock, limitMs: 10_000 });
  await clock.advance(10_000);
  assert.deepEqual(await collected, { rows: [row("a", 1), row("b", 2)], cut: "it took longer than 10 s" });
});

test("a part that fails keeps the rows it has and says why", async () => {
  async function* part(): AsyncGenerator<Row> {
    yield row("a", 1);
    throw new Error("etcd is gone");
  }
  const { rows, cut } = await collect(part(), { clock: new VirtualClock(), limitMs: 1000 });
  assert.deepEqual(rows, [row("a", 1)]);
  assert.match(cut ?? "", /^Error: etcd is gone\n/);
});

test("a part that is interrupted keeps the rows it has", async () => {
  const clock = new VirtualClock();
  const stopping = new AbortController();
  async function* part(): AsyncGenerator<Row> {
    yield row("a", 1);
    stopping.abort(143);
    await new Promise<void>((resolve) => void clock.setTimeout(resolve, 9_000));
    yield row("b", 2);
  }
  const collected = await collect(part(), { clock, limitMs: 10_000, signal: stopping.signal });
  assert.deepEqual(collected, { rows: [row("a", 1)], cut: "it was interrupted" });
});
