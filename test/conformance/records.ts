// What is remembered from run to run: which tests are known to pass (passing.txt and passing-beyond.txt, in the repository: they only grow)
// and how each test ended when it last ran (outside the repository).
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { TestResult } from "./junit.ts";
import { cacheDirectory } from "./programs.ts";
import { readLines, type TestSet } from "./tests.ts";

export const passingNames = ({ passingFile }: TestSet): ReadonlySet<string> =>
  new Set(existsSync(passingFile) ? readLines(passingFile) : []);

/** Adds names; keeps those that are there. */
export function acceptPassing(set: TestSet, names: Iterable<string>): void {
  const all = [...new Set([...passingNames(set), ...names])].sort();
  writeFileSync(set.passingFile, `# ${set.passingHeader}\n${all.join("\n")}\n`);
}

/** Skipped: the test itself found that this is no cluster for it. */
export type Outcome = "passed" | "failed" | "skipped";
const outcomesFile = join(cacheDirectory, "outcomes.json");

/** How each test ended when it last ran, whatever the run. */
export function readOutcomes(): ReadonlyMap<string, Outcome> {
  if (!existsSync(outcomesFile)) return new Map();
  return new Map(Object.entries(JSON.parse(readFileSync(outcomesFile, "utf8")) as Record<string, Outcome>));
}

export function writeOutcomes(set: TestSet, results: readonly TestResult[], skipped: Iterable<string>): void {
  const outcomes = new Map(readOutcomes());
  for (const { name, passed } of results) if (set.has(name)) outcomes.set(name, passed ? "passed" : "failed");
  for (const name of skipped) outcomes.set(name, "skipped");
  mkdirSync(dirname(outcomesFile), { recursive: true });
  writeFileSync(outcomesFile, JSON.stringify(Object.fromEntries([...outcomes].sort()), null, 1));
}

export interface Changes {
  /** Passed last time and are not in the list yet. */
  readonly newlyPassing: readonly string[];
  /** In the list and failed. */
  readonly regressions: readonly string[];
}

export function changesOf(set: TestSet, outcomes: Iterable<readonly [string, Outcome]>): Changes {
  const passing = passingNames(set);
  const all = [...outcomes].filter(([name]) => set.has(name));
  const named = (wanted: Outcome, listed: boolean): string[] =>
    all.filter(([name, outcome]) => outcome === wanted && passing.has(name) === listed).map(([name]) => name);
  return { newlyPassing: named("passed", false), regressions: named("failed", true) };
}
