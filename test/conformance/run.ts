// `npm run conformance`: upstream's own end-to-end suite, unmodified, against a cluster of ours. docs/conformance.md says how to use it.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import process from "node:process";
import { commandLine } from "../../tools/command-line.ts";
import { needContainers } from "../../tools/needs.ts";
import { failingRequests } from "./audit.ts";
import { durationOf, existingCluster, type JudgedCluster, runSuite, startCluster } from "./cluster.ts";
import { parseJUnit, parseSkipped } from "./junit.ts";
import {
  buildPrograms,
  builtPrograms,
  cacheDirectory,
  programsAreBuilt,
  programsBeside,
  type SuitePrograms,
} from "./programs.ts";
import { acceptPassing, changesOf, passingNames, readOutcomes, writeOutcomes } from "./records.ts";
import { notRunOf, summarize } from "./report.ts";
import {
  beyondSet,
  type Choice,
  choose,
  conformanceSet,
  conformanceTests,
  extraMarksOf,
  focusOf,
  isWanted,
  readLines,
  reasonAgainst,
  type SuiteTest,
  type TestSet,
  testsBeyond,
} from "./tests.ts";

const usage = `Runs upstream's conformance suite, unmodified, against a cluster of ours.

Usage: npm run conformance -- [flags]

  --all              upstream's other tests instead: what its default job runs beside conformance
  --with MARKS       … and those that are marked so: Slow, Serial, Disruptive, Flaky, Alpha, Deprecated, Feature, Feature:NAME
  --sig NAMES        only the tests of these groups: apps,node,network,…
  --focus TEXT       only tests whose name has this text
  --failed           only what failed when it last ran, or has not run yet
  --listed           only what passing.txt lists (with --all: passing-beyond.txt)
  --subset           a few of every group, in at most five minutes
  --if-built         end at once with success when the suite is not built
  --changed-list     run nothing: show what differs from the list
  --accept           add what newly passes to the list (without a run: from the last ones)
  --procs N          tests at once (default 4)
  --nodes N          nodes of the cluster (default 2)
  --name NAME        name of the cluster (default conformance)
  --keep             leave the cluster running
  --feature-gates L  features of the cluster to turn on or off, as in t8s up
  --runtime-config L its APIs to turn on or off, as in t8s up
  --kubeconfig FILE  judge this cluster instead of starting one
  --audit-log FILE   that cluster's audit log, with its policy's user agents and responses
  --e2e-test FILE    use this e2e.test instead of building it; ginkgo and kubectl are looked for beside it
  --limit DURATION   end the suite after this time (default 3h)
`;

const options = {
  all: { type: "boolean", default: false },
  with: { type: "string" },
  sig: { type: "string" },
  focus: { type: "string" },
  failed: { type: "boolean", default: false },
  listed: { type: "boolean", default: false },
  subset: { type: "boolean", default: false },
  "if-built": { type: "boolean", default: false },
  "changed-list": { type: "boolean", default: false },
  accept: { type: "boolean", default: false },
  procs: { type: "string", default: "4" },
  nodes: { type: "string", default: "2" },
  name: { type: "string", default: "conformance" },
  keep: { type: "boolean", default: false },
  "feature-gates": { type: "string" },
  "runtime-config": { type: "string" },
  kubeconfig: { type: "string" },
  "audit-log": { type: "string" },
  "e2e-test": { type: "string" },
  limit: { type: "string", default: "3h" },
} as const;

type Values = ReturnType<typeof commandLine<typeof options>>["values"];

