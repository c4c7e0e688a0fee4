import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { deepFreeze } from "../../machinery/index.ts";
import { at, makePod, meta, type PodMaking } from "../lib/testing.ts";
import { account, countUntracked, finish, type Status } from "./account.ts";
import { nextRecord, noFailures, remainingMs } from "./backoff.ts";
import { reachedCompletions } from "./conditions.ts";
import { assess, manage, type Observed } from "./decide.ts";
import {
  firstFree,
  formatIntervals,
  fromIndexes,
  includes,
  merge,
  overlap,
  parseIntervals,
  total,
} from "./intervals.ts";
import { isTracked, type Job, type Pod, podFor, trackingFinalizer } from "./pods.ts";

const makeJob = (
  spec: Partial<NonNullable<Job["spec"]>> = {},
  status: Status = { startTime: "2026-01-01T00:00:00Z" },
): Job =>
  ({
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: meta("j"),
    spec: {
      completions: 3,
      parallelism: 2,
      backoffLimit: 6,
      template: { spec: { containers: [], restartPolicy: "Never" } },
      ...spec,
    },
    status,
  }) as Job;

const pod = (name: string, options: PodMaking & { index?: number; failures?: number } = {}): Pod => {
  const { index, failures = 0, ...rest } = options;
  const annotations: Record<string, string> =
    index === undefined
      ? {}
      : {
          "batch.kubernetes.io/job-completion-index": String(index),
          "batch.kubernetes.io/job-index-failure-count": String(failures),
        };
  return makePod(name, { finalizers: [trackingFinalizer], annotations, ...rest });
};

const look = (job: Job, pods: readonly Pod[] = [], more: Partial<Observed> = {}) =>
  assess(deepFreeze({ job, pods, untracked: new Set<string>(), backoff: noFailures, nowMs: at(100), ...more }));

const ended = { phase: "Succeeded" } as const;
const failed = (exitCode = 1): PodMaking => ({ phase: "Failed", exitCode });

const verdicts: readonly [string, Job, readonly Pod[], string | undefined][] = [
  ["goes on", makeJob(), [pod("a"), pod("b", failed())], undefined],
  [
    "back-off limit",
    makeJob({ backoffLimit: 1 }),
    [pod("a", failed()), pod("b", failed())],
    "Job has reached the specified backoff limit",
  ],
  ["deadline", makeJob({ activeDeadlineSeconds: 100 }), [], "Job was active longer than specified deadline"],
  ["suspended jobs have no deadline", makeJob({ activeDeadlineSeconds: 1, suspend: true }), [], undefined],
  [
    "failure policy",
    makeJob({
      podFailurePolicy: { rules: [{ action: "FailJob", onExitCodes: { operator: "In", values: [42] } }] },
    }),
    [pod("a", failed(42))],
    "Container c for pod ns/a failed with exit code 42 matching FailJob rule at index 0",
  ],
  [
    "ignored failures do not count",
    makeJob({
      backoffLimit: 0,
      podFailurePolicy: { rules: [{ action: "Ignore", onPodConditions: [{ type: "Ready", status: "False" }] }] },
    }),
    [pod("a", failed())],
    undefined,
  ],
  [
    "restarts count where containers are restarted",
    makeJob({ backoffLimit: 2, template: { spec: { containers: [], restartPolicy: "OnFailure" } } }),
    [pod("a", { restarts: 2 })],
    "Job has reached the specified backoff limit",
  ],
  [
    "failed indexes",
    makeJob({ completions: 2, completionMode: "Indexed", backoffLimitPerIndex: 0 }),
    [pod("a", { ...failed(), index: 0 }), pod("b", { ...ended, index: 1 })],
    "Job has failed indexes",
  ],
  [
    "too many failed indexes",
    makeJob({ completions: 5, completionMode: "Indexed", backoffLimitPerIndex: 0, maxFailedIndexes: 0 }),
    [pod("a", { ...failed(), index: 0 })],
    "Job has exceeded the specified maximal number of failed indexes",
  ],
  [
    "success policy",
    makeJob({
      completions: 5,
      completionMode: "Indexed",
      successPolicy: { rules: [{ succeededIndexes: "3" }, { succeededIndexes: "0-2", succeededCount: 1 }] },
    }),
    [pod("a", { ...ended, index: 1 })],
    "Matched rules at index 1",
  ],
];
for (const [name, job, pods, message] of verdicts)
  test(`verdict: ${name}`, () => {
    assert.equal(look(job, pods).verdict?.message, message);
  });

