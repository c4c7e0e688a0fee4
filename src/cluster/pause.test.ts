import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { pauseExecutable } from "./pause.ts";

test("the pause program runs, ignores SIGCHLD and waits", async () => {
  const directory = mkdtempSync(join(tmpdir(), "t8s-pause-"));
  try {
    const path = join(directory, "pause");
    writeFileSync(path, pauseExecutable(process.arch), { mode: 0o755 });
    const child = spawn(path, { stdio: "ignore" });
    await once(child, "spawn");
    const ignored = async (): Promise<bigint> => {
      const line = readFileSync(`/proc/${child.pid}/status`, "utf8").match(/^SigIgn:\s*([0-9a-f]+)$/m);
      return BigInt(`0x${line?.[1] ?? "0"}`);
    };
    while (((await ignored()) & (1n << 16n)) === 0n && child.exitCode === null) await new Promise(setImmediate);
    assert.equal(child.exitCode, null);
    child.kill("SIGCHLD");
    child.kill("SIGTERM");
    const [, signal] = await once(child, "exit");
    assert.equal(signal, "SIGTERM");
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test("machines without code are refused by name", () => {
  assert.throws(() => pauseExecutable("mips"), /no pause program for mips: run on x64 or arm64/);
});