const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function main(): Promise<number> {
  const { values } = commandLine(options, { usage });
  const set = values.all ? beyondSet : conformanceSet;
  if (values.with !== undefined && !values.all) throw new Error("--with adds to --all: give both");
  if (values["changed-list"] || (values.accept && !choosesTests(values))) return showChanges(set, values.accept);
  if (values["if-built"] && values["e2e-test"] === undefined && !programsAreBuilt()) {
    say("skipped: upstream's suite is not built; npm run conformance builds it");
    return 0;
  }
  // The conformance tests are known without the suite: a choice that fits none is told before anything is built.
  if (!values.all) chosenOf(values, conformanceTests);
  if (values.kubeconfig === undefined) needContainers("npm run conformance", say);
  if (values["e2e-test"] === undefined) buildPrograms(say);
  const programs = values["e2e-test"] === undefined ? builtPrograms() : programsBeside(values["e2e-test"]);
  const known = values.all ? testsBeyond(programs.e2eTest) : conformanceTests;
  const { tests, leftOut } = chosenOf(values, known);
  const sizes = {
    procs: Math.min(count(values.procs, "procs"), tests.length),
    nodes: count(values.nodes, "nodes"),
    limit: durationOf(values.limit),
  };
  if (programs.ginkgo === undefined) say("there is no ginkgo: tests run one after the other");
  const stopping = new AbortController();
  const { signal } = stopping;
  // The suite ends first, then the cluster.
  const stop = (): void => stopping.abort(new Error("interrupted"));
  for (const each of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(each, stop);
  const { name, keep } = values;
  const cluster =
    values.kubeconfig === undefined
      ? await startCluster({
          name,
          nodes: sizes.nodes,
          keep,
          flags: clusterFlags(values),
          defaultStorage: values.all,
          say,
          signal,
        })
      : existingCluster(values.kubeconfig, values["audit-log"]);
  try {
    return await judge(cluster, { ...values, ...sizes, set, known, tests, leftOut, programs, signal });
  } finally {
    cluster.end();
  }
}

const clusterFlags = (values: Values): string[] =>
  (["feature-gates", "runtime-config"] as const).flatMap((flag) =>
    values[flag] === undefined ? [] : [`--${flag}`, values[flag]],
  );

const choosesTests = ({ sig, focus, failed, listed, subset }: Values): boolean =>
  sig !== undefined || focus !== undefined || failed || listed || subset;

function count(text: string, flag: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${flag} ${text}: give a number from 1 on`);
  return value;
}

interface Chosen {
  readonly tests: readonly SuiteTest[];
  /** Tests that no cluster of ours can run, with the reason. */
  readonly leftOut: ReadonlyMap<string, string>;
}

function chosenOf(values: Values, known: readonly SuiteTest[]): Chosen {
  const marks = extraMarksOf(values.with);
  const wanted = values.all ? known.filter(({ name }) => isWanted(name, marks)) : known;
  const chosen = choose(choiceOf(values, wanted), wanted);
  const leftOut = new Map<string, string>();
  if (values.all)
    for (const { name } of chosen) {
      const reason = reasonAgainst(name);
      if (reason !== undefined) leftOut.set(name, reason);
    }
  const tests = chosen.filter(({ name }) => !leftOut.has(name));
  if (tests.length === 0) throw new Error(`not-here.tsv leaves out every test that fits: ${[...leftOut.values()][0]}`);
  return { tests, leftOut };
}

function choiceOf({ all, sig, focus, failed, listed, subset }: Values, known: readonly SuiteTest[]): Choice {
  const lists: ReadonlySet<string>[] = [];
  if (failed) {
    const outcomes = readOutcomes();
    const isOpen = (name: string): boolean => !["passed", "skipped"].includes(outcomes.get(name) ?? "");
    const open = known.filter(({ name }) => isOpen(name));
    if (open.length === 0) throw new Error("--failed: every test passed when it last ran");
    lists.push(new Set(open.map(({ name }) => name)));
  }
  if (listed) lists.push(passingNames(all ? beyondSet : conformanceSet));
  if (subset) lists.push(new Set(readLines(new URL("subset.txt", import.meta.url))));
  const [first, ...others] = lists;
  const names = first && new Set([...first].filter((name) => others.every((other) => other.has(name))));
  return { sig, focus, names };
}

function showChanges(set: TestSet, accept: boolean): number {
  const { newlyPassing, regressions } = changesOf(set, readOutcomes());
  for (const name of newlyPassing) say(`+ ${name}`);
  for (const name of regressions) say(`- ${name}`);
  if (accept) acceptPassing(set, newlyPassing);
  say(`${newlyPassing.length} newly passing, ${regressions.length} listed that failed when they last ran`);
  return 0;
}

interface Trial extends Chosen, Pick<Values, "accept" | "limit" | "subset"> {
  readonly set: TestSet;
  /** Those that were chosen from. */
  readonly known: readonly SuiteTest[];
  readonly programs: SuitePrograms;
  readonly procs: number;
  readonly signal: AbortSignal;
}

async function judge(cluster: JudgedCluster, trial: Trial): Promise<number> {
  const { set, known, tests, programs, procs, limit, signal } = trial;
  const reportDirectory = join(cacheDirectory, "results", new Date().toISOString().replace(/[:.]/g, "-"));
  mkdirSync(reportDirectory, { recursive: true });
  say(`${tests.length} of ${known.length} ${set.title}`);
  const began = performance.now();
  const suite = {
    ...programs,
    kubeconfig: cluster.kubeconfig,
    focus: focusOf(tests),
    procs,
    reportDirectory,
    limit,
    signal,
    run: cluster.run,
  };
  const report = await runSuite(suite, say);
  if (signal.aborted) {
    say(`interrupted: nothing is recorded; what the suite said is in ${reportDirectory}`);
    return 130;
  }
  const wallSeconds = (performance.now() - began) / 1000;
  const results = parseJUnit(report);
  const skipped = parseSkipped(report);
  const failed = results.filter(({ passed }) => !passed);
  const requests = new Map<string, readonly string[]>();
  for (const file of cluster.auditLogs())
    for (const [name, lines] of await failingRequests(file, new Set(failed.map(({ name }) => name))))
      requests.set(name, [...(requests.get(name) ?? []), ...lines].slice(-4));
  writeOutcomes(set, results, skipped.keys());
  const changes = changesOf(
    set,
    results.map(({ name, passed }) => [name, passed ? "passed" : "failed"] as const),
  );
  if (trial.accept) acceptPassing(set, changes.newlyPassing);
  const notRun = notRunOf(tests, results).filter((name) => !skipped.has(name));
  const leftOut = new Map([...trial.leftOut, ...skipped]);
  const list = basename(set.passingFile.pathname);
  const summary = summarize({ results, tests: known, requests, changes, notRun, leftOut, list, wallSeconds });
  writeFileSync(join(reportDirectory, "summary.txt"), `${summary}\n`);
  say(`\n${summary}\n\nreport: ${reportDirectory}`);
  if (cluster.log !== undefined) writeFileSync(join(reportDirectory, "cluster.log"), readFileSync(cluster.log));
  if (results.length === 0) throw new Error("no test ran; the end of output.log in the report says why");
  const isBad = changes.regressions.length > 0 || notRun.length > 0 || (trial.subset && failed.length > 0);
  return isBad ? 1 : 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`conformance: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
