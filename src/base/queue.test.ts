import assert from "node:assert/strict";
import { test } from "node:test";
import { BoundedQueue } from "./queue.ts";

test("items come out in order, a full queue refuses, a closed one drains", async () => {
  const queue = new BoundedQueue<number>(2);
  assert.deepEqual([queue.push(1), queue.push(2), queue.push(3)], ["ok", "ok", "full"]);
  queue.close();
  assert.equal(queue.push(4), "closed");
  const seen: number[] = [];
  for await (const item of queue) seen.push(item);
  assert.deepEqual(seen, [1, 2]);
  assert.equal(await queue.take(), undefined);
});

test("a waiting consumer is woken", async () => {
  const queue = new BoundedQueue<string>(1);
  const taking = queue.take();
  queue.push("x");
  assert.equal(await taking, "x");
  const ending = queue.take();
  queue.close(new Error("broken"));
  await assert.rejects(ending, /broken/);
});

test("abort drops what is queued; leaving the loop ends the queue", async () => {
  const queue = new BoundedQueue<number>(10);
  queue.push(1);
  queue.abort(new Error("gone"));
  await assert.rejects(queue.take(), /gone/);
  const left = new BoundedQueue<number>(10);
  left.push(1);
  left.push(2);
  for await (const item of left) {
    assert.equal(item, 1);
    break;
  }
  assert.equal(left.push(3), "closed");
  assert.equal(left.length, 0);
});

test("a long-lived queue gives memory back and keeps order", () => {
  const queue = new BoundedQueue<number>(5000);
  for (let round = 0; round < 4; round++) {
    for (let index = 0; index < 3000; index++) queue.push(index);
    for (let index = 0; index < 3000; index++) assert.equal(queue.takeNow(), index);
  }
  assert.equal(queue.takeNow(), undefined);
  assert.equal(queue.length, 0);
});