const managements: readonly [string, Job, readonly Pod[], unknown][] = [
  ["fills up to parallelism", makeJob(), [pod("a")], { do: "create", indexes: [undefined] }],
  ["no more than is left to do", makeJob(), [pod("a", ended), pod("b", ended), pod("c")], { do: "nothing" }],
  ["a work queue stops after a success", makeJob({ completions: undefined }), [pod("a", ended)], { do: "nothing" }],
  [
    "waits after a failure",
    makeJob(),
    [pod("a", { ...failed(), finishedAt: "2026-01-01T00:01:38Z" }), pod("b")],
    { do: "nothing", againMs: 8000 },
  ],
  ["suspended jobs have no pods", makeJob({ suspend: true }), [pod("a")], ["a"]],
  ["too many go", makeJob({ parallelism: 1 }), [pod("a", { ready: false }), pod("b")], ["a"]],
  [
    "indexes that are free",
    makeJob({ completions: 5, parallelism: 3, completionMode: "Indexed" }),
    [pod("a", { ...ended, index: 0 }), pod("b", { index: 2 })],
    { do: "create", indexes: [1, 3] },
  ],
  [
    "doubled indexes and those beyond the end go",
    makeJob({ completions: 2, parallelism: 2, completionMode: "Indexed" }),
    [pod("a", { index: 0 }), pod("b", { index: 0, ready: false }), pod("c", { index: 7 })],
    ["b", "c"],
  ],
];
for (const [name, job, pods, expected] of managements)
  test(`pods: ${name}`, () => {
    const management = manage(look(job, pods));
    if (Array.isArray(expected)) {
      assert.ok(management.do === "delete");
      assert.deepEqual(management.pods.map((each) => each.metadata.name).sort(), expected);
    } else assert.deepEqual(management, expected);
  });

test("an indexed pod knows its index, and how often its index has failed", () => {
  const job = makeJob({
    completionMode: "Indexed",
    backoffLimitPerIndex: 3,
    template: { spec: { containers: [{ name: "c", image: "i" }] } },
  });
  const { template, generateName } = podFor(job, 1, pod("a", { ...failed(), index: 1, failures: 1 }));
  assert.equal(generateName, "j-1-");
  assert.equal(template.spec?.hostname, "j-1");
  assert.equal(template.metadata?.annotations?.["batch.kubernetes.io/job-index-failure-count"], "2");
  assert.equal(template.metadata?.labels?.["batch.kubernetes.io/job-completion-index"], "1");
  assert.deepEqual(template.metadata?.finalizers, [trackingFinalizer]);
  assert.deepEqual(template.spec?.containers[0]?.env, [
    {
      name: "JOB_COMPLETION_INDEX",
      valueFrom: { fieldRef: { fieldPath: "metadata.labels['batch.kubernetes.io/job-completion-index']" } },
    },
  ]);
});

test("the back-off doubles with each failure and ends with a success", () => {
  const one = nextRecord(noFailures, [], [pod("a", failed())]);
  assert.equal(remainingMs(one, at(4)), 6000);
  const three = nextRecord(
    one,
    [],
    [pod("b", failed()), pod("c", { ...failed(), finishedAt: "2026-01-01T00:00:10Z" })],
  );
  assert.equal(remainingMs(three, at(10)), 40_000);
  assert.equal(remainingMs({ failures: 100, lastFailureMs: at(0) }, at(0)), 600_000);
  assert.deepEqual(
    nextRecord(three, [pod("d", { ...ended, exitCode: 0, finishedAt: "2026-01-01T00:01:00Z" })], []),
    noFailures,
  );
});

