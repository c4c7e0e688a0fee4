// `npm run conformance`: upstream's own end-to-end suite, unmodified, against a cluster of ours. docs/conformance.md says how to use it.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { commandLine } from "../../tools/command-line.ts";
import { needContainers } from "../../tools/needs.ts";
import { failingRequests } from "./audit.ts";
import { durationOf, existingCluster, type JudgedCluster, runSuite, startCluster } from "./cluster.ts";
import { parseJUnit } from "./junit.ts";
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
import { type Choice, type ConformanceTest, choose, conformanceTests, focusOf, readLines } from "./tests.ts";

const usage = `Runs upstream's conformance suite, unmodified, against a cluster of ours.

Usage: npm run conformance -- [flags]

  --sig NAME         only the tests of a group: apps, node, network, …
  --focus TEXT       only tests whose name has this text
  --failed           only what failed when it last ran, or has not run yet
  --listed           only what passing.txt lists
  --subset           a few of every group, in at most five minutes
  --if-built         end at once with success when the suite is not built
  --changed-list     run nothing: show what differs from passing.txt
  --accept           add what newly passes to passing.txt (without a run: from the last ones)
  --procs N          tests at once (default 4)
  --nodes N          nodes of the cluster (default 2)
  --name NAME        name of the cluster (default conformance)
  --keep             leave the cluster running
  --kubeconfig FILE  judge this cluster instead of starting one
  --audit-log FILE   that cluster's audit log, with its policy's user agents and responses
  --e2e-test FILE    use this e2e.test instead of building it; ginkgo and kubectl are looked for beside it
  --limit DURATION   end the suite after this time (default 3h)
`;

const options = {
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
  kubeconfig: { type: "string" },
  "audit-log": { type: "string" },
  "e2e-test": { type: "string" },
  limit: { type: "string", default: "3h" },
} as const;

type Values = ReturnType<typeof commandLine<typeof options>>["values"];

const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function main(): Promise<number> {
  const { values } = commandLine(options, { usage });
  if (values["changed-list"] || (values.accept && !choosesTests(values))) return showChanges(values.accept);
  if (values["if-built"] && values["e2e-test"] === undefined && !programsAreBuilt()) {
    say("skipped: upstream's suite is not built; npm run conformance builds it");
    return 0;
  }
  const tests = choose(choiceOf(values));
  const sizes = {
    procs: Math.min(count(values.procs, "procs"), tests.length),
    nodes: count(values.nodes, "nodes"),
    limit: durationOf(values.limit),
  };
  if (values.kubeconfig === undefined) needContainers("npm run conformance", say);
  if (values["e2e-test"] === undefined) buildPrograms(say);
  const programs = values["e2e-test"] === undefined ? builtPrograms() : programsBeside(values["e2e-test"]);
  if (programs.ginkgo === undefined) say("there is no ginkgo: tests run one after the other");
  const stopping = new AbortController();
  const { signal } = stopping;
  // The suite ends first, then the cluster.
  const stop = (): void => stopping.abort(new Error("interrupted"));
  for (const each of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(each, stop);
  const { name, keep } = values;
  const cluster =
    values.kubeconfig === undefined
      ? await startCluster({ name, nodes: sizes.nodes, keep, say, signal })
      : existingCluster(values.kubeconfig, values["audit-log"]);
  try {
    return await judge(cluster, { ...values, ...sizes, tests, programs, signal });
  } finally {
    cluster.end();
  }
}

const choosesTests = ({ sig, focus, failed, listed, subset }: Values): boolean =>
  sig !== undefined || focus !== undefined || failed || listed || subset;

function count(text: string, flag: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${flag} ${text}: give a number from 1 on`);
  return value;
}

function choiceOf({ sig, focus, failed, listed, subset }: Values): Choice {
  const lists: ReadonlySet<string>[] = [];
  if (failed) {
    const outcomes = readOutcomes();
    const open = conformanceTests.filter(({ name }) => outcomes.get(name) !== "passed");
    if (open.length === 0) throw new Error("--failed: every test passed when it last ran");
    lists.push(new Set(open.map(({ name }) => name)));
  }
  if (listed) lists.push(passingNames());
  if (subset) lists.push(new Set(readLines(new URL("subset.txt", import.meta.url))));
  const [first, ...others] = lists;
  const names = first && new Set([...first].filter((name) => others.every((other) => other.has(name))));
  return { sig, focus, names };
}

function showChanges(accept: boolean): number {
  const { newlyPassing, regressions } = changesOf(readOutcomes());
  for (const name of newlyPassing) say(`+ ${name}`);
  for (const name of regressions) say(`- ${name}`);
  if (accept) acceptPassing(newlyPassing);
  say(`${newlyPassing.length} newly passing, ${regressions.length} listed that failed when they last ran`);
  return 0;
}

interface Trial extends Pick<Values, "accept" | "limit" | "subset"> {
  readonly tests: readonly ConformanceTest[];
  readonly programs: SuitePrograms;
  readonly procs: number;
  readonly signal: AbortSignal;
}

async function judge(cluster: JudgedCluster, trial: Trial): Promise<number> {
  const { tests, programs, procs, limit, signal } = trial;
  const reportDirectory = join(cacheDirectory, "results", new Date().toISOString().replace(/[:.]/g, "-"));
  mkdirSync(reportDirectory, { recursive: true });
  say(`${tests.length} of ${conformanceTests.length} tests`);
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
  const results = parseJUnit(await runSuite(suite, say));
  if (signal.aborted) {
    say(`interrupted: nothing is recorded; what the suite said is in ${reportDirectory}`);
    return 130;
  }
  const wallSeconds = (performance.now() - began) / 1000;
  const failed = results.filter(({ passed }) => !passed);
  const requests = new Map<string, readonly string[]>();
  for (const file of cluster.auditLogs())
    for (const [name, lines] of await failingRequests(file, new Set(failed.map(({ name }) => name))))
      requests.set(name, [...(requests.get(name) ?? []), ...lines].slice(-4));
  writeOutcomes(results);
  const changes = changesOf(results.map(({ name, passed }) => [name, passed ? "passed" : "failed"] as const));
  if (trial.accept) acceptPassing(changes.newlyPassing);
  const notRun = notRunOf(tests, results);
  const summary = summarize({ results, tests: conformanceTests, requests, changes, notRun, wallSeconds });
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
