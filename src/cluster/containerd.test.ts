import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { endHalfStarted } from "./containerd.ts";
import { clusterLayout } from "./layout.ts";

test("a shim without a process ends with its containerd; others go on", async () => {
  const directory = mkdtempSync(join(tmpdir(), "shims-"));
  const layout = clusterLayout("c", directory);
  const { state, socket } = layout.containerd;
  const start = (id: string, address: string) => {
    const words = ["-namespace", "k8s.io", "-id", id, "-address", address];
    return spawn("/bin/sh", ["-c", "echo there; exec 3>&1; read line", "shim", ...words], {
      stdio: ["pipe", "pipe", "ignore"],
    });
  };
  const bundle = (id: string): string => join(state, "io.containerd.runtime.v2.task", "k8s.io", id);
  for (const id of ["half", "whole"]) mkdirSync(bundle(id), { recursive: true });
  mkdirSync(bundle("of another shim"));
  writeFileSync(join(bundle("whole"), "init.pid"), "1");
  const processes = [start("half", socket), start("whole", socket), start("half", "/elsewhere.sock")];
  try {
    await Promise.all(processes.map((each) => once(each.stdout, "data")));
    const ended = once(processes[0]!, "exit");
    endHalfStarted(layout);
    assert.deepEqual(await ended, [null, "SIGKILL"]);
    assert.deepEqual(
      ["half", "whole", "of another shim"].map((id) => existsSync(bundle(id))),
      [false, true, true],
    );
    for (const each of processes.slice(1)) {
      const other = once(each, "exit");
      each.stdin.end("\n"); // it reads its line, so nobody had ended it
      assert.deepEqual(await other, [0, null]);
    }
  } finally {
    for (const each of processes) each.kill("SIGKILL");
    rmSync(directory, { recursive: true });
  }
});
