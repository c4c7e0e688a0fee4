import assert from "node:assert/strict";
import { test } from "node:test";
import { childController, isAbort, onAbort } from "./abort.ts";
import { every, pause, quiet, sleep, TimeoutError, timeoutSignal } from "./clock.ts";
import { seededRng } from "./rng.ts";
import { VirtualClock } from "./virtual-clock.ts";

test("timers fire in the order of their time, then of their making", async () => {
  const clock = new VirtualClock();
  const fired: string[] = [];
  clock.setTimeout(() => fired.push("late"), 20);
  clock.setTimeout(() => fired.push("a"), 10);
  clock.setTimeout(() => fired.push("b"), 10);
  clock.setTimeout(() => fired.push("never"), 15).cancel();
  await clock.advance(10);
  assert.deepEqual(fired, ["a", "b"]);
  assert.equal(clock.monotonic(), 10);
  await clock.advance(10);
  assert.deepEqual(fired, ["a", "b", "late"]);
});

test("promises settle between two timers", async () => {
  const clock = new VirtualClock();
  const seen: number[] = [];
  const loop = (async () => {
    for (let index = 0; index < 3; index++) {
      await sleep(clock, 5);
      seen.push(clock.monotonic());
    }
  })();
  await clock.runUntil(() => seen.length === 3, 100);
  await loop;
  assert.deepEqual(seen, [5, 10, 15]);
});

test("wall time may jump, monotonic time does not", async () => {
  const clock = new VirtualClock({ startMs: 1000 });
  clock.jump(-500);
  await clock.advance(10);
  assert.equal(clock.now(), 510);
  assert.equal(clock.monotonic(), 10);
});

test("runUntil fails when nothing is left or time is up", async () => {
  const clock = new VirtualClock();
  await assert.rejects(
    clock.runUntil(() => false, 10),
    /nothing is left to happen/,
  );
  clock.setTimeout(() => {}, 50);
  await assert.rejects(
    clock.runUntil(() => false, 10),
    /does not hold after 10 ms/,
  );
});

test("a seed shuffles equal times and replays them", async () => {
  const order = async (seed: number): Promise<number[]> => {
    const clock = new VirtualClock({ rng: seededRng(seed) });
    const fired: number[] = [];
    for (let index = 0; index < 8; index++) clock.setTimeout(() => fired.push(index), 1);
    await clock.advance(1);
    return fired;
  };
  assert.deepEqual(await order(3), await order(3));
  assert.notDeepEqual(await order(3), await order(4));
});

test("an aborted sleep rejects with the signal's reason", async () => {
  const clock = new VirtualClock();
  const controller = new AbortController();
  const waiting = sleep(clock, 1000, controller.signal);
  controller.abort(new Error("stop"));
  await assert.rejects(waiting, /stop/);
  await assert.rejects(sleep(clock, 1, controller.signal), /stop/);
  await clock.advance(2000);
});

test("a pause ends with its time or with the signal, without an error", async () => {
  const clock = new VirtualClock();
  const controller = new AbortController();
  const ended: string[] = [];
  void pause(clock, 10, controller.signal).then(() => ended.push("in time"));
  void pause(clock, 1000, controller.signal).then(() => ended.push("cut short"));
  await clock.advance(10);
  assert.deepEqual(ended, ["in time"]);
  controller.abort(new Error("stop"));
  await clock.advance(0);
  assert.deepEqual(ended, ["in time", "cut short"]);
  await pause(clock, 1000, controller.signal);
});

/** Each entry is how long the process does something else before a timer comes. */
async function quietAfter(heldUpMs: readonly number[], withinMs: number): Promise<number> {
  const clock = new VirtualClock();
  let ended = false;
  const busy = [...heldUpMs];
  const held = {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    setTimeout: (callback: () => void, delayMs: number) => clock.setTimeout(callback, delayMs + (busy.shift() ?? 0)),
  };
  void quiet(held, withinMs).then(() => (ended = true));
  await clock.runUntil(() => ended, 1000);
  return clock.monotonic();
}

test("quiet is when a timer comes on time, or when that took too long", async () => {
  assert.equal(await quietAfter([], 100), 1);
  assert.equal(await quietAfter([1], 100), 2);
  assert.equal(await quietAfter([30, 7], 100), 31 + 8 + 1);
  assert.equal(await quietAfter([30, 30, 30, 30, 30], 100), 4 * 31);
});

test("every calls until the signal aborts", async () => {
  const clock = new VirtualClock();
  const controller = new AbortController();
  let calls = 0;
  every(clock, 10, () => calls++, controller.signal);
  await clock.advance(35);
  assert.equal(calls, 3);
  controller.abort();
  await clock.advance(100);
  assert.equal(calls, 3);
});

test("a timeout signal aborts by time, by its parent, or not at all once disposed", async () => {
  const clock = new VirtualClock();
  const late = timeoutSignal(clock, 10);
  await clock.advance(10);
  assert.ok(late.reason instanceof TimeoutError);
  const parent = new AbortController();
  const child = timeoutSignal(clock, 10, parent.signal);
  parent.abort("gone");
  assert.equal(child.reason, "gone");
  const disposed = timeoutSignal(clock, 10);
  disposed[Symbol.dispose]();
  await clock.advance(20);
  assert.equal(disposed.aborted, false);
});

test("children of an abort signal", () => {
  const parent = new AbortController();
  const child = childController(parent.signal);
  const detached = childController(parent.signal);
  detached.detach();
  let called = 0;
  const takeBack = onAbort(parent.signal, () => called++);
  takeBack();
  onAbort(parent.signal, () => called++);
  parent.abort("why");
  assert.equal(child.signal.reason, "why");
  assert.equal(detached.signal.aborted, false);
  onAbort(parent.signal, () => called++);
  assert.equal(called, 2);
  assert.ok(isAbort("why", parent.signal));
  assert.ok(!isAbort(new Error("other"), parent.signal));
});