test("intervals: text, union, gaps", () => {
  const indexes = fc.array(fc.nat(30), { maxLength: 20 });
  fc.assert(
    fc.property(indexes, indexes, fc.nat(20), (a, b, count) => {
      const [x, y] = [fromIndexes(a), fromIndexes(b)];
      const union = merge(x, y);
      const all = new Set([...a, ...b]);
      assert.equal(total(union), all.size);
      for (let index = 0; index < 32; index++) assert.equal(includes(union, index), all.has(index));
      assert.deepEqual(parseIntervals(formatIntervals(union), 100), union);
      assert.equal(overlap(x, y), new Set(a.filter((each) => b.includes(each))).size);
      const free = firstFree(union, count, 32);
      const expected = Array.from({ length: 32 }, (_, index) => index).filter((index) => !all.has(index));
      assert.deepEqual(free, expected.slice(0, count));
    }),
  );
  assert.equal(formatIntervals(fromIndexes([0, 1, 3, 4, 5, 7])), "0,1,3-5,7");
  assert.deepEqual(parseIntervals("0,x,2-9", 5), [
    { first: 0, last: 0 },
    { first: 2, last: 4 },
  ]);
});

test("whatever the order of crashes, each finished pod is counted once", () => {
  const outcome = fc.constantFrom("Succeeded", "Failed");
  const crash = fc.constantFrom(
    "none",
    "before status",
    "after status",
    "after some finalizers",
    "before the last status",
  );
  fc.assert(
    fc.property(
      fc.array(outcome, { minLength: 1, maxLength: 8 }),
      fc.array(crash, { maxLength: 12 }),
      (outcomes, crashes) => {
        const job = makeJob({ completions: outcomes.length, parallelism: outcomes.length, backoffLimit: 100 });
        let status: Status = job.status!;
        let pods = outcomes.map((phase, index) => pod(`p${index}`, phase === "Failed" ? failed() : { phase }));
        const untrack = (gone: readonly Pod[]): void => {
          pods = pods.map((each) =>
            gone.includes(each) ? { ...each, metadata: { ...each.metadata, finalizers: [] } } : each,
          );
        };
        for (const each of [...crashes, "none", "none"]) {
          const view = look({ ...job, status }, pods);
          const found = account(view, status, undefined);
          if (each === "before status") continue;
          status = found.status;
          if (each === "after status") continue;
          const gone = each === "after some finalizers" ? found.untrack.slice(0, 1) : found.untrack;
          untrack(gone);
          for (const one of gone) found.tracked.delete(one.metadata.uid ?? "");
          if (each !== "none") continue;
          status = countUntracked(status, found.tracked);
        }
        const count = (phase: string): number => outcomes.filter((one) => one === phase).length;
        assert.deepEqual([status.succeeded ?? 0, status.failed ?? 0], [count("Succeeded"), count("Failed")]);
        assert.deepEqual(status.uncountedTerminatedPods, {});
        assert.ok(pods.every((each) => !isTracked(each)));
      },
    ),
    { numRuns: 200 },
  );
});

test("a job is finished when all is counted and no pod is ending", () => {
  const nowMs = at(100);
  const done: Status = { uncountedTerminatedPods: {} };
  const finished = finish(done, { verdict: reachedCompletions, terminating: 0, nowMs });
  assert.equal(finished?.conditions?.[0]?.type, "Complete");
  assert.equal(finished?.completionTime, "2026-01-01T00:01:40Z");
  assert.equal(finish(done, { verdict: reachedCompletions, terminating: 1, nowMs }), undefined);
  assert.equal(
    finish({ uncountedTerminatedPods: { failed: ["u"] } }, { verdict: reachedCompletions, terminating: 0, nowMs }),
    undefined,
  );
  assert.equal(finish(done, { verdict: undefined, terminating: 0, nowMs }), undefined);
});
