// What is remembered from run to run: which tests are known to pass (passing.txt, in the repository: it only grows) and how each test ended
// when it last ran (outside the repository).
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { TestResult } from "./junit.ts";
import { cacheDirectory } from "./programs.ts";
import { conformanceTests, readLines } from "./tests.ts";

const passingFile = new URL("passing.txt", import.meta.url);
const header =
  "# Conformance tests that pass. One of them that fails is a regression. Grown by: npm run conformance -- --accept\n";

export const passingNames = (): ReadonlySet<string> => new Set(existsSync(passingFile) ? readLines(passingFile) : []);

/** Adds names; keeps those that are there. */
export function acceptPassing(names: Iterable<string>): void {
  const all = [...new Set([...passingNames(), ...names])].sort();
  writeFileSync(passingFile, `${header}${all.join("\n")}\n`);
}

export type Outcome = "passed" | "failed";
const outcomesFile = join(cacheDirectory, "outcomes.json");

/** How each test ended when it last ran, whatever the run. */
export function readOutcomes(): ReadonlyMap<string, Outcome> {
  if (!existsSync(outcomesFile)) return new Map();
  return new Map(Object.entries(JSON.parse(readFileSync(outcomesFile, "utf8")) as Record<string, Outcome>));
}

export function writeOutcomes(results: readonly TestResult[]): void {
  const known = new Set(conformanceTests.map((test) => test.name));
  const outcomes = new Map(readOutcomes());
  for (const { name, passed } of results) if (known.has(name)) outcomes.set(name, passed ? "passed" : "failed");
  mkdirSync(dirname(outcomesFile), { recursive: true });
  writeFileSync(outcomesFile, JSON.stringify(Object.fromEntries([...outcomes].sort()), null, 1));
}

export interface Changes {
  /** Passed last time and are not in the list yet. */
  readonly newlyPassing: readonly string[];
  /** In the list and failed. */
  readonly regressions: readonly string[];
}

export function changesOf(outcomes: Iterable<readonly [string, Outcome]>): Changes {
  const passing = passingNames();
  const all = [...outcomes];
  const named = (wanted: Outcome, listed: boolean): string[] =>
    all.filter(([name, outcome]) => outcome === wanted && passing.has(name) === listed).map(([name]) => name);
  return { newlyPassing: named("passed", false), regressions: named("failed", true) };
}
