import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLogger, VirtualClock } from "../base/index.ts";
import { compactPeriodically } from "./compactor.ts";
import { CompactedError, type Store } from "./contract.ts";
import { createMemoryStore } from "./memory/memory.ts";

const minuteMs = 60_000;

async function writes(store: Store, count: number): Promise<void> {
  for (let index = 0; index < count; index++) await store.commit([{ type: "put", key: "/a", value: new Uint8Array() }]);
}

async function setUp(options: { readonly mostRevisions?: number } = {}) {
  const clock = new VirtualClock();
  const store = createMemoryStore({ clock });
  const controller = new AbortController();
  compactPeriodically(store, { clock, log: silentLogger, signal: controller.signal, ...options });
  const readable = (revision: number): Promise<boolean> =>
    store.get("/a", { revision }).then(
      () => true,
      (error) => {
        assert.ok(error instanceof CompactedError);
        return false;
      },
    );
  return { clock, store, controller, readable };
}

test("history older than five minutes goes, younger stays", async () => {
  const { clock, store, controller, readable } = await setUp();
  await writes(store, 9); // revision 10
  await clock.advance(minuteMs);
  await writes(store, 10); // revision 20
  await clock.advance(4 * minuteMs);
  assert.deepEqual([await readable(5), await readable(10)], [true, true], "after five minutes");
  await clock.advance(minuteMs);
  assert.deepEqual([await readable(9), await readable(10)], [false, true], "after six");
  await clock.advance(minuteMs);
  assert.deepEqual([await readable(19), await readable(20)], [false, true], "after seven");
  controller.abort();
  await writes(store, 10);
  await clock.advance(60 * minuteMs);
  assert.equal(await readable(20), true, "after the end");
  await store.close();
});

test("too many revisions go whatever their age", async () => {
  const { clock, store, controller, readable } = await setUp({ mostRevisions: 100 });
  await writes(store, 499); // revision 500
  await clock.advance(minuteMs);
  assert.deepEqual([await readable(399), await readable(400)], [false, true]);
  controller.abort();
  await store.close();
});

test("the compactor of a closed store ends", async () => {
  const { clock, store } = await setUp({ mostRevisions: 1 });
  await writes(store, 10);
  await store.close();
  await clock.advance(2 * minuteMs);
  await assert.rejects(
    clock.runUntil(() => false, minuteMs),
    /nothing is left to happen/,
  );
});
