// Processes that a benchmark starts, none of which outlives it.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { openSync, readFileSync } from "node:fs";

export interface Child {
  readonly pid: number;
  readonly logFile: string;
  readonly ended: boolean;
  /** Ends it and waits for that; at once when it has ended. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

const graceMs = 5_000;
const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

export function startChild(program: string, flags: readonly string[], logFile: string): Child {
  const log = openSync(logFile, "a");
  const child = spawn(program, flags, { stdio: ["ignore", log, log] });
  running.add(child);
  child.once("exit", () => running.delete(child));
  const ended = (): boolean => child.exitCode !== null || child.signalCode !== null;
  return {
    pid: child.pid!,
    logFile,
    get ended() {
      return ended();
    },
    async stop(signal = "SIGTERM") {
      if (ended()) return;
      const gone = once(child, "exit");
      child.kill(signal);
      const late = setTimeout(() => child.kill("SIGKILL"), graceMs);
      await gone;
      clearTimeout(late);
    },
  };
}

/** Runs a program to its end. Resolves with its output; rejects with it when it fails or takes too long. */
export async function output(
  program: string,
  args: readonly string[],
  options: { readonly limitSeconds: number; readonly env?: Readonly<Record<string, string>> },
): Promise<string> {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...options.env } });
  running.add(child);
  let text = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
  const limit = setTimeout(() => child.kill("SIGKILL"), options.limitSeconds * 1000);
  const [status] = (await once(child, "close")) as [number | null];
  clearTimeout(limit);
  running.delete(child);
  if (status === 0) return text;
  const why = status === null ? `was given up after ${options.limitSeconds} s` : `ended with ${status}`;
  throw new Error(`${program} ${args.slice(0, 2).join(" ")} ${why}; it said:\n${text.slice(-2000)}`);
}

/** The last lines of a log, for errors. */
export const lastWords = (file: string): string => readFileSync(file, "utf8").trim().split("\n").slice(-5).join("\n");
