// Runs seeds of a property in a process of their own.
import { spawn } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";
import type { RunResult } from "../driver.ts";

export interface Seeds {
  /** As `--of` of replay.ts. */
  readonly of: string;
  readonly from: number;
  readonly to: number;
}

/** `replay`: path of replay.ts. Resolves when the process has ended. */
export async function runSeeds(replay: string, { of, from, to }: Seeds): Promise<RunResult[]> {
  // Young objects die in bulk here: a larger nursery halves the time spent on collecting them.
  const words = ["--max-semi-space-size=32", replay, "--of", of, "--from", `${from}`, "--to", `${to}`];
  const child = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "inherit"] });
  const results: RunResult[] = [];
  for await (const line of createInterface({ input: child.stdout })) results.push(JSON.parse(line) as RunResult);
  return results;
}
