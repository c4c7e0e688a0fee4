import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { endHalfStarted } from "./containerd.ts";
import { clusterLayout } from "./layout.ts";

test("a shim without a container ends with its containerd; others go on", async () => {
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
  const states = join(directory, "runc");
  for (const id of ["half", "whole", "deleted"]) mkdirSync(bundle(id), { recursive: true });
  mkdirSync(bundle("of another shim"));
  for (const id of ["whole", "deleted"]) writeFileSync(join(bundle(id), "init.pid"), "1");
  mkdirSync(join(states, "k8s.io", "whole"), { recursive: true });
  writeFileSync(join(states, "k8s.io", "whole", "state.json"), "{}");
  const gone = [start("half", socket), start("deleted", socket)];
  const others = [start("whole", socket), start("half", "/elsewhere.sock")];
  const processes = [...gone, ...others];
  try {
    await Promise.all(processes.map((each) => once(each.stdout, "data")));
    const ended = Promise.all(gone.map((each) => once(each, "exit")));
    endHalfStarted(layout, states);
    assert.deepEqual(await ended, [
      [null, "SIGKILL"],
      [null, "SIGKILL"],
    ]);
    assert.deepEqual(
      ["half", "deleted", "whole", "of another shim"].map((id) => existsSync(bundle(id))),
      [false, false, true, true],
    );
    for (const each of others) {
      const other = once(each, "exit");
      each.stdin.end("\n"); // it reads its line, so nobody had ended it
      assert.deepEqual(await other, [0, null]);
    }
  } finally {
    for (const each of processes) each.kill("SIGKILL");
    rmSync(directory, { recursive: true });
  }
});
