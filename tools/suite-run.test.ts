import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { startTimeOf } from "../src/cluster/index.ts";
import { beginRun, type SuiteRun } from "./suite-run.ts";

const base = mkdtempSync(join(tmpdir(), "t8s-runs-"));
after(() => rmSync(base, { recursive: true, force: true }));

function begin(name: string, temporary: string): { readonly run: Promise<SuiteRun>; readonly said: string[] } {
  const said: string[] = [];
  const say = (line: string): void => void said.push(line);
  const run = beginRun({ suite: "states", name, dataDirectory: temporary, temporary, say, records: base });
  return { run, said };
}

const recordOf = (pid: number): object => ({ pid, startTime: startTimeOf(pid) ?? "" });

test("a name that a living run has is refused", async () => {
  const other = spawn("sleep", ["60"]);
  writeFileSync(
    join(base, "one.json"),
    JSON.stringify({ ...recordOf(other.pid!), suite: "chaos", dataDirectory: base }),
  );
  await assert.rejects(begin("one", join(base, "new")).run, {
    message: `npm run chaos has a cluster one already (process ${other.pid}): wait until it has ended, or give this run another --name`,
  });
  other.kill();
  await once(other, "exit");
});

test("what a killed run left goes first, its processes with it", async () => {
  const left = join(base, "left");
  mkdirSync(left);
  const dead = spawnSync("true").pid;
  const orphan = spawn("sleep", ["60"], { detached: true });
  const record = { pid: dead, startTime: "1", suite: "states", dataDirectory: left, temporary: left };
  writeFileSync(join(base, "two.json"), JSON.stringify({ ...record, group: recordOf(orphan.pid!) }));
  const gone = once(orphan, "exit");
  const { run, said } = begin("two", join(base, "new"));
  const own = await run;
  assert.deepEqual(said, [`npm run states was killed: removing its cluster two in ${left}`]);
  assert.deepEqual(await gone, [null, "SIGKILL"]);
  assert.equal(existsSync(left), false);
  own.end();
  assert.equal(existsSync(join(base, "two.json")), false);
});

test("a run that ended in order leaves nothing to be said", async () => {
  const first = begin("three", join(base, "a"));
  const run = await first.run;
  run.end();
  const second = begin("three", join(base, "b"));
  (await second.run).end();
  assert.deepEqual([...first.said, ...second.said], []);
});
