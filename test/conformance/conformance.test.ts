// The runner's own tests: what it reads, what it chooses and what it says. The suite itself is run by run.ts.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { failingRequests } from "./audit.ts";
import { parseJUnit, parseSkipped, remarkableEvents } from "./junit.ts";
import { passingNames } from "./records.ts";
import { notRunOf, summarize } from "./report.ts";
import {
  beyondSet,
  choose,
  conformanceSet,
  conformanceTests,
  extraMarksOf,
  focusOf,
  isWanted,
  parseTestList,
  readLines,
  reasonAgainst,
} from "./tests.ts";

const report = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites tests="4" disabled="0" errors="0" failures="1" time="9.1">
  <testsuite name="Kubernetes e2e suite" package="/bin" tests="4">
    <testcase name="[SynchronizedBeforeSuite]" classname="Kubernetes e2e suite" status="passed" time="0.5"></testcase>
    <testcase name="[It] [sig-apps] Job should delete a job [Conformance]" classname="Kubernetes e2e suite" status="passed" time="2.5"></testcase>
    <testcase name="[It] [sig-apps] Other" classname="Kubernetes e2e suite" status="skipped" time="0"><skipped message="skipped"></skipped></testcase>
    <testcase name="[It] [sig-node] Pods should be updated [NodeConformance] [Conformance]" classname="Kubernetes e2e suite" status="failed" time="6.1">
      <failure type="failed">[FAILED] Unexpected error:&#xA;    &lt;*errors.StatusError | 0xc000&gt;: {&#xA;    pods &#34;a&#34; not found&#xA;In [It] at: x.go:1</failure>
      <system-err>At 2026-01-01 00:00:00 +0000 UTC - event for a: {kubelet n} Started: Started container&#xA;At 2026-01-01 00:00:00 +0000 UTC - event for a: {kubelet n} Failed: Error: no such image</system-err>
    </testcase>
  </testsuite>
