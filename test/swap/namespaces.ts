// A program in namespaces of its own: network, mounts and processes vanish with it, and its cgroups are removed after it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { onAbort, sleep, systemClock } from "../../src/base/index.ts";

export interface NamespaceOptions {
  /** Names the cgroups, `t8s-swap-ID`; the program reads it from SWAP_ID. */
  readonly id: string;
  /** A program that takes longer is killed. */
  readonly limitMs: number;
  /** Kills it. */
  readonly signal?: AbortSignal;
}

/** Runs a TypeScript file to its end; how it ended is told by what it leaves in files. */
export async function inNamespaces(
  file: string,
  args: readonly string[],
  { id, limitMs, signal }: NamespaceOptions,
): Promise<void> {
  const words = ["--net", "--mount", "--pid", "--fork", "--kill-child=SIGKILL", "--mount-proc"];
  const program = [process.execPath, "--disable-warning=ExperimentalWarning", file, ...args];
  // The shell is the first process of the namespace: it takes in what containers leave behind.
  const child = spawn("unshare", [...words, "sh", "-c", '"$@"; exit $?', "sh", ...program], {
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, SWAP_ID: id },
  });
  const guard = systemClock.setTimeout(() => child.kill("SIGKILL"), limitMs);
  const stop = (): void => void child.kill("SIGKILL");
  process.once("exit", stop);
  const detach = signal === undefined ? undefined : onAbort(signal, stop);
  await once(child, "exit");
  detach?.();
  guard.cancel();
  process.off("exit", stop);
  await removeCgroups(id);
}

/** Cgroups are the machine's, not the namespaces'. Their processes are gone or about to be. */
export async function removeCgroups(id: string): Promise<void> {
  const name = `t8s-swap-${id}`;
  const base = "/sys/fs/cgroup";
  const remove = (path: string): void => {
    for (const entry of readdirSync(path, { withFileTypes: true }))
      if (entry.isDirectory()) remove(join(path, entry.name));
    rmdirSync(path);
  };
  for (let tries = 0; ; tries++) {
    try {
      for (const hierarchy of readdirSync(base))
        if (existsSync(join(base, hierarchy, name))) remove(join(base, hierarchy, name));
      return;
    } catch (error) {
      if (tries === 50) throw error;
      await sleep(systemClock, 100);
    }
  }
}
