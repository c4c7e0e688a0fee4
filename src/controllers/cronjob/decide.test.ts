import assert from "node:assert/strict";
import { test } from "node:test";
import { deepFreeze, formatTime } from "../../machinery/index.ts";
import { at, meta } from "../lib/testing.ts";
import { type CronJob, decide, type Job, type Status } from "./decide.ts";

const cronJob = (spec: Partial<CronJob["spec"]> = {}, status: Status = {}): CronJob =>
  ({
    apiVersion: "batch/v1",
    kind: "CronJob",
    metadata: meta("c"),
    spec: { schedule: "*/10 * * * *", concurrencyPolicy: "Allow", jobTemplate: {}, ...spec },
    status,
  }) as CronJob;

const job = (name: string, end?: "Complete" | "Failed", seconds = 0): Job =>
  ({
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: meta(name),
    spec: {},
    status: {
      startTime: formatTime(at(seconds)),
      ...(end ? { conditions: [{ type: end, status: "True" }] } : {}),
      ...(end === "Complete" ? { completionTime: formatTime(at(seconds + 5)) } : {}),
    },
  }) as Job;

const active = (name: string) => ({ kind: "Job", namespace: "ns", name, uid: `uid-${name}` });
const run = (cron: CronJob, seconds: number, jobs: readonly Job[] = [], missing: readonly string[] = []) =>
  decide(deepFreeze({ cronJob: cron, jobs, missing: new Set(missing), nowMs: at(seconds) }));

test("before the first time nothing starts; the next look is a little after it", () => {
  const plan = run(cronJob(), 30);
  assert.equal(plan.start, undefined);
  assert.equal(plan.againMs, 570_100);
});

test("a time that is due starts one job with a name of its own", () => {
  const plan = run(cronJob(), 601);
  assert.equal(plan.start?.scheduledMs, at(600));
  assert.equal(plan.start?.name, `c-${at(600) / 60_000}`);
  assert.equal(run(cronJob({}, { lastScheduleTime: formatTime(at(600)) }), 601).start, undefined);
});

const refusals: readonly [string, Partial<CronJob["spec"]>, Status, number, string | undefined][] = [
  ["suspended", { suspend: true }, {}, 601, undefined],
  ["too late", { startingDeadlineSeconds: 5 }, {}, 610, undefined],
  [
    "forbidden",
    { concurrencyPolicy: "Forbid" },
    { active: [active("x")] },
    601,
    "Not starting job because prior execution is running and concurrency policy is Forbid",
  ],
  [
    "unknown zone",
    { timeZone: "Mars/Olympus" },
    {},
    601,
    'invalid timeZone: "Mars/Olympus": unknown time zone Mars/Olympus',
  ],
  ["bad schedule", { schedule: "x" }, {}, 601, 'unparseable schedule: "x" : expected exactly 5 fields, found 1: [x]'],
];
for (const [name, spec, status, seconds, message] of refusals)
  test(`no job: ${name}`, () => {
    const plan = run(cronJob(spec, status), seconds, [job("x")]);
    assert.equal(plan.start, undefined);
    if (message !== undefined)
      assert.ok(
        plan.told.some((told) => told.message === message),
        JSON.stringify(plan.told),
      );
  });

test("replace names what has to go first", () => {
  const plan = run(cronJob({ concurrencyPolicy: "Replace" }, { active: [active("x")] }), 601, [job("x")]);
  assert.deepEqual(
    plan.start?.replace.map((each) => each.name),
    ["x"],
  );
});

test("of many missed times the last is served, and told of", () => {
  const plan = run(cronJob(), 600 * 150 + 1);
  assert.equal(plan.start?.scheduledMs, at(600 * 150));
  assert.ok(plan.told.some((told) => told.reason === "TooManyMissedTimes"));
});

test("a schedule of days that do not exist is told of once, and not looked at again", () => {
  const plan = run(cronJob({ schedule: "59 23 31 2 *" }), 601);
  assert.equal(plan.start, undefined);
  assert.equal(plan.againMs, undefined);
  assert.deepEqual(plan.told, [
    {
      type: "Warning",
      reason: "InvalidSchedule",
      message: "invalid schedule: 59 23 31 2 * : time difference between two schedules is less than 1 second",
    },
  ]);
});

test("finished jobs leave the active list and set the last success", () => {
  const status = { active: [active("a"), active("b"), active("gone")], lastScheduleTime: formatTime(at(0)) };
  const plan = run(cronJob({}, status), 30, [job("a", "Complete", 10), job("b"), job("foreign")], ["uid-gone"]);
  assert.deepEqual(
    plan.status.active?.map((each) => each.name),
    ["b"],
  );
  assert.equal(plan.status.lastSuccessfulTime, formatTime(at(15)));
  assert.deepEqual(
    plan.told.map((told) => told.message),
    [
      "Saw completed job: a, condition: Complete",
      "Saw a job that the controller did not create or forgot: foreign",
      "Active job went missing: gone",
    ],
  );
});

test("history limits take the oldest of each kind", () => {
  const jobs = [1, 2, 3].flatMap((n) => [job(`ok${n}`, "Complete", n), job(`bad${n}`, "Failed", n)]);
  const plan = run(cronJob({ successfulJobsHistoryLimit: 1, failedJobsHistoryLimit: 2 }), 30, jobs);
  assert.deepEqual(
    plan.expired.map((each) => each.metadata.name),
    ["ok1", "ok2", "bad1"],
  );
});
