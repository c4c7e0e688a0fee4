// Processes that outlive a call: recorded by pid and start time, so that a pid that was given to another program is never
// mistaken for ours.
import { type ChildProcess, spawn } from "node:child_process";
import { appendFileSync, closeSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import process from "node:process";
import { type Clock, sleep } from "../base/index.ts";

export interface ProcessRecord {
  readonly pid: number;
  /** Kernel's start time of the pid in clock ticks; empty where /proc is absent. */
  readonly startTime: string;
}

/** Field 22 of /proc/PID/stat; the command in field 2 may hold spaces and parentheses. Undefined for a process that is gone. */
export function startTimeOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

const recordOf = (pid: number): ProcessRecord => ({ pid, startTime: startTimeOf(pid) ?? "" });

export function isAlive(record: ProcessRecord | undefined): record is ProcessRecord {
  if (record === undefined) return false;
  if (process.platform === "linux") return startTimeOf(record.pid) === record.startTime;
  try {
    process.kill(record.pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Undefined where nobody wrote one, or was killed while doing so. */
export function readRecord<T extends ProcessRecord = ProcessRecord>(file: string): T | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}

export function writeOwnRecord(file: string, extra: Readonly<Record<string, unknown>> = {}): void {
  writeFileSync(file, JSON.stringify({ ...recordOf(process.pid), ...extra }));
}

export const removeRecord = (file: string): void => rmSync(file, { force: true });

const processNumbers = (): string[] => readdirSync("/proc").filter((name) => /^\d+$/.test(name));

/** What each process of the machine was started with, joined by spaces; without those that have ended. Linux. */
export const commandLines = (): string[] =>
  processNumbers()
    .map((pid) => argumentsOf(pid).join(" ").trimEnd())
    .filter((line) => line !== "");

/** Numbers of the processes that were started with these words, among others and in this order. Linux. */
export function processesWith(words: readonly string[]): number[] {
  return processNumbers().flatMap((name) => {
    const from = argumentsOf(name);
    let at = 0;
    for (const word of from) if (word === words[at]) at++;
    return at === words.length ? [Number(name)] : [];
  });
}

/** None of a process that has ended. */
function argumentsOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
  } catch (error) {
    if (["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) return [];
    throw error;
  }
}

/** Starts a program in a session of its own: it survives this process, and Ctrl-C does not reach it. */
export function spawnDetached(options: {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly logFile: string;
  readonly recordFile?: string;
  /** Gives it a pipe as its file descriptor 3, which is `stdio[3]` of what is returned. */
  readonly pipe?: boolean;
}): ChildProcess {
  const log = openSync(options.logFile, "a");
  try {
    const child = spawn(options.command, [...options.args], {
      detached: true,
      stdio: ["ignore", log, log, ...(options.pipe ? (["pipe"] as const) : [])],
      env: options.env ?? process.env,
    });
    child.unref();
    // A program that cannot be started is told where one that ended at once tells why.
    child.on("error", (error) =>
      appendFileSync(options.logFile, `${options.command} cannot be started: ${error.message}\n`),
    );
    if (child.pid !== undefined && options.recordFile !== undefined)
      writeFileSync(options.recordFile, JSON.stringify(recordOf(child.pid)));
    return child;
  } finally {
    closeSync(log);
  }
}

/** SIGTERM, then SIGKILL after `graceMs`. Resolves when the process is gone. */
export async function stopProcess(record: ProcessRecord | undefined, clock: Clock, graceMs: number): Promise<void> {
  if (!isAlive(record)) return;
  process.kill(record.pid, "SIGTERM");
  const deadline = clock.monotonic() + graceMs;
  while (isAlive(record)) {
    if (clock.monotonic() > deadline) process.kill(record.pid, "SIGKILL");
    await sleep(clock, 20);
  }
}
