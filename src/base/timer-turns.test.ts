import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createTimerTurns, type Due } from "./timer-turns.ts";

/** An event loop by hand: `input()` is the moment at which sockets are looked at. */
function loop(mostMs: number) {
  let nowMs = 0;
  let after: (() => void)[] = [];
  const happened: string[] = [];
  const turns = createTimerTurns({ now: () => nowMs, afterInput: (callback) => after.push(callback), mostMs });
  return {
    happened,
    turns,
    timer: (name: string, tookMs: number): Due => ({
      fire() {
        happened.push(name);
        nowMs += tookMs;
      },
    }),
    /** False when nobody waits for it. */
    input(): boolean {
      const callbacks = after;
      after = [];
      happened.push("input");
      for (const callback of callbacks) callback();
      return callbacks.length > 0;
    },
  };
}

test("timers that take long let input in", () => {
  const { turns, timer, input, happened } = loop(10);
  for (const name of ["a", "b", "c", "d"]) turns.take(timer(name, 6));
  assert.deepEqual(happened, ["a", "b"]);
  input();
  // Due later, so it comes later.
  turns.take(timer("e", 6));
  while (input());
  assert.deepEqual(happened, ["a", "b", "input", "c", "input", "d", "e", "input", "input"]);
});

test("those that waited have as long as input lets them, not one at a time", () => {
  const { turns, timer, input, happened } = loop(10);
  turns.take(timer("long", 20));
  for (let index = 0; index < 100; index++) turns.take(timer("t", 1));
  let inputs = 0;
  while (input()) inputs++;
  assert.equal(happened.filter((each) => each === "t").length, 100);
  assert.ok(inputs <= 13, `${inputs} looks at input`);
});

test("short ones all fire at once, in each turn", () => {
  const { turns, timer, input, happened } = loop(10);
  for (let turn = 0; turn < 3; turn++) {
    for (let index = 0; index < 9; index++) turns.take(timer("t", 1));
    input();
  }
  assert.equal(happened.join(""), `${"t".repeat(9)}input`.repeat(3));
});

test("a timer that throws keeps no other waiting", () => {
  const { turns, timer, input, happened } = loop(1);
  turns.take(timer("long", 5));
  const fail = (): never => {
    throw new Error("from a timer");
  };
  turns.take({ fire: fail });
  turns.take(timer("next", 0));
  assert.throws(input, /from a timer/);
  while (input());
  assert.deepEqual(
    happened.filter((each) => each !== "input"),
    ["long", "next"],
  );
});

test("whatever comes when, each fires once and in order", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.constant("input" as const), fc.nat(20)), { maxLength: 3000 }), (steps) => {
      const { turns, timer, input, happened } = loop(10);
      let made = 0;
      for (const step of steps) {
        if (step === "input") input();
        else turns.take(timer(String(made++), step));
      }
      while (input());
      assert.deepEqual(
        happened.filter((each) => each !== "input"),
        Array.from({ length: made }, (_, index) => String(index)),
      );
    }),
    { numRuns: 50 },
  );
});
