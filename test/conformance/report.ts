// The summary of a run: from it alone one can say what failed and where to look.
import type { TestResult } from "./junit.ts";
import { remarkableEvents } from "./junit.ts";
import type { Changes } from "./records.ts";
import { type SuiteTest, sigOf } from "./tests.ts";

export interface RunOutcome {
  readonly results: readonly TestResult[];
  readonly tests: readonly SuiteTest[];
  readonly requests: ReadonlyMap<string, readonly string[]>;
  readonly changes: Changes;
  /** Chosen, and without a result. */
  readonly notRun: readonly string[];
  /** Tests that were not run, or ended themselves, with the reason. */
  readonly leftOut: ReadonlyMap<string, string>;
  /** File name of the list of passing tests. */
  readonly list: string;
  readonly wallSeconds: number;
}

const slowestShown = 10;
const tooSlow = { factor: 2, seconds: 5 };

export function summarize(outcome: RunOutcome): string {
  return [
    tableBySig(outcome),
    wallTime(outcome),
    section(
      "slowest",
      [...outcome.results]
        .sort((a, b) => b.seconds - a.seconds)
        .slice(0, slowestShown)
        .map(timed),
    ),
    section("more than twice as long as upstream", muchSlower(outcome)),
    causes(outcome.results),
    section(`regressions (listed in ${outcome.list})`, outcome.changes.regressions),
    leftOut(outcome.leftOut),
    section("chosen, and did not run (the end of output.log says why)", outcome.notRun),
    section(`newly passing (--accept adds them to ${outcome.list})`, outcome.changes.newlyPassing),
    section(
      "failures",
      outcome.results.filter(({ passed }) => !passed).map((result) => failure(result, outcome)),
    ),
  ]
    .filter((text) => text !== "")
    .join("\n\n");
}

/** Names of chosen tests that have no result: the suite ended before them, by its limit or because its own set-up failed. */
export function notRunOf(chosen: readonly SuiteTest[], results: readonly TestResult[]): string[] {
  const ran = new Set(results.map(({ name }) => name));
  return chosen.map(({ name }) => name).filter((name) => !ran.has(name));
}

const section = (title: string, lines: readonly string[]): string =>
  lines.length === 0 ? "" : `${title}\n${lines.map((line) => `  ${line}`).join("\n")}`;

const timed = ({ name, seconds }: TestResult): string => `${seconds.toFixed(1).padStart(7)} s  ${name}`;

function tableBySig({ results }: RunOutcome): string {
  const rows = new Map<string, { passed: number; failed: number; seconds: number }>();
  const add = (key: string, { passed, seconds }: TestResult): void => {
    const row = rows.get(key) ?? { passed: 0, failed: 0, seconds: 0 };
    if (passed) row.passed++;
    else row.failed++;
    row.seconds += seconds;
    rows.set(key, row);
  };
  for (const result of results) add(sigOf(result.name), result);
  const sorted = [...rows].sort(([one], [other]) => (one < other ? -1 : 1));
  for (const result of results) add("all", result);
  const all = rows.get("all") ?? { passed: 0, failed: 0, seconds: 0 };
  const line = (name: string, ...cells: (string | number)[]): string =>
    `${name.padEnd(20)}${cells.map((cell) => String(cell).padStart(9)).join("")}`;
  return [
    line("SIG", "passed", "failed", "seconds"),
    ...[...sorted, ["all", all] as const].map(([name, row]) =>
      line(name, row.passed, row.failed, row.seconds.toFixed(0)),
    ),
  ].join("\n");
}

/** Sum of what both passed: the wall time depends on the number of processes, the tests' own time hardly does. */
function wallTime({ results, tests, wallSeconds }: RunOutcome): string {
  const upstream = new Map(tests.map((test) => [test.name, test.upstreamSeconds]));
  const both = results.filter(({ name, passed }) => passed && upstream.get(name) !== undefined);
  const wall = `wall time ${(wallSeconds / 60).toFixed(1)} min`;
  if (both.length === 0) return wall;
  const own = both.reduce((sum, { seconds }) => sum + seconds, 0);
  const theirs = both.reduce((sum, { name }) => sum + (upstream.get(name) ?? 0), 0);
  return (
    `${wall}; the ${both.length} tests that pass here and on upstream's cluster of one node took ` +
    `${(own / 60).toFixed(1)} min of test time, there ${(theirs / 60).toFixed(1)} (upstream's parallel part of 417 tests: 27.0 min of wall time)`
  );
}

function muchSlower({ results, tests }: RunOutcome): string[] {
  const upstream = new Map(tests.map((test) => [test.name, test.upstreamSeconds]));
  return results.flatMap(({ name, passed, seconds }) => {
    const theirs = upstream.get(name);
    if (!passed || theirs === undefined || seconds <= tooSlow.seconds || seconds <= theirs * tooSlow.factor) return [];
    return [`${seconds.toFixed(1).padStart(7)} s, upstream ${theirs.toFixed(1)} s  ${name}`];
  });
}

/** Reasons, the most frequent first. */
function leftOut(reasons: ReadonlyMap<string, string>): string {
  const names = new Map<string, string[]>();
  for (const [name, reason] of reasons) {
    const line = reason.split("\n")[0] ?? "";
    names.set(line, [...(names.get(line) ?? []), name]);
  }
  const rows = [...names].sort(([, one], [, other]) => other.length - one.length);
  return section(
    "left out (by not-here.tsv, or by themselves)",
    rows.map(
      ([reason, { length, 0: first = "" }]) =>
        `${String(length).padStart(4)}  ${reason}${length === 1 ? `: ${first}` : ""}`,
    ),
  );
}

/** First error lines without what differs from test to test, the most frequent first. */
function causes(results: readonly TestResult[]): string {
  const counts = new Map<string, number>();
  for (const { error } of results)
    if (error !== undefined) {
      const cause = error
        .replace(/"[^"]*"/g, '"…"')
        .replace(/\b[a-z][a-z0-9-]*-[0-9a-f][0-9a-z-]*\b/g, "…")
        .replace(/\b\d+(\.\d+)?(s|ms)?\b/g, "N");
      counts.set(cause, (counts.get(cause) ?? 0) + 1);
    }
  const rows = [...counts].sort(([, one], [, other]) => other - one);
  return section(
    "failures by first error line",
    rows.map(([cause, count]) => `${String(count).padStart(4)}  ${cause}`),
  );
}

const eventsShown = 6;

function failure({ name, seconds, error, log }: TestResult, { requests }: RunOutcome): string {
  const lines = [
    `${name} (${seconds.toFixed(1)} s)`,
    `  ${error ?? ""}`,
    ...remarkableEvents(log ?? "")
      .slice(-eventsShown)
      .map((event) => `  event: ${event}`),
    ...(requests.get(name) ?? []).map((request) => `  request: ${request}`),
  ];
  return lines.join("\n  ");
}
