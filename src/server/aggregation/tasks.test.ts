import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "../../base/index.ts";
import { createTasks } from "./tasks.ts";

/** Work that ends when it is told to, or at once by a list of outcomes. */
function start(outcomes: (boolean | Error)[] = []) {
  const clock = new VirtualClock();
  const began: string[] = [];
  const failures: string[] = [];
  const open: ((done: boolean) => void)[] = [];
  const tasks = createTasks({
    clock,
    firstRetryMs: 100,
    lastRetryMs: 1_000,
    resyncMs: 60_000,
    failed: (name, error) => failures.push(`${name}: ${(error as Error).message}`),
    async work(name) {
      began.push(`${name} ${clock.monotonic()}`);
      const outcome = outcomes.shift();
      if (outcome === undefined) return new Promise<boolean>((resolve) => open.push(resolve));
      if (outcome instanceof Error) throw outcome;
      return outcome;
    },
  });
  return { clock, tasks, began, failures, open };
}

test("failures are tried again each time twice as late, up to the last delay; a success begins anew", async () => {
  const { clock, tasks, began, failures } = start([
    ...[false, new Error("no"), false, false, false, false, true, false, true],
  ]);
  tasks.now("a");
  await clock.advance(64_000);
  assert.deepEqual(
    began.map((each) => Number(each.slice(2))),
    [0, 100, 300, 700, 1_500, 2_500, 3_500, 63_500, 63_600],
  );
  assert.deepEqual(failures, ["a: no"]);
  tasks.close();
});

test("a name is worked on once at a time, and once more for all that was asked meanwhile", async () => {
  const { clock, tasks, began, open } = start();
  tasks.now("a");
  tasks.now("a");
  tasks.now("a");
  tasks.now("b");
  assert.deepEqual(began, ["a 0", "b 0"]);
  open[0]!(true);
  await clock.advance(0);
  assert.deepEqual(began, ["a 0", "b 0", "a 0"]);
  open[2]!(true);
  await clock.advance(59_999);
  assert.equal(began.length, 3, "nothing is left to be done until the next round");
  await clock.advance(1);
  assert.deepEqual(began.slice(3), ["a 60000"]);
  tasks.close();
});

test("what is forgotten or closed is not done again", async () => {
  const { clock, tasks, began, open } = start();
  tasks.now("a");
  tasks.now("b");
  tasks.now("a");
  tasks.forget("a");
  open[0]!(false);
  open[1]!(true);
  await clock.advance(1_000);
  tasks.close();
  await clock.advance(200_000);
  assert.deepEqual(began, ["a 0", "b 0"]);
});
