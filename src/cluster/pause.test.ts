import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { pauseExecutable } from "./pause.ts";

for (const last of ["SIGTERM", "SIGINT"] as const)
  test(`the pause program ignores SIGCHLD, waits, and ends by itself at ${last}`, async () => {
    const directory = mkdtempSync(join(tmpdir(), "t8s-pause-"));
    try {
      const path = join(directory, "pause");
      writeFileSync(path, pauseExecutable(process.arch), { mode: 0o755 });
      const child = spawn(path, { stdio: "ignore" });
      await once(child, "spawn");
      const set = (name: string, signal: number): boolean => {
        const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
        const mask = BigInt(`0x${new RegExp(`^${name}:\\s*([0-9a-f]+)$`, "m").exec(status)?.[1] ?? "0"}`);
        return (mask & (1n << BigInt(signal - 1))) !== 0n;
      };
      const isReady = (): boolean => set("SigIgn", 17) && set("SigCgt", 2) && set("SigCgt", 15);
      while (!isReady() && child.exitCode === null) await new Promise(setImmediate);
      assert.equal(child.exitCode, null);
      child.kill("SIGCHLD");
      child.kill(last);
      assert.deepEqual(await once(child, "exit"), [0, null]);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

test("machines without code are refused by name", () => {
  assert.throws(() => pauseExecutable("mips"), /no pause program for mips: run on x64 or arm64/);
});