</testsuites>`;

test("the report's tests are read, those that were left out are not", () => {
  const results = parseJUnit(report);
  assert.deepEqual(
    results.map(({ name, passed, seconds, error }) => ({ name, passed, seconds, error })),
    [
      { name: "[sig-apps] Job should delete a job [Conformance]", passed: true, seconds: 2.5, error: undefined },
      {
        name: "[sig-node] Pods should be updated [NodeConformance] [Conformance]",
        passed: false,
        seconds: 6.1,
        error: 'Unexpected error: pods "a" not found',
      },
    ],
  );
  assert.deepEqual(remarkableEvents(results[1]?.log ?? ""), ["a Failed: Error: no such image"]);
});

test("a failed set-up of the suite is a result", () => {
  const broken = `<testcase name="[SynchronizedBeforeSuite]" status="failed" time="1"><failure type="failed">[FAILED] \ufffd[1mno node is ready\ufffd[0m</failure></testcase>`;
  assert.deepEqual(
    parseJUnit(broken).map(({ name, error }) => [name, error]),
    [["[SynchronizedBeforeSuite]", "no node is ready"]],
  );
});

const event = (fields: object): string => `${JSON.stringify({ verb: "get", requestURI: "/api/v1/x", ...fields })}\n`;

test("requests belong to the test that their agent names, or whose namespace they are in", async () => {
  const directory = mkdtempSync(join(tmpdir(), "t8s-conformance-"));
  try {
    const agent = "e2e.test/v0 (linux/amd64) kubernetes/abc -- [sig-apps] Job should delete a job [Conformance]";
    const failed = { code: 404, message: "not there" };
    const file = join(directory, "audit.log");
    writeFileSync(
      file,
      [
        event({ userAgent: agent, objectRef: { namespace: "job-1" }, responseStatus: { code: 200 } }),
        event({ userAgent: agent, objectRef: { namespace: "job-1" }, responseStatus: failed }),
        event({ userAgent: agent, objectRef: { namespace: "job-1" }, responseStatus: failed }),
        event({ userAgent: "kubectl/v1.36", objectRef: { namespace: "job-1" }, responseStatus: { code: 409 } }),
        event({ userAgent: "kubectl/v1.36", objectRef: { namespace: "job-2" }, responseStatus: { code: 500 } }),
        '{"verb":"get","responseStatus":{"code":5',
      ].join(""),
    );
    const name = "[sig-apps] Job should delete a job [Conformance]";
    const requests = await failingRequests(file, new Set([name]));
    assert.deepEqual([...requests], [[name, ["get /api/v1/x: 404 not there", "get /api/v1/x by kubectl/v1.36: 409 "]]]);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test("tests are chosen by group, text and name; a choice that fits none is refused", () => {
  assert.equal(conformanceTests.length, 446);
  assert.equal(choose({ sig: "apps" }).length, 60);
  const [one] = choose({ sig: "node", focus: "/etc/hosts file" });
  assert.match(`Kubernetes e2e suite ${one?.name}`, new RegExp(focusOf([one!])[0] ?? ""));
  assert.throws(() => choose({ sig: "none" }), /--sig none: there is no such group/);
  assert.throws(() => choose({ names: new Set(["other"]) }), /no test fits/);
});

test("the lists name tests that exist", () => {
  const known = new Set(conformanceTests.map(({ name }) => name));
  const listed = [...passingNames(conformanceSet), ...readLines(new URL("subset.txt", import.meta.url))];
  assert.deepEqual(
    listed.filter((name) => !known.has(name)),
    [],
  );
  assert.deepEqual(
    [...passingNames(beyondSet)].filter((name) => !beyondSet.has(name) || reasonAgainst(name) !== undefined),
    [],
  );
});

test("the suite's own list is read; the marks say what upstream's default job leaves out", () => {
  const names = parseTestList(`The following spec names can be used with 'ginkgo run --focus/skip':
    ../kubernetes@v1.36.3/test/e2e/apps/job.go:73: [sig-apps] Job should run
    ../kubernetes@v1.36.3/test/e2e/apps/job.go:95: [sig-apps] Job runs [FeatureGate:Gate] [Beta]
    ../kubernetes@v1.36.3/test/e2e/apps/job.go:99: [sig-apps] Job waits [Slow] [Serial]
    ../kubernetes@v1.36.3/test/e2e/apps/job.go:111: [sig-apps] Job gangs [FeatureGate:Gang] [Alpha] [Feature:OffByDefault]
    ../kubernetes@v1.36.3/test/e2e/apps/job.go:120: [sig-apps] Job [Feature:PodPriority] preempts

`);
  const wanted = (marks?: string): string[] =>
    names.filter((name) => isWanted(name, extraMarksOf(marks))).map((name) => name.split(" ")[2] ?? "");
  assert.deepEqual(wanted(), ["should", "runs"]);
  assert.deepEqual(wanted("Slow"), ["should", "runs"]);
  assert.deepEqual(wanted("Slow,Serial"), ["should", "runs", "waits"]);
  assert.deepEqual(wanted("Feature"), ["should", "runs", "[Feature:PodPriority]"]);
  assert.deepEqual(wanted("Alpha,Feature:OffByDefault"), ["should", "runs", "gangs"]);
  assert.throws(() => extraMarksOf("Slow,Quick"), /--with Quick: there is no such mark/);
});

test("thousands of tests are chosen by several expressions, none longer than an argument may be", () => {
  const many = Array.from({ length: 2000 }, (_, index) => ({
    name: `[sig-storage] ${"a volume ".repeat(15)}${index}`,
    sig: "storage",
    serial: false,
    upstreamSeconds: undefined,
  }));
  const expressions = focusOf(many);
  assert.ok(expressions.length > 2 && expressions.every(({ length }) => length < 128 * 1024));
  for (const { name } of many.slice(-3))
    assert.ok(expressions.some((each) => new RegExp(each).test(`Kubernetes e2e suite ${name}`)));
});

test("a test that leaves itself out says why; one that was not chosen says nothing", () => {
  const text = `<testcase name="[It] [sig-storage] A" status="skipped" time="0.1"><skipped message="skipped - Driver &#34;x&#34; is off"></skipped></testcase>
    <testcase name="[It] [sig-storage] B" status="skipped" time="0"><skipped message="skipped"></skipped></testcase>`;
  assert.deepEqual([...parseSkipped(text)], [["[sig-storage] A", 'Driver "x" is off']]);
});

test("the summary tells what failed, why and what was asked last", () => {
  const results = parseJUnit(report);
  const never = { name: "[sig-apps] Never [Conformance]", sig: "apps", serial: false, upstreamSeconds: undefined };
  const chosen = [...results.map(({ name }) => ({ ...never, name })), never];
  const text = summarize({
    results,
    tests: conformanceTests,
    requests: new Map([[results[1]?.name ?? "", ["get /api/v1/x: 404 not there"]]]),
    changes: { newlyPassing: [], regressions: [results[1]?.name ?? ""] },
    notRun: notRunOf(chosen, results),
    leftOut: new Map([["[sig-storage] Left", "volumes of a cloud"]]),
    list: "passing.txt",
    wallSeconds: 60,
  });
  for (const part of [
    /^apps +1 +0 +3$/m,
    /^all +1 +1 +9$/m,
    /regressions \(listed in passing\.txt\)\n {2}\[sig-node\]/,
    /1 {2}volumes of a cloud: \[sig-storage\] Left$/m,
    / 1 {2}Unexpected error: pods "…" not found/,
    /did not run.*\n {2}\[sig-apps\] Never \[Conformance\]$/m,
    /request: get \/api\/v1\/x: 404 not there/,
    /event: a Failed: Error: no such image/,
  ])
    assert.match(text, part);
});
