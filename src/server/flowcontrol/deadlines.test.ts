import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "../../base/index.ts";
import { createDeadlines } from "./deadlines.ts";

const late = (): Error => new Error("late");

test("each is refused at its own time, in whatever order they came; what ends before is passed on", async () => {
  const clock = new VirtualClock();
  const deadlines = createDeadlines(clock);
  const told: string[] = [];
  const race = (name: string, work: Promise<string>, atMs: number): void => {
    deadlines.race(work, atMs, late).then(
      (value) => told.push(`${name} ${value} ${clock.monotonic()}`),
      (error: Error) => told.push(`${name} ${error.message} ${clock.monotonic()}`),
    );
  };
  const never = new Promise<string>(() => {});
  const ending = Promise.withResolvers<string>();
  race("long", never, 60_000);
  race("short", never, 1_000);
  race("answered", ending.promise, 2_000);
  race("failed", Promise.reject(new Error("wrong")), 500);
  await clock.advance(1_500);
  ending.resolve("done");
  await clock.advance(60_000);
  assert.deepEqual(told, ["failed wrong 0", "short late 1000", "answered done 1500", "long late 60000"]);
});

test("no timer is left once nothing is under way", async () => {
  const clock = new VirtualClock();
  const deadlines = createDeadlines(clock);
  await deadlines.race(Promise.resolve(1), 1_000, late);
  await assert.rejects(deadlines.race(Promise.reject(new Error("wrong")), 1_000, late), /wrong/);
  await assert.rejects(
    clock.runUntil(() => false, 120_000),
    /nothing is left to happen/,
  );
});
