import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { MetricRegistry, seededRng, sleep, VirtualClock } from "../base/index.ts";
import { createWorkQueue } from "./workqueue.ts";

function start(options: { workers?: number; work: (key: string, clock: VirtualClock) => Promise<number | undefined> }) {
  const clock = new VirtualClock();
  const controller = new AbortController();
  const queue = createWorkQueue({ clock, rng: seededRng(1), name: "test" });
  const errors: string[] = [];
  const running = queue.run({
    workers: options.workers ?? 2,
    reconcile: (key) => options.work(key, clock),
    onError: (key, error) => errors.push(`${key}: ${(error as Error).message}`),
    signal: controller.signal,
  });
  return { clock, queue, errors, running, stop: () => controller.abort() };
}

test("keys are worked on in the order added, each once while queued", async () => {
  const worked: string[] = [];
  const { clock, queue, running, stop } = start({
    workers: 1,
    work: async (key) => {
      worked.push(key);
      await sleep(clock, 10);
      return undefined;
    },
  });
  for (const key of ["a", "b", "a", "c", "b"]) queue.add(key);
  await clock.advance(100);
  assert.deepEqual(worked, ["a", "b", "c"]);
  stop();
  await running;
});

test("a key that is added while it is worked on runs again, never twice at once", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ key: fc.constantFrom("a", "b", "c"), afterMs: fc.nat(30) }), { maxLength: 30 }),
      fc.integer({ min: 1, max: 4 }),
      async (additions, workers) => {
        const busy = new Set<string>();
        const lastStart = new Map<string, number>();
        const { clock, queue, running, stop } = start({
          workers,
          work: async (key) => {
            assert.ok(!busy.has(key), "one worker a key");
            assert.ok(busy.size < workers, "no more workers than asked for");
            busy.add(key);
            lastStart.set(key, clock.monotonic());
            await sleep(clock, 7);
            busy.delete(key);
            return undefined;
          },
        });
        const lastAdd = new Map<string, number>();
        for (const { key, afterMs } of additions) {
          await clock.advance(afterMs);
          queue.add(key);
          lastAdd.set(key, clock.monotonic());
        }
        await clock.advance(1000);
        for (const [key, atMs] of lastAdd) assert.ok(lastStart.get(key)! >= atMs, "what was added last is seen");
        stop();
        await running;
      },
    ),
    { numRuns: 60 },
  );
});

test("a failure is retried after 5, 10, 20 … ms and forgotten after a success", async () => {
  const at: number[] = [];
  const { clock, queue, errors, running, stop } = start({
    work: async () => {
      at.push(clock.monotonic());
      if (at.length < 5) throw new Error(`try ${at.length}`);
      return undefined;
    },
  });
  queue.add("a");
  await clock.advance(10_000);
  assert.deepEqual(at, [0, 5, 15, 35, 75]);
  assert.deepEqual(errors, ["a: try 1", "a: try 2", "a: try 3", "a: try 4"]);
  assert.equal(queue.retries("a"), 0);
  stop();
  await running;
});

test("the overall bucket slows many failing keys down", async () => {
  let tries = 0;
  const { clock, queue, running, stop } = start({
    work: async () => {
      tries++;
      throw new Error("no");
    },
  });
  for (let index = 0; index < 150; index++) queue.add(`key-${index}`);
  await clock.advance(4);
  assert.equal(tries, 150);
  await clock.advance(6);
  assert.ok(tries <= 150 + 101, `${tries} tries`);
  stop();
  await running;
});

test("a returned delay and addAfter wait; the earlier of two waits counts", async () => {
  const at: number[] = [];
  const { clock, queue, running, stop } = start({
    work: async () => {
      at.push(clock.monotonic());
      return at.length === 1 ? 500 : undefined;
    },
  });
  queue.addAfter("a", 300);
  queue.addAfter("a", 100);
  queue.addAfter("a", 200);
  await clock.advance(2000);
  assert.deepEqual(at, [100, 600]);
  stop();
  await running;
});

test("run ends after the work at hand, and nothing runs later", async () => {
  let ended = 0;
  let started = 0;
  const { clock, queue, running, stop } = start({
    work: async () => {
      started++;
      await sleep(clock, 50);
      ended++;
      return 10;
    },
  });
  queue.add("a");
  queue.addAfter("b", 20);
  await clock.advance(10);
  stop();
  let resolved = false;
  void running.then(() => (resolved = true));
  await clock.advance(10);
  assert.equal(resolved, false);
  await clock.advance(1000);
  assert.equal(resolved, true);
  assert.deepEqual({ started, ended }, { started: 1, ended: 1 });
});

test("what a queue did is counted under upstream's names; queues of one registry share them", async () => {
  const clock = new VirtualClock();
  const metrics = new MetricRegistry();
  const ended = new AbortController();
  createWorkQueue({ clock, rng: seededRng(1), name: "idle", metrics });
  const queue = createWorkQueue({ clock, rng: seededRng(1), name: "busy", metrics });
  for (const key of ["a", "a", "b"]) queue.add(key);
  await clock.advance(500);
  const running = queue.run({
    workers: 1,
    reconcile: async (key) => {
      await sleep(clock, 2000);
      if (key === "a") throw new Error("no");
    },
    onError: () => {},
    signal: ended.signal,
  });
  await clock.advance(1000);
  const lines = (): string[] => metrics.render().split("\n");
  for (const line of [
    'workqueue_adds_total{name="busy"} 2',
    'workqueue_adds_total{name="idle"} 0',
    'workqueue_depth{name="busy"} 1',
    'workqueue_depth{name="idle"} 0',
    'workqueue_unfinished_work_seconds{name="busy"} 1',
    'workqueue_longest_running_processor_seconds{name="busy"} 1',
    'workqueue_queue_duration_seconds_sum{name="busy"} 0.5',
    'workqueue_retries_total{name="busy"} 0',
  ])
    assert.ok(lines().includes(line), line);
  await clock.advance(1100);
  for (const line of [
    'workqueue_adds_total{name="busy"} 3',
    'workqueue_retries_total{name="busy"} 1',
    'workqueue_work_duration_seconds_count{name="busy"} 1',
    'workqueue_work_duration_seconds_sum{name="busy"} 2',
  ])
    assert.ok(lines().includes(line), line);
  ended.abort();
  await clock.advance(5000);
  await running;
});
