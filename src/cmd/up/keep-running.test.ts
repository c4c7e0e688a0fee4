import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { type Clock, silentLogger, systemClock } from "../../base/index.ts";
import { isAlive, type ProcessRecord, readRecord, spawnDetached, stopProcess } from "../../cluster/index.ts";
import { type KeptProgram, keepRunning } from "./keep-running.ts";

const directory = mkdtempSync(join(tmpdir(), "t8s-kept-"));
after(() => rmSync(directory, { recursive: true, force: true }));

const recordFile = join(directory, "process.json");
const run = (script: string): ChildProcess =>
  spawnDetached({ command: "sh", args: ["-c", script], logFile: join(directory, "log"), recordFile });
const program = (over: Partial<KeptProgram>): KeptProgram => ({
  name: "a program",
  recordFile,
  logFile: join(directory, "log"),
  start: () => run("exec sleep 1000"),
  signal: new AbortController().signal,
  clock: systemClock,
  log: silentLogger,
  ...over,
});

test("starts what ends again, after pauses that grow", async () => {
  const life = new AbortController();
  const pauses: number[] = [];
  const hasty: Clock = {
    ...systemClock,
    setTimeout(callback, delayMs, options) {
      if (delayMs >= 500) pauses.push(delayMs);
      return systemClock.setTimeout(callback, Math.min(delayMs, 1), options);
    },
  };
  let starts = 0;
  const start = (): ChildProcess => {
    if (++starts === 5) life.abort();
    return run("exit 3");
  };
  await keepRunning(program({ start, signal: life.signal, clock: hasty }));
  assert.deepEqual(pauses, [500, 1000, 2000, 4000]);
});

test("ends what an owner that was killed has left, and its own program at the end", async () => {
  const left = run("exec sleep 1000");
  const before = readRecord(recordFile);
  assert.ok(isAlive(before));
  const life = new AbortController();
  let own: ProcessRecord | undefined;
  const start = (): ChildProcess => {
    assert.ok(!isAlive(before), "never two at a time");
    const child = run("exec sleep 1000");
    own = readRecord(recordFile);
    queueMicrotask(() => life.abort());
    return child;
  };
  await keepRunning(program({ start, signal: life.signal }));
  assert.equal(left.signalCode, "SIGTERM");
  assert.ok(own !== undefined && !isAlive(own));
});

test("leaves a program that outlives it", async () => {
  const life = new AbortController();
  const start = (): ChildProcess => {
    queueMicrotask(() => life.abort());
    return run("exec sleep 1000");
  };
  await keepRunning(program({ start, signal: life.signal, outlives: true }));
  const record = readRecord(recordFile);
  assert.ok(isAlive(record));
  await stopProcess(record, systemClock, 1000);
});

test("takes over what runs: a child of its own, or another's", async () => {
  for (const kind of ["child", "adopted"] as const) {
    const life = new AbortController();
    const first = run("exec sleep 1000");
    let starts = 0;
    const start = (): ChildProcess => {
      starts++;
      queueMicrotask(() => life.abort());
      return run("exec sleep 1000");
    };
    const hasty: Clock = {
      ...systemClock,
      setTimeout: (callback, _, options) => systemClock.setTimeout(callback, 1, options),
    };
    const running = kind === "child" ? first : kind;
    const kept = keepRunning(program({ start, running, signal: life.signal, clock: hasty }));
    assert.equal(starts, 0, kind);
    first.kill("SIGKILL");
    await kept;
    assert.equal(starts, 1, kind);
  }
});
