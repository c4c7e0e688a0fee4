// What a benchmark leaves on the machine when it is told to end, and when it could not: nothing.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { commandLines } from "../src/cluster/index.ts";

const program = fileURLToPath(new URL("run.ts", import.meta.url));
const base = mkdtempSync(join(tmpdir(), "t8s-b-"));
const name = `bench-test-${process.pid}`;
after(() => rmSync(base, { recursive: true, force: true }));

interface Bench {
  readonly child: ChildProcess;
  /** The cluster's node is ready; rejects when the benchmark ends before. What it waits for next takes seconds. */
  readonly clusterRuns: Promise<void>;
  output(): string;
}

/** The fleet's part with one node. */
function bench(): Bench {
  const words = ["fleet", "--scale", "0.01", "--no-upstream", "--no-history", "--name", name];
  const child = spawn(process.execPath, [...process.execArgv, program, ...words], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, TMPDIR: base },
  });
  let output = "";
  const { promise: clusterRuns, resolve, reject } = Promise.withResolvers<void>();
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (chunk: string) => {
      output += chunk;
      if (output.includes("nodes ready after")) resolve();
    });
  child.once("exit", () => reject(new Error(`the benchmark ended before its cluster ran; it said:\n${output}`)));
  return { child, clusterRuns, output: () => output };
}

/** Processes whose command line names the test's directory. */
const processes = (): string[] => commandLines().filter((line) => line.includes(base));

test("a benchmark that is told to end takes its cluster and its files with it", async () => {
  const run = bench();
  const gone = once(run.child, "exit");
  await run.clusterRuns;
  assert.notDeepEqual(processes(), []);
  run.child.kill("SIGTERM");
  assert.deepEqual(await gone, [143, null], run.output());
  assert.deepEqual(processes(), []);
  assert.deepEqual(readdirSync(base), []);
});

test("what a killed benchmark left is removed by the next one of its name", async () => {
  const killed = bench();
  const gone = once(killed.child, "exit");
  await killed.clusterRuns;
  const [left] = readdirSync(base);
  killed.child.kill("SIGKILL");
  await gone;
  assert.notDeepEqual(processes(), []);
  const next = bench();
  const ended = once(next.child, "exit");
  await next.clusterRuns;
  assert.match(next.output(), new RegExp(`npm run bench was killed: removing its cluster ${name} in .*${left}`));
  assert.equal(existsSync(join(base, left!)), false);
  next.child.kill("SIGINT");
  assert.deepEqual(await ended, [130, null], next.output());
  assert.deepEqual(processes(), []);
  assert.deepEqual(readdirSync(base), []);
});

test("the load scripts that parts start are in the repository", () => {
  const folder = fileURLToPath(new URL("load/", import.meta.url));
  assert.deepEqual(readdirSync(folder).sort(), ["api-bench.sh", "watch-bench.mjs"]);
});
