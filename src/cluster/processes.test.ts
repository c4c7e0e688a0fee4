import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { spawnDetached } from "./processes.ts";

test("a program that cannot be started says so in its log", async () => {
  const directory = mkdtempSync(join(tmpdir(), "t8s-processes-"));
  try {
    const [command, logFile] = [join(directory, "absent"), join(directory, "log")];
    const child = spawnDetached({ command, args: [], logFile });
    await assert.rejects(once(child, "close"), { code: "ENOENT" });
    assert.match(readFileSync(logFile, "utf8"), /absent cannot be started: .*ENOENT/);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
