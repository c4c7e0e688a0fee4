// The wall clock that the cluster's own processes see, which can be set: a small library before libc (clock.c), built on the spot. Programs
// that ask the kernel without libc (containerd, what runs in containers) keep the machine's time. Without a C compiler there is none.
import { spawnSync } from "node:child_process";
import { closeSync, openSync, writeFileSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

export interface WallClock {
  /** What a process must be started with. */
  readonly environment: Readonly<Record<string, string>>;
  /** Moves it so far from the machine's. */
  set(offsetMs: number): void;
}

const source = join(dirname(fileURLToPath(import.meta.url)), "clock.c");

/** Below a directory of the run; undefined where it cannot be had. */
export function makeWallClock(directory: string): WallClock | undefined {
  const library = join(directory, "clock.so");
  const file = join(directory, "clock");
  const built = spawnSync("cc", ["-shared", "-fPIC", "-O2", "-o", library, source, "-ldl"], { encoding: "utf8" });
  if (built.status !== 0) return undefined;
  writeFileSync(file, Buffer.alloc(8));
  const environment = { LD_PRELOAD: library, T8S_CHAOS_CLOCK: file };
  const set = (offsetMs: number): void => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(Math.round(offsetMs)) * 1_000_000n);
    const descriptor = openSync(file, "r+");
    writeSync(descriptor, bytes, 0, 8, 0);
    closeSync(descriptor);
  };
  return moves(environment, set) ? { environment, set } : undefined;
}

/** Whether a process of this Node really sees it. */
function moves(environment: WallClock["environment"], set: WallClock["set"]): boolean {
  const hourMs = 3_600_000;
  set(hourMs);
  const env = { ...process.env, ...environment };
  const { stdout } = spawnSync(process.execPath, ["-p", "Date.now()"], { encoding: "utf8", env });
  set(0);
  const machine = spawnSync("date", ["+%s"], { encoding: "utf8" });
  return Math.abs(Number(stdout) - Number(machine.stdout) * 1000 - hourMs) < hourMs / 2;
}
