import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { type Clock, silentLogger, systemClock } from "../../base/index.ts";
import {
  isAlive,
  type ProcessRecord,
  readRecord,
  spawnDetached,
  startTimeOf,
  stopProcess,
} from "../../cluster/index.ts";
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

const startedOnce = (life: AbortController) => {
  const counted = {
    starts: 0,
    start: (): ChildProcess => {
      counted.starts++;
      queueMicrotask(() => life.abort());
      return run("exec sleep 1000");
    },
  };
  return counted;
};
const hasty: Clock = {
  ...systemClock,
  setTimeout: (callback, _, options) => systemClock.setTimeout(callback, 1, options),
};

test("takes over a child of its own", async () => {
  const life = new AbortController();
  const first = run("exec sleep 1000");
  const counted = startedOnce(life);
  const kept = keepRunning(program({ ...counted, running: first, signal: life.signal, clock: hasty }));
  assert.equal(counted.starts, 0);
  first.kill("SIGKILL");
  await kept;
  assert.equal(counted.starts, 1);
});

/** Listens, tells that it does, and hangs up on the first who connects, as a server does on who says nothing. */
const listening = (path: string): string => `
  let first = true;
  require("net").createServer((peer) => {
    if (first) peer.destroy();
    else process.send("held");
    first = false;
  }).listen(${JSON.stringify(path)}, () => process.send("listens"));`;

test("takes over another's child, and is told of its end by the connection that it holds", async () => {
  const life = new AbortController();
  const socket = join(directory, "socket");
  const first = spawn(process.execPath, ["-e", listening(socket)], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  await once(first, "message");
  writeFileSync(recordFile, JSON.stringify({ pid: first.pid, startTime: startTimeOf(first.pid!) }));
  const held = once(first, "message");
  const waits: number[] = [];
  const noting: Clock = {
    ...systemClock,
    setTimeout(callback, delayMs, options) {
      waits.push(delayMs);
      return systemClock.setTimeout(callback, 1, options);
    },
  };
  const counted = startedOnce(life);
  const kept = keepRunning(program({ ...counted, running: { socket }, signal: life.signal, clock: noting }));
  await held;
  assert.equal(counted.starts, 0);
  assert.deepEqual(waits, [50], "only after the first connection's end");
  first.kill("SIGKILL");
  await kept;
  assert.equal(counted.starts, 1);
});

test("lets go of what it took over when its owner ends", async () => {
  const life = new AbortController();
  const first = run("exec sleep 1000");
  const socket = join(directory, "nobody-listens");
  const kept = keepRunning(program({ running: { socket }, signal: life.signal, clock: hasty, outlives: true }));
  life.abort();
  await kept;
  assert.ok(isAlive(readRecord(recordFile)));
  first.kill("SIGKILL");
});
